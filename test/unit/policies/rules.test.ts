import { describe, expect, it } from 'vitest';
import type { GateResult } from '../../../lib/core/gate/input.ts';
import { REASON_CODES } from '../../../lib/core/gate/reasons.ts';
import { CASES } from './cases.ts';
import { PASSING } from './fixture.ts';
import { DATA, loadPolicy, type PolicyData } from './policy.ts';

const evaluate = await loadPolicy();
const { catalog, config } = DATA.countersign;
const ids = Object.keys(catalog);

async function withData(countersign: PolicyData['countersign']): Promise<GateResult> {
  const result = (await loadPolicy({ countersign }))(PASSING);
  if (!result) throw new Error('the policy decides nothing');
  return result;
}

describe.each(ids)('%s', (rule) => {
  const cases = CASES.filter((one) => one.rule === rule);

  it.each(cases)('answers $verdict when $when', ({ input, verdict, codes }) => {
    const answer = evaluate(input)?.verdicts.find((one) => one.rule === rule);
    expect({ verdict: answer?.verdict, codes: [...new Set(answer?.reasons.map(({ code }) => code))] }).toEqual({
      verdict,
      codes,
    });
  });

  it('is tried both ways', () => {
    const verdicts = new Set(cases.map(({ verdict }) => verdict));
    expect([...verdicts]).toEqual(expect.arrayContaining(['pass', 'fail', 'undetermined']));
  });
});

describe('the gate', () => {
  it('lets a whole release through', () => {
    const result = evaluate(PASSING);
    expect(result?.verdicts.map(({ rule }) => rule)).toEqual(ids);
    expect(new Set(result?.verdicts.map(({ verdict }) => verdict))).toEqual(new Set(['pass']));
    expect(result?.warnings).toEqual([]);
  });

  it('tells with each verdict what the catalogue says of its rule', () => {
    for (const { rule, severity, controls, effective_on } of evaluate(PASSING)?.verdicts ?? []) {
      expect({ severity, controls, effective_on }).toEqual({
        severity: catalog[rule]?.severity,
        controls: catalog[rule]?.controls,
        effective_on: catalog[rule]?.effective_on,
      });
    }
  });

  it.each(['experimental', 'staging'] as const)('asks only the rules of %s', (environment) => {
    const asked = evaluate({ ...PASSING, environment })?.verdicts.map(({ rule }) => rule);
    expect(asked).toEqual(ids.filter((id) => catalog[id]?.environments.includes(environment)));
  });

  it('names the exception that let a failure through', () => {
    const waived = CASES.find(({ verdict }) => verdict === 'waived');
    const answer = waived && evaluate(waived.input)?.verdicts.find(({ rule }) => rule === waived.rule);
    expect(waived?.input.waivers).toMatchObject({ items: [{ evidence: answer?.waiver }] });
  });

  it('warns of a rule that does not bite yet', async () => {
    const rule = catalog.model_card;
    if (!rule) throw new Error('there is a rule on model cards');
    const later = { ...rule, effective_on: '2027-01-01T00:00:00.000Z' };
    const { verdicts, warnings } = await withData({ config, catalog: { ...catalog, model_card: later } });
    expect(warnings).toMatchObject([{ rule: 'model_card', verdict: 'pass', effective_on: later.effective_on }]);
    expect(verdicts.map((one) => one.rule)).not.toContain('model_card');
  });

  it('decides nothing on facts of another form', () => {
    expect(evaluate({ ...PASSING, model: { sha256: '' } })).toBeUndefined();
  });

  it('gives every reason that there is a sentence for', async () => {
    const { commit_recorded: recorded } = catalog;
    if (!recorded) throw new Error('there is a rule on commits');
    const rest = { ...catalog, commit_recorded: { ...recorded, phases: ['request' as const] }, no_such_rule: recorded };
    const images = { max_scan_age_days: 30, limits: {} };
    const { verdicts: unusual } = await withData({ config: { ...config, images }, catalog: rest });
    const usual = CASES.flatMap(({ input }) => evaluate(input)?.verdicts ?? []);
    const codes = new Set([...usual, ...unusual].flatMap(({ reasons }) => reasons.map(({ code }) => code)));
    expect([...codes].toSorted()).toEqual(REASON_CODES);
  });
});
