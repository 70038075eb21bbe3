import { describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../../../lib/core/canonical.ts';
import { explain } from '../../../../lib/core/gate/reasons.ts';
import { isPassed, parseBesideResult, parseGateResult } from '../../../../lib/core/gate/result.ts';
import type { Json } from '../../../../lib/core/json.ts';
import { refusal } from '../../../support/refusals.ts';

const ENTRYPOINT = 'acme/freeze/deny';
const beside = (answer: Json | undefined) => parseBesideResult(answer, ENTRYPOINT);
const sentences = (answer: Json) =>
  beside(answer).verdicts.flatMap(({ reasons }) => reasons.map((reason) => explain(reason).sentence));

describe("somebody else's denials", () => {
  it('are a rule that passes when there is none', () => {
    const result = beside([]);
    expect(isPassed(result)).toBe(true);
    expect(result).toEqual({
      verdicts: [
        {
          rule: 'acme.freeze.deny',
          verdict: 'pass',
          severity: 'high',
          controls: [],
          effective_on: '1970-01-01T00:00:00.000Z',
          reasons: [],
          waiver: null,
        },
      ],
      warnings: [],
    });
  });

  it('are reasons of a rule that fails, whether they are texts or objects', () => {
    const answer = ['no releases today', { msg: 'no owner', code: 'K8S-7', details: { model: 'm' }, _loc: 'x.rego' }];
    expect(isPassed(beside(answer))).toBe(false);
    expect(sentences(answer)).toEqual(['it says: no releases today', 'it says: no owner [K8S-7] {"model":"m"}']);
  });

  it.each([
    ['acme/freeze/deny', 'acme.freeze.deny'],
    ['K8sRequired/_private/2nd-Rule', 'k8srequired.x_private.x2nd_rule'],
    ['deny', 'deny'],
  ])('of %s are the rule %s', (entrypoint, rule) => {
    expect(parseBesideResult([], entrypoint).verdicts).toMatchObject([{ rule }]);
  });

  it('are quoted in bounds, and counted beyond them', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => ({
      msg: `${index} ${'x'.repeat(10_000)}`,
      code: 'c'.repeat(10_000),
      details: { long: 'd'.repeat(10_000) },
    }));
    const result = beside(many);
    expect(result.verdicts[0]?.reasons).toHaveLength(101);
    expect(canonicalBytes(result).length).toBeLessThan(150_000);
    expect(sentences(many).at(-1)).toBe('and 9900 more');
  });

  it('have a canonical form whatever their text holds', () => {
    const hostile = `\u0000\u001b[2J\u202e\ud800 ${'😀'.repeat(1000)}`;
    expect(() => canonicalBytes(beside([hostile, { msg: hostile, code: hostile }]))).not.toThrow();
  });

  it.each([
    ['a text', 'denied'],
    ['a number', 1],
    ['true', true],
    ['null', null],
    ['nothing', undefined],
    ['an object', { deny: [] }],
    ['numbers', [1]],
    ['objects without a text', [{ message: 'no' }]],
    ['lists', [['no']]],
  ] as [string, Json | undefined][])('are not %s', (_, answer) => {
    expect(() => beside(answer)).toThrow(refusal('POLICY_RESULT_INVALID'));
  });

  it('are no answer of the main policy: an empty list would open every gate', () => {
    expect(() => parseGateResult([])).toThrow(refusal('POLICY_RESULT_INVALID'));
  });
});
