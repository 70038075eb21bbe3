import { GATE_VERIFIER, OwnPredicate, Predicate, SUBMITTABLE, VERDICTS_FIELD } from '../contracts/predicates.ts';
import { decodeBase64 } from './base64.ts';
import { BUNDLE_MEDIA_TYPE, parseBundle } from './bundle.ts';
import { canonicalBytes } from './canonical.ts';
import { sha256Hex } from './digest.ts';
import { parseEnvelope, preAuthEncoding, type SignedPayload } from './dsse.ts';
import { DomainError } from './errors.ts';
import { isJsonObject, type Json, type JsonObject, parseStrictJson, toPointer } from './json.ts';
import { checkManifestSubjects, type Manifest, manifestFlow, manifestSubjects, parseManifest } from './manifest.ts';
import { MAX_DIGESTS, parseStatement, type Statement, type Subject } from './statement.ts';

/** Largest body of a manifest or attestation, in bytes. */
export const MAX_SUBMISSION_BYTES = 1024 * 1024;

/** One transaction writes all index entries, and holds 100 items. */
const MAX_COMMITS = 16;
const MAX_MODEL_NAMES = 8;
const MAX_ATTRIBUTE_LENGTH = 256;

/** All attributes together; each entry repeats them, and a transaction holds 4 MB. */
const MAX_ATTRIBUTE_BYTES = 16 * 1024;

/** Which of the two endpoints the bytes came to; `any` for bytes that were accepted before. */
export type Endpoint = 'manifests' | 'attestations' | 'any';

/** The three forms that are accepted, and a plain manifest without a signature, which only some stages may allow. */
export type SubmissionForm = 'sigstore-bundle' | 'dsse' | 'manifest' | 'unsigned';

/** What the index and the rules need of a submission, whatever its predicate. */
export interface Content {
  readonly predicateType: string;
  /** As it was signed. */
  readonly predicate: JsonObject;
  /** Only of a manifest. */
  readonly manifest: Manifest | undefined;
  readonly subjects: readonly Subject[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly mentions: readonly string[];
  readonly commits: readonly string[];
  readonly runIds: readonly string[];
  /** SCAI attributes that are asserted. */
  readonly attributes: readonly string[];
  /** PASSED, WARNED or FAILED of a test result or a verification summary. */
  readonly result: string | undefined;
  /** Names of models that something is asserted for. */
  readonly forModels: readonly string[];
  /** URI of the scanner, of a scan. */
  readonly scanner: string | undefined;
}

export interface Submission {
  readonly form: SubmissionForm;
  /** Exactly what was sent; this is what is stored. */
  readonly bytes: Buffer;
  /** Digest of `bytes`: the identity of the evidence. */
  readonly sha256: string;
  readonly mediaType: string;
  readonly signature:
    | { readonly message: Buffer; readonly bytes: Buffer; readonly keyHint: string | undefined }
    | undefined;
  readonly content: Content;
}

/**
 * Parses what a producer sent to the manifest endpoint or the attestation endpoint, down to the predicate.
 * Nothing is verified yet: until {@link Submission.signature} is, every field is hostile.
 *
 * @throws DomainError for each way in which the bytes can be wrong
 */
export async function parseSubmission(bytes: Buffer, endpoint: Endpoint): Promise<Submission> {
  if (bytes.length === 0) throw new DomainError('BODY_EMPTY', 'send a signed manifest or attestation as the body');
  if (bytes.length > MAX_SUBMISSION_BYTES) {
    throw new DomainError(
      'BODY_TOO_LARGE',
      `the body has ${bytes.length} bytes; at most ${MAX_SUBMISSION_BYTES} are accepted`,
      {
        hint: 'store large documents as artifacts and mention their sha256',
      },
    );
  }
  const document = parseStrictJson(bytes);
  if (!isJsonObject(document)) {
    throw new DomainError('SCHEMA_INVALID', 'the body must be a JSON object', { pointer: '' });
  }
  if (document.mediaType !== undefined || document.verificationMaterial !== undefined) {
    return await enveloped(bytes, 'sigstore-bundle', BUNDLE_MEDIA_TYPE, parseBundle(document), endpoint);
  }
  if (document.payloadType !== undefined || document.signatures !== undefined) {
    return await enveloped(bytes, 'dsse', 'application/vnd.dsse.envelope.v1+json', parseEnvelope(document), endpoint);
  }
  if (endpoint === 'attestations') {
    throw new DomainError('BUNDLE_INVALID', 'the body is neither a Sigstore bundle nor a DSSE envelope', {
      pointer: '',
      hint: 'a plain manifest goes to POST /v1/manifests',
    });
  }
  return plain(bytes, document);
}

/** Identity of what was stated: the digest of the signed bytes, together with the key. See docs/formats.md. */
export function statementIdentity(message: Uint8Array, keyid: string): string {
  return sha256Hex(`countersign-statement/v1\n${sha256Hex(message)}\n${keyid}\n`);
}

async function enveloped(
  bytes: Buffer,
  form: SubmissionForm,
  mediaType: string,
  signed: SignedPayload,
  endpoint: Endpoint,
): Promise<Submission> {
  const statement = parseStatement(parseStrictJson(signed.payload));
  checkAccepted(statement, endpoint);
  return {
    form,
    bytes,
    sha256: sha256Hex(bytes),
    mediaType,
    signature: {
      message: preAuthEncoding(signed.payloadType, signed.payload),
      bytes: signed.signature,
      keyHint: signed.keyHint,
    },
    content: await statementContent(statement),
  };
}

function checkAccepted({ predicateType, predicate }: Statement, endpoint: Endpoint): void {
  const pointer = '/predicateType';
  if (Object.values<string>(OwnPredicate).includes(predicateType)) {
    throw new DomainError('PREDICATE_UNSUPPORTED', `${predicateType} is written by the control plane only`, {
      pointer,
    });
  }
  const posing = endpoint === 'any' ? undefined : posesAsDecision(predicate);
  if (posing) {
    throw new DomainError('PREDICATE_UNSUPPORTED', 'decisions of gates are written by the control plane only', {
      pointer: `/predicate${toPointer(posing)}`,
    });
  }
  if (!SUBMITTABLE.some((accepted) => accepted === predicateType)) {
    throw new DomainError(
      'PREDICATE_UNSUPPORTED',
      `${JSON.stringify(predicateType)} is not an accepted predicate type`,
      {
        pointer,
        hint: `accepted: ${SUBMITTABLE.join(', ')}`,
      },
    );
  }
  if (endpoint === 'manifests' && predicateType !== Predicate.manifest) {
    throw new DomainError('PREDICATE_UNSUPPORTED', `this endpoint takes ${Predicate.manifest}`, {
      pointer,
      hint: 'send other predicates to POST /v1/attestations',
    });
  }
}

/** @returns the path of what makes a producer's statement look like a decision of ours */
function posesAsDecision(predicate: JsonObject): readonly string[] | undefined {
  if (Object.hasOwn(predicate, VERDICTS_FIELD)) return [VERDICTS_FIELD];
  const { verifier } = predicate;
  return isJsonObject(verifier ?? null) && Object(verifier).id === GATE_VERIFIER ? ['verifier', 'id'] : undefined;
}

/** Reads what a verified or to be verified statement says. */
export async function statementContent(statement: Statement): Promise<Content> {
  if (statement.predicateType === Predicate.manifest) {
    const manifest = parseManifest(statement.predicate, '/predicate');
    checkManifestSubjects(statement, manifest);
    return manifestContent(manifest, statement.subject, statement.predicate);
  }
  // Loaded when the first one comes: most submissions are manifests, and a cold start need not pay for the others.
  const { validatePredicate } = await import('./predicates/index.ts');
  const read = await validatePredicate(statement.predicateType, statement.predicate, statement.subject);
  const subjects = statement.subject.map(({ digest }) => digest.sha256);
  const mentions = [...new Set([...subjects, ...read.outputs, ...read.inputs, ...read.mentions])];
  bound(mentions.length, MAX_DIGESTS, 'digests');
  bound(read.commits.length, MAX_COMMITS, 'commits');
  const { forModels = [] } = read;
  bound(forModels.length, MAX_MODEL_NAMES, 'names of models');
  bound(read.attributes.length, MAX_DIGESTS, 'attributes');
  bound(
    Math.max(0, ...read.attributes.map(({ length }) => length)),
    MAX_ATTRIBUTE_LENGTH,
    'characters in an attribute',
  );
  bound(Buffer.byteLength(read.attributes.join('')), MAX_ATTRIBUTE_BYTES, 'bytes of attributes');
  return {
    predicateType: statement.predicateType,
    predicate: statement.predicate,
    manifest: undefined,
    subjects: statement.subject,
    inputs: read.inputs,
    outputs: read.outputs,
    mentions,
    commits: read.commits,
    runIds: read.runIds,
    attributes: read.attributes,
    result: read.result,
    forModels,
    scanner: read.scanner,
  };
}

function bound(count: number, most: number, what: string): void {
  if (count <= most) return;
  throw new DomainError('PREDICATE_INVALID', `the predicate names ${count} ${what}; at most ${most} are indexed`, {
    pointer: '/predicate',
    hint: 'attest a collection: one digest over an archive or a listing of the files',
  });
}

function manifestContent(manifest: Manifest, subjects: readonly Subject[], predicate: JsonObject): Content {
  const flow = manifestFlow(manifest);
  return {
    predicateType: Predicate.manifest,
    predicate,
    manifest,
    subjects,
    ...flow,
    commits: manifest.commit_sha === undefined ? [] : [manifest.commit_sha],
    runIds: [manifest.run_id],
    attributes: [],
    result: undefined,
    forModels: [],
    scanner: undefined,
  };
}

/** `"signature": "cosign:<base64>"` over the RFC 8785 bytes of the manifest without that field. */
function plain(bytes: Buffer, document: JsonObject): Submission {
  const { signature, ...unsigned } = document;
  const manifest = parseManifest(unsigned);
  const message = canonicalBytes(unsigned);
  const base = {
    bytes,
    sha256: sha256Hex(bytes),
    mediaType: 'application/json',
    content: manifestContent(manifest, manifestSubjects(manifest), unsigned),
  };
  if (signature === undefined) return { ...base, form: 'unsigned', signature: undefined };
  return { ...base, form: 'manifest', signature: { message, bytes: plainSignature(signature), keyHint: undefined } };
}

function plainSignature(signature: Json): Buffer {
  const text =
    typeof signature === 'string' && signature.startsWith('cosign:') ? signature.slice('cosign:'.length) : undefined;
  const bytes = text === undefined ? undefined : decodeBase64(text);
  if (!bytes || bytes.length === 0) {
    throw new DomainError('SIGNATURE_MALFORMED', 'signature must be "cosign:" and the base64 of the signature', {
      pointer: '/signature',
      hint: 'cosign sign-blob over the canonical JSON of the manifest without its signature field; see docs/formats.md',
    });
  }
  return bytes;
}
