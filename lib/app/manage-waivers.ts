import { sha256Hex } from '../core/digest.ts';
import { DomainError } from '../core/errors.ts';
import type { RegistryEvent } from '../core/events.ts';
import type { RequestWaiver } from '../core/requests.ts';
import { checkWaiver, type WaiverRecord } from '../core/waiver.ts';
import { type CountersignDeps, requireEvidenceKey } from './countersign.ts';
import { type Changed, recordChange } from './manage-registry.ts';
import { originOf, personOf } from './origin.ts';
import type { Registry } from './ports.ts';
import type { Caller } from './submit-evidence.ts';

export interface WaiverDeps extends CountersignDeps {
  readonly registry: Registry;
  /** A new UUID. */
  readonly newId: () => string;
}

/**
 * Asks for an exception. It holds for nothing until another role approves it.
 *
 * @throws DomainError WAIVER_INVALID
 */
export async function requestWaiver(
  deps: WaiverDeps,
  { rule, scope, reason, compensating_control, not_after }: RequestWaiver,
  requester: Caller,
): Promise<Changed<WaiverRecord>> {
  checkWaiver({ scope, not_after }, deps.clock());
  const waiver: WaiverRecord = {
    id: deps.newId(),
    rule,
    scope,
    reason,
    compensating_control,
    not_after,
    revision: 1,
    requester: personOf(deps, requester),
  };
  return { created: true, value: waiver, event: await change(deps, 'waiver-requested', waiver, requester) };
}

/** @throws DomainError DUTIES_NOT_SEPARATE for who asked for it; WAIVER_INVALID when its time is over */
export async function approveWaiver(deps: WaiverDeps, id: string, by: Caller): Promise<Changed<WaiverRecord>> {
  const waiver = await requireWaiver(deps, id);
  if (waiver.approver || waiver.ended) {
    throw new DomainError(
      'WAIVER_STATE_CONFLICT',
      `the waiver ${id} is ${waiver.ended ? 'ended' : 'approved'} already`,
    );
  }
  if (waiver.requester.unique_id === by.uniqueId) {
    throw new DomainError('DUTIES_NOT_SEPARATE', 'who asked for a waiver does not approve it', {
      hint: 'a policy approver who is another person runs `countersign waiver approve`',
    });
  }
  checkWaiver(waiver, deps.clock());
  const value: WaiverRecord = { ...waiver, approver: personOf(deps, by), revision: waiver.revision + 1 };
  return { created: false, value, event: await change(deps, 'waiver-approved', value, by) };
}

/** Ends a waiver before its time, approved or not. */
export async function endWaiver(
  deps: WaiverDeps,
  id: string,
  reason: string,
  by: Caller,
): Promise<Changed<WaiverRecord>> {
  const waiver = await requireWaiver(deps, id);
  if (waiver.ended) return { created: false, value: waiver, event: undefined };
  const value: WaiverRecord = { ...waiver, ended: { ...personOf(deps, by), reason }, revision: waiver.revision + 1 };
  return { created: false, value, event: await change(deps, 'waiver-ended', value, by) };
}

async function requireWaiver({ registry }: WaiverDeps, id: string): Promise<WaiverRecord> {
  const known = await registry.waiver(id);
  if (!known) throw new DomainError('NOT_FOUND', `there is no waiver ${id}`);
  const { event: _event, ...waiver } = known;
  return waiver;
}

async function change(
  deps: WaiverDeps,
  action: 'waiver-requested' | 'waiver-approved' | 'waiver-ended',
  waiver: WaiverRecord,
  by: Caller,
): Promise<string> {
  const key = requireEvidenceKey(await deps.registry.evidenceKey(), deps.signer);
  const body: RegistryEvent = { ...originOf(deps, by), action, revision: waiver.revision, waiver };
  // Found under the model or dataset that it is for; otherwise by its id.
  const subject = waiver.scope.model ?? waiver.scope.dataset ?? sha256Hex(waiver.id);
  return await recordChange(deps, body, subject, undefined, key);
}
