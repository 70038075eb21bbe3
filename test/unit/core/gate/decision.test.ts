import { describe, expect, it } from 'vitest';
import { VERDICTS_FIELD } from '../../../../lib/contracts/predicates.ts';
import { type Beside, decisionPayload, parseDecision } from '../../../../lib/core/gate/decision.ts';
import type { JsonObject } from '../../../../lib/core/json.ts';
import { parseStrictJson } from '../../../../lib/core/json.ts';
import { parseStatement } from '../../../../lib/core/statement.ts';
import { digestOf, NOW } from '../../../support/manifests.ts';
import { refusal } from '../../../support/refusals.ts';
import { NO_FACTS, verdict } from '../../cli/decisions.ts';

const policyOf = (name: string) => ({ sha256: digestOf(name), revision: name, entrypoint: 'a/b' });
const denied: Beside = {
  slot: 'freeze',
  policy: policyOf('acme'),
  result: { verdicts: [verdict({ verdict: 'fail' })], warnings: [] },
};

function statementOf(beside: readonly Beside[], passed: boolean) {
  const result = { verdicts: [verdict()], warnings: [] };
  const payload = decisionPayload({
    passed,
    input: NO_FACTS,
    inputSha256: digestOf('input'),
    policy: policyOf('ours'),
    result,
    beside,
    shadows: [],
    decidedAt: NOW,
    asOf: false,
  });
  return parseStatement(parseStrictJson(payload));
}

describe('a decision', () => {
  it('is read with what was said in each slot', () => {
    expect(parseDecision(statementOf([denied], false))).toMatchObject({ passed: false, beside: [denied] });
  });

  it('of a build that knew no slots is read as it was made', () => {
    const statement = statementOf([], true);
    const { beside, shadows, ...said } = statement.predicate[VERDICTS_FIELD] as JsonObject;
    expect({ beside, shadows }).toEqual({ beside: [], shadows: [] });
    const earlier = { ...statement, predicate: { ...statement.predicate, [VERDICTS_FIELD]: said } };
    expect(parseDecision(earlier)).toEqual(parseDecision(statement));
  });

  it('that says PASSED though a policy in a slot denied is refused', () => {
    expect(() => parseDecision(statementOf([denied], true))).toThrow(
      refusal('PREDICATE_INVALID', '/predicate/verificationResult'),
    );
  });

  it('is about one model, not about none or two', () => {
    const statement = statementOf([], true);
    const another = { name: 'model', digest: { sha256: digestOf('another') } };
    for (const subject of [[], [...statement.subject, another]]) {
      expect(() => parseDecision({ ...statement, subject })).toThrow(refusal('PREDICATE_INVALID', '/subject'));
    }
  });
});
