import * as z from 'zod/mini';
import { ENVIRONMENTS, OwnPredicate } from '../contracts/predicates.ts';
import { Sha256Schema } from './digest.ts';
import { parseWith } from './schema.ts';
import type { Statement } from './statement.ts';

/** Who was authenticated by AWS, as API Gateway saw it. `session` is the caller's own choice and proves nothing. */
const CallerSchema = z.strictObject({
  name: z.string(),
  account: z.string(),
  unique_id: z.string(),
  arn: z.string(),
  session: z.optional(z.string()),
});
export type ReceiptPrincipal = z.output<typeof CallerSchema>;

/** Predicate of `https://countersign.dev/receipt/v1`. */
export const ReceiptSchema = z.strictObject({
  evidence: z.strictObject({
    sha256: Sha256Schema,
    size: z.int().check(z.nonnegative()),
    media_type: z.string(),
    kind: z.enum(['attestation', 'artifact']),
  }),
  /** RFC 3339 in UTC, milliseconds; the only time that rules rely on. */
  received_at: z.string(),
  principal: CallerSchema,
  /** Null for an artifact, whose bytes nobody signs, and for an unsigned manifest. */
  verified_key: z.nullable(
    z.strictObject({
      keyid: Sha256Schema,
      revision: z.int().check(z.positive()),
      algorithm: z.string(),
      role: z.string(),
    }),
  ),
  statement: z.nullable(z.strictObject({ identity: Sha256Schema, predicate_type: z.string() })),
  storage: z.strictObject({
    key: z.string(),
    version_id: z.string(),
    retain_until: z.string(),
    lock_mode: z.enum(['COMPLIANCE', 'GOVERNANCE']),
  }),
  environment: z.enum(ENVIRONMENTS).check(z.describe('What the evidence speaks for; decides how long it is kept')),
  flags: z.array(z.enum(['late', 'unsigned'])),
  stage: z.string().check(z.describe('Deployment stage of the control plane that countersigned')),
});

export type Receipt = z.output<typeof ReceiptSchema>;

/** @throws DomainError PREDICATE_INVALID when the statement is no receipt */
export function parseReceipt(statement: Statement): Receipt {
  parseWith(z.literal(OwnPredicate.receipt), statement.predicateType, 'PREDICATE_INVALID', '/predicateType');
  return parseWith(ReceiptSchema, statement.predicate, 'PREDICATE_INVALID', '/predicate');
}
