import { roleOf } from '../contracts/routes.ts';
import { DomainError } from '../core/errors.ts';
import type { RegistryEvent } from '../core/events.ts';
import type { RequestWaiver } from '../core/requests.ts';
import { checkWaiver, type RecordedWaiver, type WaiverRecord, waiverId } from '../core/waiver.ts';
import type { WaiverTerms } from '../core/waiver-terms.ts';
import { type CountersignDeps, requireEvidenceKey } from './countersign.ts';
import { requireWaiver } from './find-waiver.ts';
import { type Changed, recordChange } from './manage-registry.ts';
import { originOf, personOf } from './origin.ts';
import type { Registry } from './ports.ts';
import type { Caller } from './submit-evidence.ts';

export interface WaiverDeps extends CountersignDeps {
  readonly registry: Registry;
  /** What the policy in force says of waivers. */
  readonly terms: () => Promise<WaiverTerms>;
}

const REQUESTER = roleOf('POST', '/v1/waivers');
const APPROVER = roleOf('POST', '/v1/waivers/{id}/approve');

/**
 * Asks for an exception. It holds for nothing until another role approves it.
 *
 * @throws DomainError WAIVER_INVALID, RULE_UNKNOWN or RULE_NOT_WAIVABLE
 */
export async function requestWaiver(
  deps: WaiverDeps,
  request: RequestWaiver,
  by: Caller,
): Promise<Changed<WaiverRecord>> {
  const requester = { ...personOf(deps, by), role: REQUESTER };
  const id = waiverId(request, requester);
  const known = await deps.registry.waiver(id);
  if (known) return unchanged(known);
  checkWaiver(request, await deps.terms(), deps.clock());
  const waiver: WaiverRecord = { ...request, id, revision: 1, requester };
  return { created: true, value: waiver, event: await change(deps, 'waiver-requested', waiver, by) };
}

/**
 * The same approver may say so twice: the first answer may have been lost.
 *
 * @throws DomainError DUTIES_NOT_SEPARATE for who asked for it; WAIVER_INVALID when its time is over; RULE_UNKNOWN or
 *   RULE_NOT_WAIVABLE when another policy is in force by now
 */
export async function approveWaiver(deps: WaiverDeps, id: string, by: Caller): Promise<Changed<WaiverRecord>> {
  const known = await requireWaiver(deps.registry, id);
  const approver = { ...personOf(deps, by), role: APPROVER };
  if (known.approver?.unique_id === approver.unique_id && !known.ended) return unchanged(known);
  if (known.approver || known.ended) {
    throw new DomainError('WAIVER_STATE_CONFLICT', `the waiver ${id} is ${known.ended ? 'ended' : 'approved'} already`);
  }
  if (known.requester.unique_id === approver.unique_id) {
    throw new DomainError('DUTIES_NOT_SEPARATE', 'who asked for a waiver does not approve it', {
      hint: 'a policy approver who is another person runs `countersign waiver approve`',
    });
  }
  checkWaiver(known, await deps.terms(), deps.clock());
  const value: WaiverRecord = { ...withoutEvent(known), approver, revision: known.revision + 1 };
  return { created: false, value, event: await change(deps, 'waiver-approved', value, by) };
}

/** Ends a waiver before its time, approved or not. */
export async function endWaiver(
  deps: WaiverDeps,
  id: string,
  reason: string,
  by: Caller,
): Promise<Changed<WaiverRecord>> {
  const known = await requireWaiver(deps.registry, id);
  if (known.ended) return unchanged(known);
  const ended = { ...personOf(deps, by), reason };
  const value: WaiverRecord = { ...withoutEvent(known), ended, revision: known.revision + 1 };
  return { created: false, value, event: await change(deps, 'waiver-ended', value, by) };
}

function unchanged(known: RecordedWaiver): Changed<WaiverRecord> {
  return { created: false, value: withoutEvent(known), event: undefined };
}

function withoutEvent({ event: _event, ...waiver }: RecordedWaiver): WaiverRecord {
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
  const subject = waiver.scope.model ?? waiver.scope.dataset ?? waiver.id;
  return await recordChange(deps, body, subject, undefined, key);
}
