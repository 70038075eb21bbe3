import { sha256Hex } from '../../core/digest.ts';
import { type EvidenceRecord, type IndexEntry, ownEntries } from '../../core/evidence.ts';
import type { EvidenceKey } from '../../core/evidence-key.ts';
import { objectKey } from '../../core/layout.ts';
import { type CountersignDeps, countersign, putSigned, requestIdOf } from '../countersign.ts';
import { type OwnStatement, ownRecord, type SignedObject } from '../record-event.ts';

export interface GateRows {
  readonly record: EvidenceRecord;
  readonly entries: readonly IndexEntry[];
}

/**
 * Signs what a gate states and puts it under its name, or finds it there.
 *
 * @param restsOn - what must be durable before the statement is
 */
export async function putStatement(
  deps: CountersignDeps,
  name: string,
  payload: Buffer,
  key: EvidenceKey,
  until: Date,
  restsOn: Promise<unknown> = Promise.resolve(),
): Promise<SignedObject> {
  const [signed] = await Promise.all([countersign(deps, payload, key), restsOn]);
  const put = await putSigned(deps, name, signed, until, objectKey.lostDecision(sha256Hex(payload), signed.requestId));
  return put.isOurs
    ? { bytes: signed.bytes, versionId: put.versionId, retainUntil: until, requestId: signed.requestId }
    : { ...put.first, requestId: requestIdOf(put.first) };
}

/** The index rows of what a gate states of a model: under the model and the day. */
export function rowsOf(
  object: SignedObject,
  { model, result, ...own }: OwnStatement & { readonly model: string; readonly result: string },
): GateRows {
  const record = ownRecord(object, own);
  return { record, entries: ownEntries(record, [model], result) };
}
