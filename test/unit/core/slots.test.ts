import { describe, expect, it } from 'vitest';
import type { Activation } from '../../../lib/core/policy.ts';
import { ShadowPolicySchema, WithdrawPolicySchema } from '../../../lib/core/requests.ts';
import { inForceAt, MAX_SLOTS, requireRoom, type Slot } from '../../../lib/core/slots.ts';
import { digestOf, NOW } from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';

const at = new Date(NOW);
const later = new Date(at.getTime() + 1000).toISOString();

function activation(
  policy: string,
  name?: string,
  mode: Slot['mode'] = 'enforced',
  until: string | null = null,
): Activation {
  return {
    sha256: digestOf(policy),
    ...(name === undefined ? {} : { slot: { name, mode, until } }),
    previous: null,
    back_to: [],
    reason: null,
    at: NOW,
    revision: 1,
    follows: 0,
  };
}

describe('what is in force', () => {
  it('is the main policy, what is enforced beside it and the shadows, by their slots', () => {
    const [main, b, a] = [activation('main'), activation('1', 'b'), activation('2', 'a')];
    const shadow = activation('3', 'c', 'shadow', later);
    expect(inForceAt([shadow, b, main, a], at)).toEqual({ main, enforced: [a, b], shadows: [shadow] });
  });

  it.each([
    ['a policy that was withdrawn', activation('1', 'a', 'withdrawn')],
    ['a shadow at its end', activation('1', 'a', 'shadow', NOW)],
    ['a shadow without an end', activation('1', 'a', 'shadow', null)],
  ])('is not %s', (_, gone) => {
    expect(inForceAt([gone], at)).toEqual({ main: undefined, enforced: [], shadows: [] });
  });

  it('asks a policy once, where it decides most', () => {
    const main = activation('same');
    const [enforced, shadow] = [activation('same', 'a'), activation('same', 'b', 'shadow', later)];
    expect(inForceAt([shadow, enforced, main], at)).toEqual({ main, enforced: [], shadows: [] });
    expect(inForceAt([shadow, enforced], at)).toEqual({ main: undefined, enforced: [enforced], shadows: [] });
  });
});

describe('the room beside the main policy', () => {
  const full = Array.from({ length: MAX_SLOTS }, (_, index) => activation(`policy ${index}`, `slot-${index}`));

  it('holds four, and whatever takes the place of one of them', () => {
    expect(() => requireRoom([activation('main'), ...full.slice(1)], 'one-more', at)).not.toThrow();
    expect(() => requireRoom([activation('main'), ...full], 'slot-0', at)).not.toThrow();
    expect(() => requireRoom([...full.slice(1), activation('x', 'slot-0', 'withdrawn')], 'one-more', at)).not.toThrow();
  });

  it('holds no fifth', () => {
    expect(() => requireRoom(full, 'one-more', at)).toThrow(refusal('POLICY_STATE_CONFLICT', '/slot'));
  });
});

describe('the name of a slot', () => {
  const until = later;
  it.each(['a', 'freeze', 'acme-2', 'x'.repeat(32)])('may be %s', (slot) => {
    expect(ShadowPolicySchema.safeParse({ slot, until }).success).toBe(true);
  });

  it.each(['', 'main', 'Freeze', '2nd', 'a/b', '../a', 'a b', 'ä', 'x'.repeat(33), 'current#a'])(
    'may not be %j',
    (slot) => {
      expect(ShadowPolicySchema.safeParse({ slot, until }).success).toBe(false);
      expect(WithdrawPolicySchema.safeParse({ slot, from: digestOf('x'), reason: 'a reason' }).success).toBe(false);
    },
  );
});
