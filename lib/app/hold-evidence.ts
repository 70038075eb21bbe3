import { OwnPredicate } from '../contracts/predicates.ts';
import { DomainError } from '../core/errors.ts';
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
    throw new DomainError('HOLD_EXISTS', `${sha256} is on hold since ${before.at}: ${before.reason}`, {
      pointer: '/sha256',
    });
  }
  await setLegalHolds(deps, record, true);
  return await recordHold(deps, { sha256, state: 'on', reason, before, caller });
}

/**
 * Ends a hold. The lock is lifted before the table says so: a crash in between leaves a hold on record that the same request
 * again ends.
 */
export async function releaseHold(deps: HoldDeps, { sha256, reason }: HoldRequest, caller: Caller): Promise<Hold> {
  const record = await requireEvidence(deps.ledger, sha256);
  const before = await deps.holds.findHold(sha256);
  if (before?.state !== 'on')
    throw new DomainError('HOLD_NOT_FOUND', `${sha256} is not on hold`, { pointer: '/sha256' });
  return await recordHold(
    deps,
    { sha256, state: 'off', reason, before, caller },
    async () => await setLegalHolds(deps, record, false),
  );
}

interface HoldChange {
  readonly sha256: string;
  readonly state: Hold['state'];
  readonly reason: string;
  readonly before: Hold | undefined;
  readonly caller: Caller;
}

async function recordHold(deps: HoldDeps, change: HoldChange, beforeCommit?: () => Promise<void>): Promise<Hold> {
  const { sha256, state, reason, before, caller } = change;
  const at = deps.clock();
  const revision = (before?.revision ?? 0) + 1;
  const evidenceKey = requireEvidenceKey(await deps.registry.evidenceKey(), deps.signer);
  const event = await storeEvent(
    deps,
    {
      predicateType: OwnPredicate.hold,
      subjects: [{ digest: { sha256 } }],
      predicate: {
        action: state === 'on' ? 'placed' : 'released',
        at: at.toISOString(),
        by: { arn: caller.arn, unique_id: caller.uniqueId, account: caller.account },
        reason,
        revision,
      },
      actor: caller.arn,
    },
    evidenceKey,
    at,
  );
  await beforeCommit?.();
  const hold: Hold = {
    sha256,
    state,
    reason,
    by: caller.arn,
    at: at.toISOString(),
    event: event.record.sha256,
    revision,
  };
  if ((await deps.holds.commitHold(event.record, event.entries, hold)) !== 'committed') {
    throw new DomainError('REVISION_CONFLICT', 'the hold was changed by somebody else meanwhile', {
      hint: 'read it again: GET /v1/holds/{sha256}',
    });
  }
  return hold;
}

/** Without its receipt, evidence proves less; both are held. */
async function setLegalHolds(deps: HoldDeps, record: EvidenceRecord, on: boolean): Promise<void> {
  await deps.holds.setLegalHold(record.object_key, record.version_id, on);
  if (record.receipt_version_id !== undefined) {
    await deps.holds.setLegalHold(objectKey.receipt(record.sha256), record.receipt_version_id, on);
  }
}
