import * as z from 'zod/mini';
import { Sha256Schema } from './digest.ts';
import { DomainError } from './errors.ts';
import type { JsonObject } from './json.ts';
import { JsonValue, parseWith } from './schema.ts';

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';

/** More subjects than this are attested as a collection: one transaction indexes each of them. */
export const MAX_DIGESTS = 64;

/** DigestSet (in-toto attestation spec v1.2): algorithm -> lower-case value; sha256 is the one that Countersign indexes. */
const DigestSetSchema = z
  .looseObject({ sha256: Sha256Schema })
  .check(z.refine((set) => Object.keys(set).length <= 32, 'holds at most 32 digests'));

/** ResourceDescriptor as a subject. Strict like protobuf JSON: sigstore-go refuses unknown fields at this level. */
const SubjectSchema = z.strictObject({
  name: z.optional(z.string().check(z.maxLength(1024))),
  uri: z.optional(z.string().check(z.maxLength(2048))),
  digest: DigestSetSchema,
  content: z.optional(z.string()),
  downloadLocation: z.optional(z.string().check(z.maxLength(2048))),
  mediaType: z.optional(z.string().check(z.maxLength(255))),
  annotations: z.optional(z.record(z.string(), JsonValue)),
});

const StatementSchema = z.strictObject({
  _type: z.literal(
    STATEMENT_TYPE,
    `must be ${STATEMENT_TYPE} (cosign attest-blob writes v0.1 unless it is given --statement)`,
  ),
  subject: z
    .array(SubjectSchema)
    .check(z.minLength(1, 'must not be empty'), z.maxLength(MAX_DIGESTS, `holds at most ${MAX_DIGESTS} subjects`)),
  predicateType: z.string().check(z.minLength(1), z.maxLength(512)),
  predicate: z.record(z.string(), JsonValue),
});

export interface Subject {
  readonly name?: string | undefined;
  readonly digest: { readonly sha256: string };
}

export interface Statement {
  readonly subject: readonly Subject[];
  readonly predicateType: string;
  readonly predicate: JsonObject;
}

/**
 * in-toto Statement v1, as strict as sigstore-go.
 *
 * @throws DomainError STATEMENT_INVALID or DIGEST_INVALID, the pointer being inside the statement
 */
export function parseStatement(value: unknown): Statement {
  const statement = parseWith(StatementSchema, value, 'STATEMENT_INVALID');
  for (const [index, subject] of statement.subject.entries()) {
    for (const [algorithm, digest] of Object.entries(subject.digest)) {
      if (typeof digest !== 'string' || !/^[0-9a-f]+$/.test(digest)) {
        throw new DomainError('STATEMENT_INVALID', `the ${algorithm} digest must be lower-case hexadecimal`, {
          pointer: `/subject/${index}/digest/${algorithm}`,
        });
      }
    }
  }
  return statement;
}

/** A statement that we make, to be written canonically. */
export function statementJson(
  subject: readonly { readonly name?: string; readonly digest: { readonly sha256: string } }[],
  predicateType: string,
  predicate: object,
): object {
  return { _type: STATEMENT_TYPE, subject, predicateType, predicate };
}
