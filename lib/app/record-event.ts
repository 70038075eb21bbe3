import { BUNDLE_MEDIA_TYPE } from '../core/bundle.ts';
import { canonicalBytes } from '../core/canonical.ts';
import { sha256Hex } from '../core/digest.ts';
import { DomainError } from '../core/errors.ts';
import { type EvidenceRecord, type IndexEntry, indexEntries, MAX_INLINE_BYTES } from '../core/evidence.ts';
import type { JsonObject } from '../core/json.ts';
import { objectKey } from '../core/layout.ts';
import { type Statement, statementJson } from '../core/statement.ts';
import { statementIdentity } from '../core/submission.ts';
import { type CountersignDeps, countersign, retainUntil } from './countersign.ts';
import type { EvidenceKey } from './ports.ts';

/** Something that the control plane itself states: a key was registered, a hold was placed. */
export interface ControlEvent {
  readonly predicateType: string;
  readonly subjects: readonly { readonly name?: string; readonly digest: { readonly sha256: string } }[];
  readonly predicate: JsonObject;
  /** Name or ARN of who caused it, for the look-up by principal. */
  readonly actor: string;
}

export interface RecordedEvent {
  readonly record: EvidenceRecord;
  readonly entries: readonly IndexEntry[];
}

/**
 * Signs an event with the evidence key and stores it. It is indexed by whoever commits what it returns, in one transaction
 * with the change that it records. Events are kept as long as production evidence.
 *
 * Crash after the put: an event without its change. `countersign reindex` tells it from a real one by the revision it follows.
 */
export async function storeEvent(
  deps: CountersignDeps,
  event: ControlEvent,
  key: EvidenceKey,
  at: Date,
): Promise<RecordedEvent> {
  const signed = await countersign(
    deps,
    canonicalBytes(statementJson(event.subjects, event.predicateType, event.predicate)),
    key,
  );
  const identity = statementIdentity(signed.message, key.keyid);
  const until = retainUntil(deps.retention, 'production', at);
  const versionId = await deps.store.putOnce(objectKey.attestation(identity), signed.bytes, {
    contentType: BUNDLE_MEDIA_TYPE,
    retainUntil: until,
    metadata: { 'kms-request-id': signed.requestId },
  });
  if (versionId === undefined) throw new DomainError('REVISION_CONFLICT', 'this very event was recorded already');
  return eventRecord({
    bytes: signed.bytes,
    statement: { subject: event.subjects, predicateType: event.predicateType, predicate: event.predicate },
    identity,
    versionId,
    retainUntil: until,
    requestId: signed.requestId,
    evidenceKeyid: key.keyid,
    at,
    actor: event.actor,
  });
}

export interface StoredEvent {
  readonly bytes: Buffer;
  readonly statement: Statement;
  readonly identity: string;
  readonly versionId: string;
  readonly retainUntil: Date;
  readonly requestId: string;
  readonly evidenceKeyid: string;
  readonly at: Date;
  readonly actor: string;
}

/** The index row of an event follows from its object alone. */
export function eventRecord(event: StoredEvent): RecordedEvent {
  const record: EvidenceRecord = {
    sha256: sha256Hex(event.bytes),
    kind: 'event',
    form: 'event',
    media_type: BUNDLE_MEDIA_TYPE,
    size: event.bytes.length,
    received_at: event.at.toISOString(),
    principal: event.actor,
    statement_identity: event.identity,
    predicate_type: event.statement.predicateType,
    environment: 'production',
    flags: [],
    object_key: objectKey.attestation(event.identity),
    version_id: event.versionId,
    retain_until: event.retainUntil.toISOString(),
    evidence_keyid: event.evidenceKeyid,
    kms_request_id: event.requestId,
    ...(event.bytes.length <= MAX_INLINE_BYTES ? { inline: event.bytes } : {}),
  };
  const digests = event.statement.subject.map(({ digest }) => digest.sha256);
  const entries = indexEntries(record, {
    predicateType: event.statement.predicateType,
    manifest: undefined,
    subjects: event.statement.subject,
    inputs: [],
    outputs: [],
    mentions: [...new Set(digests)],
    commits: [],
    runIds: [],
    attributes: [],
    result: undefined,
  });
  return { record, entries };
}
