import { openCountersigned } from '../core/countersigned.ts';
import { sha256Hex } from '../core/digest.ts';
import { DomainError } from '../core/errors.ts';
import type { EventBody } from '../core/events.ts';
import type { EvidenceRecord } from '../core/evidence.ts';
import type { PublicKey } from '../core/keys.ts';
import { bytesOf } from './gate/judge.ts';
import type { EvidenceStore } from './ports.ts';
import { readEvent } from './record-event.ts';

/** A row of the registry is no proof; the signed event that it names is. */
export interface Doubted {
  /** Digest of the event, as the row names it. */
  readonly event: string;
  /** What the evidence table has under that digest. */
  readonly record: EvidenceRecord | undefined;
  /** Whether an event says what the row says. */
  readonly says: (body: EventBody) => boolean;
}

/** @returns why the event does not bear the row out; undefined when it does */
export async function doubt(
  store: Pick<EvidenceStore, 'read'>,
  { event, record, says }: Doubted,
  keyOf: (keyid: string) => PublicKey | undefined,
): Promise<string | undefined> {
  const bytes = record && (await bytesOf(store, record));
  if (!record || !bytes || sha256Hex(bytes) !== event) return 'its event cannot be had';
  const { object_key, version_id: versionId, kms_request_id: requestId } = record;
  try {
    openCountersigned(bytes, keyOf);
    const object = { bytes, versionId, requestId, retainUntil: new Date(record.retain_until) };
    return says(readEvent(object, object_key).body) ? undefined : 'its event says otherwise';
  } catch (error) {
    if (error instanceof DomainError) return error.message;
    throw error;
  }
}
