import { describe, expect, it } from 'vitest';
import type { Activation, PolicyRecord } from '../../../lib/core/policy.ts';
import {
  type PolicyStanding,
  requireNotRolledBack,
  shadowedSince,
  standingOf,
} from '../../../lib/core/policy-standing.ts';
import type { Slot } from '../../../lib/core/slots.ts';
import { digestOf } from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';

const time = (minute: number) => `2026-02-01T00:0${minute}:00.000Z`;
const NOW = new Date(time(9));
const person = (at: string) => ({ arn: 'arn', unique_id: 'AROA', at });

const policy = (name: string, approvedAt = time(0)): PolicyRecord => ({
  sha256: digestOf(name),
  bundle_revision: 'r',
  entrypoint: 'countersign/gate/result',
  size: 1,
  version_id: 'v',
  change_request: 'CHG-1',
  state: 'approved',
  revision: 3,
  author: person(time(0)),
  approver: person(approvedAt),
});

/** One after the other, a minute apart. */
function history(...steps: readonly Partial<Activation>[]): Activation[] {
  return steps.map((step, index) => ({
    sha256: digestOf('one'),
    previous: null,
    back_to: [],
    reason: null,
    at: time(index + 1),
    revision: index + 1,
    follows: index,
    ...step,
  }));
}
const [ONE, TWO] = [digestOf('one'), digestOf('two')];
const slot = (mode: Slot['mode'], until: string | null = null) => ({ slot: { name: 'freeze', mode, until } });

describe('how a policy stands', () => {
  it('is as far as it came, until it was in force', () => {
    expect(standingOf({ ...policy('one'), state: 'tested' }, [], NOW)).toBe('tested');
    expect(standingOf(policy('two'), history({}), NOW)).toBe('approved');
  });

  it('is active, then superseded by another one', () => {
    const activations = history({}, { sha256: TWO, previous: ONE });
    expect(standingOf(policy('two'), activations, NOW)).toBe('active');
    expect(standingOf(policy('one'), activations, NOW)).toBe('superseded');
  });

  it('is rolled_back, and the one before active again, until it is approved anew', () => {
    const activations = history(
      {},
      { sha256: TWO, previous: ONE },
      { sha256: ONE, previous: TWO, reason: 'too strict' },
    );
    expect(standingOf(policy('one'), activations, NOW)).toBe('active');
    expect(standingOf(policy('two'), activations, NOW)).toBe('rolled_back');
    expect(() => requireNotRolledBack(policy('two'), activations)).toThrow(refusal('POLICY_STATE_CONFLICT'));
    expect(standingOf(policy('two', time(5)), activations, NOW)).toBe('approved');
    expect(() => requireNotRolledBack(policy('two', time(5)), activations)).not.toThrow();
  });

  it.each<[string, readonly Partial<Activation>[], PolicyStanding]>([
    ['stands in a slot too', [], 'active'],
    ['was withdrawn from a slot since', [{ ...slot('withdrawn'), previous: TWO, reason: 'over' }], 'rolled_back'],
    ['was replaced in a slot since', [{ ...slot('enforced'), previous: TWO }], 'rolled_back'],
  ])('keeps it from coming back without a new approval that it was rolled back, also where it %s', (_, since, said) => {
    const activations = history(
      {},
      { sha256: TWO, previous: ONE },
      { sha256: TWO, ...slot('enforced') },
      { sha256: ONE, previous: TWO, reason: 'too lax' },
      ...since,
    );
    expect(standingOf(policy('two'), activations, NOW)).toBe(said);
    expect(() => requireNotRolledBack(policy('two'), activations)).toThrow(refusal('POLICY_STATE_CONFLICT'));
    expect(() => requireNotRolledBack(policy('two', time(8)), activations)).not.toThrow();
  });

  it('is active in a slot, and withdrawn from it', () => {
    const activations = history(slot('enforced'), { ...slot('withdrawn'), previous: ONE, reason: 'over' });
    expect(standingOf(policy('one'), activations.slice(0, 1), NOW)).toBe('active');
    expect(standingOf(policy('one'), activations, NOW)).toBe('withdrawn');
  });

  it('is not changed by being a shadow', () => {
    const activations = history(slot('shadow', time(8)), {
      ...slot('withdrawn'),
      previous: ONE,
      reason: 'seen enough',
    });
    expect(standingOf(policy('one'), activations.slice(0, 1), new Date(time(2)))).toBe('approved');
    expect(standingOf(policy('one'), activations, NOW)).toBe('approved');
  });
});

describe('a shadow is counted', () => {
  const shadow = { sha256: TWO, ...slot('shadow', time(8)) };
  const ended = { sha256: TWO, ...slot('withdrawn'), previous: TWO, reason: 'over' };
  it.each<[string, string | undefined, Activation[]]>([
    ['never, where it was none', undefined, history({}, { sha256: TWO, ...slot('enforced') })],
    ['from its start', time(2), history({}, shadow)],
    ['from its start, also where it was given another end', time(2), history({}, shadow, shadow)],
    ['from its last start', time(4), history({}, shadow, ended, shadow)],
    [
      'from its last start, where the one before ended by itself',
      time(3),
      history({}, { ...shadow, ...slot('shadow', time(3)) }, shadow),
    ],
    ['from when it stood beside the last main policy', time(3), history({}, shadow, {}, ended)],
    ['as long as it stood, whatever came after', time(2), history({}, shadow, ended, {})],
    [
      'as long as it stood, though nobody ended it',
      time(2),
      history({}, { ...shadow, ...slot('shadow', time(3)) }, {}, {}),
    ],
  ])('%s', (_, since, activations) => {
    expect(shadowedSince(TWO, activations)).toBe(since);
  });
});
