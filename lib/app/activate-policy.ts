import { DomainError } from '../core/errors.ts';
import type { ActivationEvent } from '../core/events.ts';
import {
  type Activation,
  MAX_ROLLBACKS,
  requireOther,
  requireSimulatedFor,
  requireStep,
  requireVerdicts,
} from '../core/policy.ts';
import { requireNotRolledBack } from '../core/policy-standing.ts';
import { inForceAt, MAIN, MAX_SHADOW_DAYS, requireRoom, type Slot, slotOf, stands } from '../core/slots.ts';
import { DAY_MS } from '../core/time.ts';
import { type CountersignDeps, requireEvidenceKey } from './countersign.ts';
import { requirePolicy } from './find-policy.ts';
import type { Changed } from './manage-registry.ts';
import { originOf, personOf } from './origin.ts';
import type { Ledger, Registry } from './ports.ts';
import { recordActivation } from './record-activation.ts';
import type { Caller } from './submit-evidence.ts';

export interface ActivationDeps extends CountersignDeps {
  readonly registry: Registry;
  readonly ledger: Pick<Ledger, 'commit'>;
}

type Change = Changed<Activation>;

/**
 * Puts an approved policy in force, from the next gate on: as the main one, or in a slot beside it.
 *
 * @throws DomainError POLICY_STATE_CONFLICT or DUTIES_NOT_SEPARATE
 */
export async function activatePolicy(
  deps: ActivationDeps,
  sha256: string,
  by: Caller,
  slot: string = MAIN,
): Promise<Change> {
  const policy = await requirePolicy(deps.registry, sha256);
  requireStep(policy, 'activate');
  requireOther(policy, personOf(deps, by));
  const { newest, enforced, all } = await standingIn(deps, slot);
  if (enforced?.sha256 === sha256) return unchanged(enforced);
  requireNotRolledBack(policy, await deps.registry.activationHistory());
  requireSimulatedFor(policy, slot, enforced === undefined);
  if (slot === MAIN) requireVerdicts(policy);
  else requireRoom(all, slot, deps.clock());
  const wanted = {
    sha256,
    ...besideMain(slot, 'enforced'),
    previous: enforced?.sha256 ?? null,
    back_to: enforced ? [enforced.sha256, ...enforced.back_to].slice(0, MAX_ROLLBACKS) : [],
    reason: null,
  };
  return await activate(deps, 'policy-activated', wanted, newest, by);
}

/**
 * Puts the policy that was in force before back in force, at once.
 *
 * @param from - the policy that is to be left
 * @throws DomainError POLICY_STATE_CONFLICT when there was none, or another one than `from` is in force
 */
export async function rollBackPolicy(
  deps: ActivationDeps,
  { reason, from, slot = MAIN }: { readonly reason: string; readonly from: string; readonly slot?: string },
  by: Caller,
): Promise<Change> {
  const { enforced: current } = await standingIn(deps, slot);
  if (current && current.sha256 !== from) {
    // Only a rollback has a reason. It was done already: the answer was lost, or a colleague was faster. Once more would undo it.
    const isDone = current.previous === from && current.reason !== null;
    if (isDone) return unchanged(current);
    throw anotherStands(from, current);
  }
  const [target, ...further] = current?.back_to ?? [];
  if (!current || target === undefined) {
    throw new DomainError('POLICY_STATE_CONFLICT', 'there is no policy before the one in force', {
      hint: 'approve and activate another one; from a slot, `countersign policy withdraw` takes it away',
    });
  }
  // Not to what was in force before in time: that may be what an earlier rollback left.
  const wanted = {
    sha256: target,
    ...besideMain(slot, 'enforced'),
    previous: current.sha256,
    back_to: further,
    reason,
  };
  return await activate(deps, 'policy-rolled-back', wanted, current, by);
}

/**
 * Has a policy judged beside those that decide, until a time. It decides nothing, so its author may ask for it.
 *
 * @param until - RFC 3339, UTC
 * @throws DomainError POLICY_STATE_CONFLICT when another policy stands in the slot, or this one decides already
 */
export async function shadowPolicy(
  deps: ActivationDeps,
  sha256: string,
  { slot, until }: { readonly slot: string; readonly until: string },
  by: Caller,
): Promise<Change> {
  requireStep(await requirePolicy(deps.registry, sha256), 'shadow');
  const now = deps.clock();
  const latest = new Date(now.getTime() + MAX_SHADOW_DAYS * DAY_MS).toISOString();
  if (until <= now.toISOString() || until > latest) {
    throw new DomainError('REQUEST_INVALID', `a shadow ends within ${MAX_SHADOW_DAYS} days, and not in the past`, {
      pointer: '/until',
    });
  }
  const { newest, all } = await standingIn(deps, slot);
  const { main, enforced, shadows } = inForceAt(all, now);
  const same = [main, ...enforced, ...shadows].find((one) => one?.sha256 === sha256);
  if (same && slotOf(same) !== slot) {
    throw new DomainError(
      'POLICY_STATE_CONFLICT',
      `${sha256} is judged by every gate already, in the slot ${slotOf(same)}`,
    );
  }
  const current = newest && stands(newest, now) ? newest : undefined;
  if (current && (current.slot?.mode !== 'shadow' || current.sha256 !== sha256)) {
    throw anotherStands(sha256, current, '/slot');
  }
  if (current?.slot?.until === until) return unchanged(current);
  requireRoom(all, slot, now);
  const wanted = { sha256, ...besideMain(slot, 'shadow', until), previous: null, back_to: [], reason: null };
  return await activate(deps, 'policy-shadowed', wanted, newest, by);
}

/** Ends a shadow before its time; what decides is not ended so. */
export async function endShadow(
  deps: ActivationDeps,
  sha256: string,
  { slot, reason }: { readonly slot: string; readonly reason: string },
  by: Caller,
): Promise<Change> {
  const { newest, enforced } = await standingIn(deps, slot);
  if (enforced) {
    throw new DomainError('POLICY_STATE_CONFLICT', `${enforced.sha256} is no shadow: it decides`, {
      pointer: '/slot',
      hint: 'a policy approver withdraws it: `countersign policy withdraw`',
    });
  }
  return await leave(deps, newest, { slot, from: sha256, reason }, by);
}

/**
 * Takes a policy out of its slot, from the next gate on. The main policy is only ever replaced.
 *
 * @param from - the policy that stands there
 * @throws DomainError POLICY_STATE_CONFLICT when none does, or another one
 */
export async function withdrawPolicy(deps: ActivationDeps, wanted: Withdrawal, by: Caller): Promise<Change> {
  const { newest } = await standingIn(deps, wanted.slot);
  return await leave(deps, newest, wanted, by);
}

interface Withdrawal {
  readonly slot: string;
  readonly from: string;
  readonly reason: string;
}

async function leave(
  deps: ActivationDeps,
  newest: Activation | undefined,
  { slot, from, reason }: Withdrawal,
  by: Caller,
): Promise<Change> {
  if (!newest) {
    throw new DomainError('POLICY_STATE_CONFLICT', `no policy stands in the slot ${slot}`, { pointer: '/slot' });
  }
  if (newest.sha256 !== from) throw anotherStands(from, newest);
  // The answer was lost, a colleague was faster, or the shadow has ended by itself.
  if (!stands(newest, deps.clock())) return unchanged(newest);
  const wanted = { sha256: from, ...besideMain(slot, 'withdrawn'), previous: from, back_to: [], reason };
  return await activate(deps, 'policy-withdrawn', wanted, newest, by);
}

interface Standing {
  /** The last that was done with the slot, whether it still holds or not. */
  readonly newest: Activation | undefined;
  /** The policy that decides there. */
  readonly enforced: Activation | undefined;
  /** The newest of every slot. */
  readonly all: readonly Activation[];
}

async function standingIn({ registry }: ActivationDeps, slot: string): Promise<Standing> {
  const all = await registry.activations();
  const newest = all.find((one) => slotOf(one) === slot);
  const isEnforced = newest && (!newest.slot || newest.slot.mode === 'enforced');
  return { newest, enforced: isEnforced ? newest : undefined, all };
}

function besideMain(name: string, mode: Slot['mode'], until: string | null = null): { readonly slot?: Slot } {
  return name === MAIN ? {} : { slot: { name, mode, until } };
}

function unchanged(value: Activation): Change {
  return { created: false, value, event: undefined };
}

function anotherStands(wanted: string, { sha256, slot }: Activation, pointer = '/from'): DomainError {
  const place = slot ? ` in the slot ${slot.name}` : '';
  return new DomainError('POLICY_STATE_CONFLICT', `not ${wanted} is in force${place} but ${sha256}`, {
    pointer,
    hint: '`countersign policy list` shows what is in force',
  });
}

async function activate(
  deps: ActivationDeps,
  action: ActivationEvent['action'],
  wanted: Pick<Activation, 'sha256' | 'slot' | 'previous' | 'back_to' | 'reason'>,
  newest: Activation | undefined,
  by: Caller,
): Promise<Change> {
  const key = requireEvidenceKey(await deps.registry.evidenceKey(), deps.signer);
  const follows = newest?.revision ?? 0;
  const revision = follows + 1;
  const origin = originOf(deps, by);
  // Two of one millisecond would have no order, and clocks of two functions differ.
  if (newest && origin.at <= newest.at) origin.at = new Date(Date.parse(newest.at) + 1).toISOString();
  const activation: Activation = { ...wanted, at: origin.at, revision, follows };
  const newestNow = async () => (await standingIn(deps, slotOf(wanted))).newest;
  return await recordActivation(deps, { ...origin, action, revision, activation }, newestNow, key);
}
