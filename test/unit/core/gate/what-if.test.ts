import { describe, expect, it } from 'vitest';
import type { GateResult, RuleVerdict, Verdict } from '../../../../lib/core/gate/input.ts';
import { compareDecided, compareResults } from '../../../../lib/core/gate/what-if.ts';
import { whoseModel } from '../../../../lib/core/gate/what-if-facts.ts';
import { type Outcome, ReportBuilder } from '../../../../lib/core/gate/what-if-report.ts';
import { bytesOf, digestOf } from '../../../support/manifests.ts';
import { refusal } from '../../../support/refusals.ts';

const verdict = (rule: string, is: Verdict, changes: Partial<RuleVerdict> = {}): RuleVerdict => ({
  rule,
  verdict: is,
  severity: 'high',
  controls: [],
  effective_on: '2026-01-01T00:00:00Z',
  reasons: is === 'fail' ? [{ code: 'why', params: {} }] : [],
  waiver: null,
  ...changes,
});
const result = (verdicts: Readonly<Record<string, Verdict>>, warnings: readonly RuleVerdict[] = []): GateResult => ({
  verdicts: Object.entries(verdicts).map(([rule, is]) => verdict(rule, is)),
  warnings,
});

describe('what another policy says of the same facts', () => {
  it.each([
    ['same', { a: 'pass' }, { a: 'pass' }, []],
    ['same', { a: 'pass' }, { a: 'waived' }, []],
    ['same', { a: 'fail' }, { a: 'undetermined' }, []],
    ['same', { a: 'pass' }, { a: 'pass', b: 'pass' }, []],
    ['same', { a: 'pass', b: 'pass' }, { a: 'pass' }, []],
    ['would_fail', { a: 'pass' }, { a: 'fail' }, ['a pass fail']],
    ['would_fail', { a: 'pass' }, { a: 'undetermined' }, ['a pass undetermined']],
    ['would_fail', { a: 'pass' }, { a: 'pass', b: 'fail' }, ['b null fail']],
    ['would_pass', { a: 'fail' }, { a: 'not_applicable' }, ['a fail not_applicable']],
    ['would_pass', { a: 'pass', b: 'fail' }, { a: 'pass' }, ['b fail null']],
    ['differ', { a: 'fail', b: 'pass' }, { a: 'fail', b: 'fail' }, ['b pass fail']],
    ['differ', { a: 'fail', b: 'pass' }, { a: 'pass', b: 'fail' }, ['a fail pass', 'b pass fail']],
  ] as const)('is %s when %j becomes %j', (expected, before, after, rules) => {
    const compared = compareResults(result(before), result(after));
    expect(compared.result).toBe(expected);
    expect(compared.rules.map(({ rule, before: was, after: is }) => `${rule} ${was} ${is}`)).toEqual(rules);
  });

  it('gives the reasons of the one that refuses', () => {
    const refusing = {
      ...result({}),
      verdicts: [verdict('a', 'fail', { reasons: [{ code: 'no', params: { n: 1 } }] })],
    };
    const reasons = [{ code: 'no', params: { n: 1 } }];
    expect(compareResults(result({ a: 'pass' }), refusing).rules[0]?.reasons).toEqual(reasons);
    expect(compareResults(refusing, result({ a: 'pass' })).rules[0]?.reasons).toEqual(reasons);
  });

  it('counts a rule that is judged twice as refusing when it refuses once', () => {
    const twice = { verdicts: [verdict('a', 'fail'), verdict('a', 'pass')], warnings: [] };
    expect(compareResults(result({ a: 'pass' }), twice).rules).toMatchObject([{ rule: 'a', after: 'fail' }]);
  });

  it('names rules that will refuse later, and none that will not', () => {
    const warnings = [verdict('later', 'fail'), verdict('fine', 'pass')];
    expect(compareResults(result({ a: 'pass' }), result({ a: 'pass' }, warnings)).warnings).toEqual([
      { rule: 'later', effective_on: '2026-01-01T00:00:00Z' },
    ]);
  });

  it('stays small whatever a policy says', () => {
    const reasons = Array.from({ length: 9 }, () => ({ code: 'c'.repeat(999), params: { text: 'x'.repeat(9999) } }));
    const verdicts = Array.from({ length: 200 }, (_, n) => verdict(`r${n}`, 'fail', { reasons }));
    const { rules } = compareResults(result({ a: 'pass' }), { verdicts, warnings: verdicts });
    expect(rules).toHaveLength(50);
    expect(JSON.stringify(rules).length).toBeLessThan(50_000);
  });
});

describe('what a candidate says where it can stand', () => {
  const decided = (main: Verdict, slot?: Verdict) => ({
    result: result({ signed: main }),
    beside: slot === undefined ? [] : [{ slot: 'freeze', result: result({ 'acme.deny': slot }) }],
  });
  it.each([
    ['would_pass', decided('fail'), 'pass', 'verdicts'],
    ['differ', decided('fail', 'fail'), 'pass', 'verdicts'],
    ['same', decided('pass', 'fail'), 'pass', 'verdicts'],
    ['would_fail', decided('pass', 'pass'), 'fail', 'verdicts'],
    ['same', decided('fail'), 'pass', 'denials'],
    ['same', decided('pass', 'fail'), 'pass', 'denials'],
    ['differ', decided('pass', 'fail'), 'fail', 'denials'],
    ['would_fail', decided('pass', 'pass'), 'fail', 'denials'],
  ] as const)('is %s: of %j it says %s by %s', (expected, stored, says, form) => {
    const rule = form === 'denials' ? 'theirs.deny' : 'signed';
    expect(compareDecided(stored, result({ [rule]: says }), form).result).toBe(expected);
  });
});

describe('whose model it is', () => {
  const MODEL = digestOf('iris');
  const training = (producer: string, changes = {}) => ({
    principal: producer,
    stage: 'training',
    outputs: [MODEL],
    signature: { state: 'verified' },
    predicate: { model: { id: `iris of ${producer}`, sha256: MODEL } },
    ...changes,
  });
  const whose = (...attestations: readonly object[]) => whoseModel(bytesOf(Object({ attestations })), MODEL);

  it('is told by the first verified training of it, and by no other evidence', () => {
    const others = [
      training('a', { signature: { state: 'unsigned' } }),
      training('b', { outputs: [digestOf('other')] }),
      training('c', { stage: 'evaluation' }),
      training('d', { stage: null, predicate: null }),
    ];
    expect(whose(...others)).toEqual({ model_name: null, producer: null });
    expect(whose(...others, training('e'), training('f'))).toEqual({ model_name: 'iris of e', producer: 'e' });
  });

  it('is told without a name by a training that names none, or another model', () => {
    expect(whose(training('a', { predicate: {} }))).toEqual({ model_name: null, producer: 'a' });
    const predicate = { model: { id: 'other', sha256: digestOf('other') } };
    expect(whose(training('a', { predicate }))).toEqual({ model_name: null, producer: 'a' });
  });

  it('is not read from what are no facts', () => {
    expect(() => whoseModel(Buffer.from('[]'), MODEL)).toThrow(refusal('INTEGRITY_FAILURE'));
  });
});

describe('a report', () => {
  const POLICY = { sha256: digestOf('policy'), revision: 'r2', entrypoint: 'countersign/gate/result' };
  const ABOUT = {
    simulation: digestOf('question'),
    slot: 'main',
    from: '2026-01-01T00:00:00.000Z',
    to: '2026-02-01T00:00:00.000Z',
    environment: null,
    complete_until: '2026-02-01T00:00:00.000Z',
    skipped: 0,
    results: [],
  };
  type Flip = Extract<Outcome, { requester: unknown }>;
  const flip = (n: number, changes: Partial<Flip> = {}): Flip => ({
    decision: digestOf(`decision ${n}`),
    model: digestOf(`model ${n}`),
    environment: 'production',
    decided_at: '2026-01-15T00:00:00.000Z',
    form: 'verdicts',
    result: 'would_fail',
    rules: [{ rule: 'a', before: 'pass', after: 'fail', reasons: [] }],
    warnings: [],
    requester: 'ci',
    model_name: `model ${n}`,
    producer: 'training-pipeline',
    ...changes,
  });
  function kept(n: number, changes: Partial<Extract<Outcome, { result: 'same' | 'differ' }>>): Outcome {
    const { requester, model_name, producer, ...about } = flip(n);
    return { ...about, result: 'same', ...changes };
  }
  const reportOf = (outcomes: readonly Outcome[]) => {
    const builder = new ReportBuilder();
    for (const one of outcomes) builder.add(one);
    return builder.build(ABOUT, POLICY);
  };

  it('counts by result, rule, environment, model and warning', () => {
    const warnings = [{ rule: 'later', effective_on: '2027-01-01T00:00:00Z' }];
    const passing = [{ rule: 'b', before: 'fail' as const, after: null, reasons: [] }];
    const report = reportOf([
      flip(1),
      flip(2, { model: digestOf('model 1'), environment: 'staging' }),
      flip(3, { result: 'would_pass', rules: passing }),
      kept(4, { rules: [], warnings }),
      kept(5, { result: 'differ' }),
      { decision: digestOf('decision 6'), result: 'unjudged', code: 'POLICY_FAILED' },
    ]);
    expect(report.counts).toEqual({ decisions: 6, same: 1, differ: 1, would_fail: 2, would_pass: 1, unjudged: 1 });
    expect(report.rules).toEqual([
      { rule: 'a', would_fail: 3, would_pass: 0 },
      { rule: 'b', would_fail: 0, would_pass: 1 },
    ]);
    expect(report.environments).toEqual([
      { environment: 'experimental', decisions: 0, would_fail: 0, would_pass: 0 },
      { environment: 'staging', decisions: 1, would_fail: 1, would_pass: 0 },
      { environment: 'production', decisions: 4, would_fail: 1, would_pass: 1 },
    ]);
    const models = new Map(report.models.map(({ sha256, ...row }) => [sha256, row]));
    expect(models.get(digestOf('model 1'))).toEqual({ would_fail: 2, would_pass: 0 });
    expect(models.size).toBe(2);
    expect(report.warnings).toEqual([{ rule: 'later', effective_on: '2027-01-01T00:00:00Z', decisions: 1 }]);
    expect(report.flips.map(({ evidence }) => evidence)).toEqual(
      [1, 2, 3].map((n) => `/v1/evidence/${digestOf(`decision ${n}`)}`),
    );
    expect(report.unjudged).toEqual([{ decision: digestOf('decision 6'), code: 'POLICY_FAILED' }]);
    expect(report.unjudged_codes).toEqual([{ code: 'POLICY_FAILED', decisions: 1 }]);
  });

  it('lists so much and counts the rest', () => {
    const report = reportOf(Array.from({ length: 1500 }, (_, n) => flip(n)));
    expect(report.counts.would_fail).toBe(1500);
    expect([report.flips.length, report.models.length]).toEqual([1000, 1000]);
    expect(report.not_listed).toEqual({ rules: 0, models: 500, warnings: 0, flips: 500, unjudged: 0 });
  });

  it('has room for 2 MB of flips', () => {
    const reasons = [{ code: 'why', params: { text: 'x'.repeat(20_000) } }];
    const large = [{ rule: 'a', before: 'pass' as const, after: 'fail' as const, reasons }];
    const report = reportOf(Array.from({ length: 500 }, (_, n) => flip(n, { rules: large })));
    expect(report.flips.length).toBeLessThan(120);
    expect(report.flips.length + report.not_listed.flips).toBe(500);
  });
});
