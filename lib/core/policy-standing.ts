import { DomainError } from './errors.ts';
import { type Activation, POLICY_STATES, type PolicyRecord } from './policy.ts';
import { inForceAt, slotOf, stands } from './slots.ts';

/** How a policy stands: as far as it came before it was in force, or what became of it since. */
export const POLICY_STANDINGS = [...POLICY_STATES, 'active', 'superseded', 'rolled_back', 'withdrawn'] as const;
export type PolicyStanding = (typeof POLICY_STANDINGS)[number];

/**
 * What people ask of a policy follows from its own record and from the activations; nothing keeps it beside them.
 *
 * @param history - every activation, oldest first
 */
export function standingOf(policy: PolicyRecord, history: readonly Activation[], now: Date): PolicyStanding {
  const { sha256, state } = policy;
  const { main, enforced } = inForceAt([...new Map(history.map((one) => [slotOf(one), one])).values()], now);
  if ([main, ...enforced].some((one) => one?.sha256 === sha256)) return 'active';
  if (isRolledBack(policy, history)) return 'rolled_back';
  const left = history.findLast((one) => one.previous === sha256 && !endsShadow(one, history));
  if (!left || isRollback(left)) return state;
  return left.slot?.mode === 'withdrawn' ? 'withdrawn' : 'superseded';
}

/** A shadow decided nothing, so its end takes nothing out of force. */
function endsShadow(ending: Activation, history: readonly Activation[]): boolean {
  const ended = history.find((one) => slotOf(one) === slotOf(ending) && one.revision === ending.follows);
  return ended?.slot?.mode === 'shadow';
}

/** What is activated needs no reason. */
function isRollback({ reason, slot }: Activation): boolean {
  return reason !== null && slot?.mode !== 'withdrawn';
}

/** Whether it was found wanting anywhere since it was approved; where else it stands, or was left later, mends nothing. */
export function isRolledBack({ sha256, approver }: PolicyRecord, history: readonly Activation[]): boolean {
  return history.some((one) => one.previous === sha256 && isRollback(one) && !(approver && approver.at > one.at));
}

/** @throws DomainError POLICY_STATE_CONFLICT for a policy that was left by a rollback and not approved since */
export function requireNotRolledBack(policy: PolicyRecord, history: readonly Activation[]): void {
  if (!isRolledBack(policy, history)) return;
  throw new DomainError('POLICY_STATE_CONFLICT', `the policy ${policy.sha256} was rolled back`, {
    hint: `it comes into force again when it is simulated and approved anew: \`countersign policy simulate ${policy.sha256}\``,
  });
}

/**
 * Since when a policy was last a shadow beside one and the same main policy: what was decided before is compared with another, or
 * counted for an earlier try. Undefined of one that never was a shadow.
 *
 * @param history - every activation, oldest first
 */
export function shadowedSince(sha256: string, history: readonly Activation[]): string | undefined {
  const last = history.findLast((one) => one.slot?.mode === 'shadow' && one.sha256 === sha256);
  if (!last) return undefined;
  const slot = history.filter((one) => slotOf(one) === slotOf(last));
  let first = last;
  // Another end of the same shadow is no new shadow.
  for (const before of slot.slice(0, slot.indexOf(last)).toReversed()) {
    if (before.sha256 !== sha256 || !stands(before, new Date(first.at))) break;
    first = before;
  }
  const end = slot[slot.indexOf(last) + 1]?.at ?? last.slot?.until ?? last.at;
  const main = history.findLast((one) => !one.slot && one.at < end);
  return main && main.at > first.at ? main.at : first.at;
}
