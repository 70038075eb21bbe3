import * as z from 'zod/mini';
import { DomainError } from './errors.ts';
import type { Activation } from './policy.ts';

/** What the place of the policy that decides alone is called; what stands in the others decides beside it. */
export const MAIN = 'main';

/** Policies that stand beside the main one at a time: each costs every gate an evaluation. */
export const MAX_SLOTS = 4;

/** Names that slots may ever have had: what a slot was left by stays to be read, and verified, by every gate. */
export const MAX_SLOT_NAMES = 16;

/** A shadow ends by itself after this long at most. */
export const MAX_SHADOW_DAYS = 90;

const Slot = z.object({
  name: z.string(),
  /**
   * - enforced: the gate passes only if this policy lets it pass too.
   * - shadow: it decides nothing; what it would have decided is counted.
   * - withdrawn: nothing stands there any more.
   */
  mode: z.enum(['enforced', 'shadow', 'withdrawn']),
  /** When a shadow ends, exclusive; null of others. */
  until: z.nullable(z.string()),
});

/** A named place beside the main policy, and how a policy stands in it. */
export type Slot = Readonly<z.output<typeof Slot>>;
export const SlotSchema: z.ZodMiniType<Slot> = Slot;

/** Slot of an activation. */
export function slotOf({ slot }: Pick<Activation, 'slot'>): string {
  return slot?.name ?? MAIN;
}

/** Whether a policy still stands where it was put: nobody withdrew it, and it has not ended by itself. */
export function stands({ slot }: Activation, at: Date): boolean {
  if (!slot || slot.mode === 'enforced') return true;
  return slot.mode === 'shadow' && slot.until !== null && at.toISOString() < slot.until;
}

/** What is in force at a time. */
export interface InForce {
  readonly main: Activation | undefined;
  /** By the names of their slots. */
  readonly enforced: readonly Activation[];
  readonly shadows: readonly Activation[];
}

/**
 * Sorts the newest activation of each slot by what it does. A policy that decides already is not asked twice: its shadow, or a
 * second slot, would say the same.
 */
export function inForceAt(activations: readonly Activation[], at: Date): InForce {
  const standing = activations
    .filter((one) => stands(one, at))
    .toSorted((a, b) => rank(a) - rank(b) || (slotOf(a) < slotOf(b) ? -1 : 1));
  const asked = new Map(standing.toReversed().map((one) => [one.sha256, one]));
  const each = standing.filter((one) => asked.get(one.sha256) === one);
  return {
    main: each.find(({ slot }) => slot === undefined),
    enforced: each.filter(({ slot }) => slot?.mode === 'enforced'),
    shadows: each.filter(({ slot }) => slot?.mode === 'shadow'),
  };
}

function rank({ slot }: Activation): number {
  if (!slot) return 0;
  return slot.mode === 'enforced' ? 1 : 2;
}

/**
 * @param activations - the newest of each slot
 * @throws DomainError POLICY_STATE_CONFLICT when one more policy, or one more name, would be too many
 */
export function requireRoom(activations: readonly Activation[], slot: string, at: Date): void {
  const others = activations.filter((one) => one.slot && slotOf(one) !== slot);
  const standing = others.filter((one) => stands(one, at));
  if (standing.length >= MAX_SLOTS) {
    throw new DomainError('POLICY_STATE_CONFLICT', `${MAX_SLOTS} policies stand beside the main one already`, {
      pointer: '/slot',
      hint: `withdraw one of ${namesOf(standing)} first: \`countersign policy withdraw\``,
    });
  }
  if (others.length >= MAX_SLOT_NAMES) {
    throw new DomainError('POLICY_STATE_CONFLICT', `slots have had ${MAX_SLOT_NAMES} names already`, {
      pointer: '/slot',
      hint: `take one where nothing stands: ${namesOf(others.filter((one) => !standing.includes(one)))}`,
    });
  }
}

function namesOf(activations: readonly Activation[]): string {
  return activations.map(slotOf).toSorted().join(', ');
}
