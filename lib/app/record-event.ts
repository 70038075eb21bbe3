import type { Environment } from '../contracts/predicates.ts';
import { BUNDLE_MEDIA_TYPE, parseBundle } from '../core/bundle.ts';
import { canonicalBytes } from '../core/canonical.ts';
import { openCountersigned } from '../core/countersigned.ts';
import { sha256Hex } from '../core/digest.ts';
import { preAuthEncoding, type SignedPayload } from '../core/dsse.ts';
import { DomainError } from '../core/errors.ts';
import { type EventBody, EventSchema, predicateTypeOf, streamOf } from '../core/events.ts';
import { type EvidenceRecord, type IndexEntry, MAX_INLINE_BYTES, ownEntries } from '../core/evidence.ts';
import type { EvidenceKey } from '../core/evidence-key.ts';
import { parseStrictJson } from '../core/json.ts';
import { type PublicKey, parsePublicKey } from '../core/keys.ts';
import { objectKey } from '../core/layout.ts';
import { parseWith } from '../core/schema.ts';
import { parseStatement, statementJson } from '../core/statement.ts';
import { statementIdentity } from '../core/submission.ts';
import { type CountersignDeps, countersign, putSigned, requestIdOf, retainUntil } from './countersign.ts';
import type { Registry, StoredObject } from './ports.ts';

export interface RecordedEvent {
  readonly body: EventBody;
  readonly record: EvidenceRecord;
  readonly entries: readonly IndexEntry[];
  /** True: somebody else's event has this number already, and was not committed when we looked. */
  readonly resumed: boolean;
}

/**
 * Events are found by who made them, and DynamoDB takes 2048 bytes of partition key. IAM's own limits end far below; an event
 * that could not be indexed would stop its stream for ever.
 */
const MAX_ARN_BYTES = 1900;

export interface EventDeps extends CountersignDeps {
  readonly registry: Pick<Registry, 'evidenceKeys'>;
}

/**
 * Signs an event with the evidence key and stores it under its number. Whoever commits it does so in one transaction with the
 * change that it records. Events are kept as long as production evidence.
 *
 * Crash after the put: an event without its change. The next change of the same subject meets it here, commits it first, and
 * is told to look again; so no number is lost and none exists twice.
 *
 * @param subject - digest by which the event is found
 */
export async function storeEvent(
  deps: EventDeps,
  body: EventBody,
  subject: string,
  key: EvidenceKey,
): Promise<RecordedEvent> {
  if (Buffer.byteLength(body.by.arn) > MAX_ARN_BYTES) {
    throw new DomainError('REQUEST_INVALID', `the caller's ARN has more than ${MAX_ARN_BYTES} bytes`);
  }
  const name = objectKey.event(streamOf(body), body.revision);
  const payload = canonicalBytes(statementJson([{ digest: { sha256: subject } }], predicateTypeOf(body), body));
  const signed = await countersign(deps, payload, key);
  const until = retainUntil(deps.retention, 'production', new Date(body.at));
  const put = await putSigned(deps, name, signed, until, objectKey.lostEvent(streamOf(body), signed.requestId));
  if (put.isOurs) {
    const { bytes, requestId } = signed;
    const stored = { bytes, versionId: put.versionId, retainUntil: until, requestId };
    return { ...readEvent(stored, name), resumed: false };
  }
  const { first } = put;
  // Only a crash or a race leads here, so a cold start does not load what reads keys.
  const { ownKeys } = await import('./gate/judge.ts');
  // Only what an evidence key signed may come into force, of now or of when it was put.
  const registered = await ownKeys(deps.registry, undefined)([]);
  // The event of its own activation is signed by a key that is not registered yet.
  const keyOf = (keyid: string) => (keyid === key.keyid ? parsePublicKey(key.public_key) : registered(keyid));
  return { ...openEvent(first, name, keyOf), resumed: true };
}

/**
 * An event as it lies in the bucket. Lying under the right name is no proof: the signature is.
 *
 * @param keyOf - public key of an evidence key by its keyid
 * @throws DomainError SIGNATURE_INVALID; as {@link readEvent}
 */
export function openEvent(
  object: StoredObject,
  name: string,
  keyOf: (keyid: string) => PublicKey | undefined,
): Omit<RecordedEvent, 'resumed'> {
  openCountersigned(object.bytes, keyOf);
  return readEvent({ ...object, requestId: requestIdOf(object) }, name);
}

/** What the index row of a statement of our own is made from. */
export type SignedObject = Pick<StoredObject, 'bytes' | 'versionId' | 'retainUntil'> & { readonly requestId: string };

/**
 * The index row of an event follows from its object alone. The signature is for the caller to check where the object is not
 * our own write.
 */
export function readEvent(object: SignedObject, name: string): Omit<RecordedEvent, 'resumed'> {
  const signed = parseBundle(parseStrictJson(object.bytes));
  const statement = parseStatement(parseStrictJson(signed.payload));
  const body = parseWith(EventSchema, statement.predicate, 'PREDICATE_INVALID', '/predicate');
  if (statement.predicateType !== predicateTypeOf(body) || name !== objectKey.event(streamOf(body), body.revision)) {
    throw new DomainError('INTEGRITY_FAILURE', `${name} holds another event than its name says`);
  }
  const record = ownRecord(object, {
    name,
    signed,
    at: body.at,
    by: body.by.arn,
    predicateType: statement.predicateType,
    environment: 'production',
  });
  const entries = ownEntries(
    record,
    statement.subject.map(({ digest }) => digest.sha256),
  );
  return { body, record, entries };
}

/** What is told of one of our own statements beside its object. */
export interface OwnStatement {
  readonly name: string;
  readonly signed: SignedPayload;
  readonly at: string;
  readonly by: string;
  readonly predicateType: string;
  readonly environment: Environment;
}

/** The evidence row of what the control plane states itself: it is its own receipt. */
export function ownRecord(
  object: SignedObject,
  { name, signed, at, by, predicateType, environment }: OwnStatement,
): EvidenceRecord {
  const evidenceKeyid = signed.keyHint ?? '';
  return {
    sha256: sha256Hex(object.bytes),
    kind: 'event',
    form: 'event',
    media_type: BUNDLE_MEDIA_TYPE,
    size: object.bytes.length,
    received_at: at,
    principal: by,
    statement_identity: statementIdentity(preAuthEncoding(signed.payloadType, signed.payload), evidenceKeyid),
    predicate_type: predicateType,
    environment,
    flags: [],
    object_key: name,
    version_id: object.versionId,
    retain_until: object.retainUntil.toISOString(),
    evidence_keyid: evidenceKeyid,
    kms_request_id: object.requestId,
    ...(object.bytes.length <= MAX_INLINE_BYTES ? { inline: object.bytes } : {}),
  };
}
