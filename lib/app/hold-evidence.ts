import { DomainError } from '../core/errors.ts';
import type { HoldEvent } from '../core/events.ts';
import type { EvidenceRecord } from '../core/evidence.ts';
import { objectKey } from '../core/layout.ts';
import type { HoldRequest } from '../core/requests.ts';
import { type CountersignDeps, requireEvidenceKey } from './countersign.ts';
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
 * evidence that is protected without a record, and the same request again completes it.
 */
export async function placeHold(deps: HoldDeps, { sha256, reason }: HoldRequest, caller: Caller): Promise<Hold> {
  const record = await requireEvidence(deps.ledger, sha256);
  const before = await deps.holds.findHold(sha256);
  if (before?.state === 'on') {
    // Whatever a release that was interrupted did to it, the lock is what its record says.
    await setLegalHolds(deps, record, true);
    throw new DomainError('HOLD_EXISTS', `${sha256} is on hold since ${before.at}: ${before.reason}`, {
      pointer: '/sha256',
    });
  }
  await setLegalHolds(deps, record, true);
  return await recordHold(deps, { record, action: 'hold-placed', reason, before, caller });
}

/**
 * Ends a hold: the event first, then the lock, then the record. A crash in between leaves a hold on record, and the same
 * request again ends it.
 */
export async function releaseHold(deps: HoldDeps, { sha256, reason }: HoldRequest, caller: Caller): Promise<Hold> {
  const record = await requireEvidence(deps.ledger, sha256);
  const before = await deps.holds.findHold(sha256);
  if (before?.state !== 'on')
    throw new DomainError('HOLD_NOT_FOUND', `${sha256} is not on hold`, { pointer: '/sha256' });
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
    action,
    at: deps.clock().toISOString(),
    by: { arn: caller.arn, unique_id: caller.uniqueId, account: caller.account },
    revision: (before?.revision ?? 0) + 1,
    sha256: record.sha256,
    reason,
  };
  const event = await storeEvent(deps, body, record.sha256, evidenceKey);
  if (!('sha256' in event.body)) throw new DomainError('INTEGRITY_FAILURE', 'another event lies among the holds');
  const hold = holdOf(event.body, event.record.sha256);
  await setLegalHolds(deps, record, hold.state === 'on');
  const outcome = await deps.holds.commitHold(event.record, event.entries, hold);
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

/** Without its receipt, evidence proves less; both are held. */
async function setLegalHolds(deps: HoldDeps, record: EvidenceRecord, on: boolean): Promise<void> {
  await deps.holds.setLegalHold(record.object_key, record.version_id, on);
  if (record.receipt_version_id !== undefined) {
    await deps.holds.setLegalHold(objectKey.receipt(record.sha256, record.kind), record.receipt_version_id, on);
  }
}
