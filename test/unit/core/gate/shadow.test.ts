import { describe, expect, it } from 'vitest';
import type { RuleVerdict } from '../../../../lib/core/gate/input.ts';
import { addCounts, countShadow, type ShadowLine, shadowBroke, shadowSaid } from '../../../../lib/core/gate/shadow.ts';
import { digestOf } from '../../../support/manifests.ts';
import { verdict } from '../../cli/decisions.ts';

const place = { slot: 'candidate', policy: digestOf('candidate') };
const result = (...verdicts: (readonly [rule: string, kind: RuleVerdict['verdict']])[]) => ({
  verdicts: verdicts.map(([rule, kind]) => verdict({ rule, verdict: kind })),
  warnings: [],
});

describe('what a shadow said', () => {
  it('names the rules by which only one of the two keeps the gate shut', () => {
    const main = result(
      ['same', 'fail'],
      ['lenient', 'pass'],
      ['strict', 'undetermined'],
      ['gone', 'fail'],
      ['idle', 'pass'],
    );
    const shadow = result(
      ['same', 'undetermined'],
      ['lenient', 'fail'],
      ['strict', 'waived'],
      ['new', 'fail'],
      ['calm', 'pass'],
    );
    expect(shadowSaid(place, main, shadow, 'verdicts')).toEqual({
      ...place,
      said: 'FAILED',
      code: null,
      rules: ['gone', 'lenient', 'new', 'strict'],
    });
  });

  it('is of denials what they and the main policy come to: they can only close', () => {
    const denials = (kind: RuleVerdict['verdict']) => result(['acme.deny', kind]);
    const said = (main: RuleVerdict['verdict'], kind: RuleVerdict['verdict']) =>
      shadowSaid(place, result(['card', main]), denials(kind), 'denials');
    expect(said('fail', 'pass')).toEqual({ ...place, said: 'FAILED', code: null, rules: [] });
    expect(said('fail', 'fail')).toMatchObject({ said: 'FAILED', rules: ['acme.deny'] });
    expect(said('pass', 'fail')).toMatchObject({ said: 'FAILED', rules: ['acme.deny'] });
    expect(said('pass', 'pass')).toMatchObject({ said: 'PASSED', rules: [] });
  });

  it('names fifty rules at most', () => {
    const many = Array.from({ length: 200 }, (_, index) => [`rule_${index}`, 'fail'] as const);
    expect(shadowSaid(place, result(['a', 'pass']), result(...many), 'verdicts').rules).toHaveLength(50);
  });
});

describe('the counts of a shadow', () => {
  const line = (said: ShadowLine['said'], main: ShadowLine['main'], rules: string[] = []): ShadowLine => ({
    slot: 'candidate',
    said,
    code: said === 'BROKE' ? 'POLICY_TIMED_OUT' : null,
    rules,
    model: digestOf('model'),
    main,
  });

  it('tell what would have been otherwise, and by which rule', () => {
    const lines = [
      line('PASSED', 'PASSED'),
      line('FAILED', 'FAILED', ['b']),
      line('FAILED', 'PASSED', ['a', 'b']),
      line('PASSED', 'FAILED', ['a']),
      line('BROKE', 'PASSED'),
      line('LATE', 'PASSED'),
    ];
    expect(countShadow(lines)).toEqual({
      gates: 6,
      same: 2,
      would_fail: 1,
      would_pass: 1,
      broke: 1,
      late: 1,
      rules: { a: 2, b: 2 },
    });
  });

  it('are numbers also of a rule that is named like what every object has', () => {
    const counts = countShadow([line('FAILED', 'PASSED', ['constructor'])]);
    expect(addCounts(counts, counts).rules).toEqual({ constructor: 2 });
  });

  it('are empty where it saw nothing', () => {
    expect(countShadow([])).toEqual({ gates: 0, same: 0, would_fail: 0, would_pass: 0, broke: 0, late: 0, rules: {} });
  });

  it('hold the code of what broke', () => {
    expect(shadowBroke(place, 'POLICY_FAILED')).toEqual({ ...place, said: 'BROKE', code: 'POLICY_FAILED', rules: [] });
  });
});
