import { DomainError } from '../core/errors.ts';
import type { HoldEvent } from '../core/events.ts';
import type { EvidenceRecord } from '../core/evidence.ts';
import { objectKey } from '../core/layout.ts';
import type { HoldRequest } from '../core/requests.ts';
import { type CountersignDeps, requireEvidenceKey } from './countersign.ts';
import { originOf } from './origin.ts';
import type { Hold, Holds, Ledger, Registry } from './ports.ts';
import { requireEvidence } from './read-evidence.ts';
import { storeEvent } from './record-event.ts';
import type { Caller } from './submit-evidence.ts';

export interface HoldDeps extends CountersignDeps {
  readonly ledger: Ledger;
  readonly registry: Registry;
  readonly holds: Holds;
}

/**
 * Keeps evidence and its receipt beyond their retention. The lock comes first and its record after: a crash in between leaves
 * evidence that is protected without a record, and the same request again records it.
 *
 * @throws DomainError HOLD_EXISTS when it is on hold, having set the lock again: so a request that died after its record was
 * written is completed by being repeated, though it is answered 409
 */
export async function placeHold(deps: HoldDeps, { sha256, reason }: HoldRequest, caller: Caller): Promise<Hold> {
  const record = await requireEvidence(deps.ledger, sha256);
  const before = await deps.holds.findHold(sha256);
  if (before?.state === 'on') {
    await lockAsRecorded(deps, record);
    throw new DomainError('HOLD_EXISTS', `${sha256} is on hold since ${before.at}: ${before.reason}`, {
      pointer: '/sha256',
    });
  }
  await setLegalHolds(deps, record, true);
  return await recordHold(deps, { record, action: 'hold-placed', reason, before, caller });
}

/**
 * Ends a hold: the event first, then the record, and the lock last, so that nothing is unlocked whose record says that it is
 * held. A crash in between leaves evidence that is protected for longer than its record says.
 *
 * @throws DomainError HOLD_NOT_FOUND when it is not on hold, having lifted the lock again if it once was: so a request that
 * died before it lifted the lock is completed by being repeated, though it is answered 404
 */
export async function releaseHold(deps: HoldDeps, { sha256, reason }: HoldRequest, caller: Caller): Promise<Hold> {
  const record = await requireEvidence(deps.ledger, sha256);
  const before = await deps.holds.findHold(sha256);
  if (before?.state !== 'on') {
    if (before) await lockAsRecorded(deps, record);
    throw new DomainError('HOLD_NOT_FOUND', `${sha256} is not on hold`, { pointer: '/sha256' });
  }
  return await recordHold(deps, { record, action: 'hold-released', reason, before, caller });
}

interface HoldChange {
  readonly record: EvidenceRecord;
  readonly action: HoldEvent['action'];
  readonly reason: string;
  readonly before: Hold | undefined;
  readonly caller: Caller;
}

async function recordHold(deps: HoldDeps, change: HoldChange): Promise<Hold> {
  const { record, action, reason, before, caller } = change;
  const evidenceKey = requireEvidenceKey(await deps.registry.evidenceKey(), deps.signer);
  const body: HoldEvent = {
    ...originOf(deps, caller),
    action,
    revision: (before?.revision ?? 0) + 1,
    sha256: record.sha256,
    reason,
  };
  const event = await storeEvent(deps, body, record.sha256, evidenceKey);
  if (!('sha256' in event.body)) throw new DomainError('INTEGRITY_FAILURE', 'another event lies among the holds');
  const hold = holdOf(event.body, event.record.sha256);
  const outcome = await deps.holds.commitHold(event.record, event.entries, hold);
  await lockAsRecorded(deps, record);
  // 'exists' says of our own event that somebody met it here and committed it first: the change was made all the same.
  if (!event.resumed && outcome !== 'principal-changed') return hold;
  throw new DomainError('REVISION_CONFLICT', 'another change of this hold came first; this one was not made', {
    hint: 'read it again: GET /v1/holds/{sha256}',
    retryAfterMs: 1000,
  });
}

/** The hold after an event. */
export function holdOf(body: HoldEvent, event: string): Hold {
  const state = body.action === 'hold-placed' ? 'on' : 'off';
  return {
    sha256: body.sha256,
    state,
    reason: body.reason,
    by: body.by.arn,
    at: body.at,
    event,
    revision: body.revision,
  };
}

/**
 * Makes the lock what its record says. S3 has no condition on a legal hold, so a slow release may lift the lock of a hold that
 * was placed after it; whoever set the lock therefore looks again, until the record did not change meanwhile.
 */
async function lockAsRecorded(deps: HoldDeps, record: EvidenceRecord): Promise<void> {
  let current = await deps.holds.findHold(record.sha256);
  for (let settled = false; !settled; ) {
    await setLegalHolds(deps, record, current?.state === 'on');
    const after = await deps.holds.findHold(record.sha256);
    settled = after?.revision === current?.revision;
    current = after;
  }
}

/** Without its receipt, evidence proves less; both are held. */
async function setLegalHolds(deps: HoldDeps, record: EvidenceRecord, on: boolean): Promise<void> {
  await deps.holds.setLegalHold(record.object_key, record.version_id, on);
  if (record.receipt_version_id !== undefined) {
    await deps.holds.setLegalHold(objectKey.receipt(record.sha256, record.kind), record.receipt_version_id, on);
  }
}
