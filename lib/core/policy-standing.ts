import { DomainError } from './errors.ts';
import { type Activation, POLICY_STATES, type PolicyRecord } from './policy.ts';
import { inForceAt, slotOf } from './slots.ts';

/** How a policy stands: as far as it came before it was in force, or what became of it since. */
export const POLICY_STANDINGS = [...POLICY_STATES, 'active', 'superseded', 'rolled_back', 'withdrawn'] as const;
export type PolicyStanding = (typeof POLICY_STANDINGS)[number];

/**
 * What people ask of a policy follows from its own record and from the activations; nothing keeps it beside them.
 *
 * @param history - every activation, oldest first
 */
export function standingOf(
  { sha256, state, approver }: PolicyRecord,
  history: readonly Activation[],
  now: Date,
): PolicyStanding {
  const { main, enforced } = inForceAt([...new Map(history.map((one) => [slotOf(one), one])).values()], now);
  if ([main, ...enforced].some((one) => one?.sha256 === sha256)) return 'active';
  const left = history.findLast((one) => one.previous === sha256 && !endsShadow(one, history));
  if (!left) return state;
  if (left.slot?.mode === 'withdrawn') return 'withdrawn';
  // Only a rollback has a reason.
  if (left.reason === null) return 'superseded';
  return approver && approver.at > left.at ? state : 'rolled_back';
}

/** A shadow decided nothing, so its end takes nothing out of force. */
function endsShadow(ending: Activation, history: readonly Activation[]): boolean {
  const ended = history.find((one) => slotOf(one) === slotOf(ending) && one.revision === ending.follows);
  return ended?.slot?.mode === 'shadow';
}

/** @throws DomainError POLICY_STATE_CONFLICT for a policy that was left by a rollback and not approved since */
export function requireNotRolledBack(policy: PolicyRecord, history: readonly Activation[], now: Date): void {
  if (standingOf(policy, history, now) !== 'rolled_back') return;
  throw new DomainError('POLICY_STATE_CONFLICT', `the policy ${policy.sha256} was rolled back`, {
    hint: `it comes into force again when it is approved anew: \`countersign policy approve ${policy.sha256}\``,
  });
}
