import { describe, expect, it } from 'vitest';
import { explain, REASON_CODES } from '../../../lib/core/gate/reasons.ts';
import { sources } from '../../../policies/files.ts';
import { misunderstood } from '../../support/commands.ts';
import { CASES } from './cases.ts';
import { loadPolicy } from './policy.ts';

const rego = [...sources()].filter(([path]) => path.endsWith('.rego')).map(([, text]) => text.toString('utf8'));

describe('the sentence of a reason', () => {
  it('is there for every code that a rule writes', () => {
    const codes = rego.flatMap((text) => [...text.matchAll(/"code": "(\w+)"/g)].map(([, code]) => code));
    expect(codes.length).toBeGreaterThan(0);
    expect(codes.filter((code) => code !== undefined && !REASON_CODES.includes(code))).toEqual([]);
  });

  it('is there for no code that no rule writes', () => {
    expect(REASON_CODES.filter((code) => !rego.some((text) => text.includes(`"${code}"`)))).toEqual([]);
  });

  it('has a value for every parameter that it speaks of', async () => {
    const evaluate = await loadPolicy();
    const reasons = CASES.flatMap(({ input }) => evaluate(input)?.verdicts.flatMap((verdict) => verdict.reasons) ?? []);
    const lacking = reasons.filter((reason) => /null|undefined/.test(explain(reason).sentence));
    expect(lacking).toEqual([]);
  });

  it('gives commands that can be run', async () => {
    const evaluate = await loadPolicy();
    const reasons = CASES.flatMap(({ input }) => evaluate(input)?.verdicts.flatMap((verdict) => verdict.reasons) ?? []);
    const fixes = reasons.flatMap((reason) => explain(reason).fix ?? []);
    const commands = fixes.flatMap((fix) =>
      [...fix.matchAll(/`countersign ((?:run|attest) [^`]*)`/g)].map(([, args]) => args),
    );
    expect(commands.length).toBeGreaterThan(0);
    const wrong = [...new Set(commands)].flatMap((args = '') => misunderstood(args.split(' ')));
    expect(wrong).toEqual([]);
    expect(commands.filter((args) => args?.includes('…'))).toEqual([]);
  });

  it('names the thing and the command that mends it', () => {
    const dataset = 'ab'.repeat(32);
    const { sentence, fix } = explain({ code: 'consent_missing', params: { dataset } });
    expect(sentence).toBe('nobody attests that the data set abababababab may be used');
    expect(fix).toContain(`countersign attest --type scai --predicate report.json --subject data@sha256:${dataset}`);
  });

  it("shows the code and parameters of somebody else's rule", () => {
    expect(explain({ code: 'toString', params: {} })).toEqual({ sentence: 'toString', fix: undefined });
    expect(explain({ code: 'acme_weekend', params: { day: 'Sunday', hours: [1, 2] } }).sentence).toBe(
      'acme_weekend (day: Sunday, hours: [1,2])',
    );
  });
});
