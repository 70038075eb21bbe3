import { describe, expect, it } from 'vitest';
import type { Decided } from '../../../lib/app/gate/evaluate.ts';
import { shadowBroke } from '../../../lib/core/gate/shadow.ts';
import { gateAnswer } from '../../../lib/runtime/gate-answers.ts';
import { asObject, newKey } from '../../support/keys.ts';
import { digestOf, NOW } from '../../support/manifests.ts';
import { NO_FACTS, signedDecision, verdict } from '../cli/decisions.ts';

const policyOf = (name: string) => ({ sha256: digestOf(name), revision: name, entrypoint: 'acme/freeze/deny' });
const result = { verdicts: [verdict()], warnings: [] };
const beside = [{ slot: 'freeze', policy: policyOf('acme'), result }];
const bytes = signedDecision(newKey(), { result, beside });
const DECIDED: Decided = {
  passed: true,
  input: NO_FACTS,
  inputSha256: digestOf('input'),
  policy: policyOf('ours'),
  result,
  beside,
  shadows: [shadowBroke({ slot: 'candidate', policy: digestOf('candidate') }, 'POLICY_TIMED_OUT')],
  decidedAt: NOW,
  asOf: false,
  evidence: digestOf('decision'),
  bytes,
};

function answered(changes: Partial<Decided> = {}) {
  const logged: Readonly<Record<string, unknown>>[] = [];
  const keep = (_event: string, fields: Readonly<Record<string, unknown>>) => void logged.push(fields);
  const answer = gateAnswer({ kind: 'decided', decided: { ...DECIDED, ...changes } }, { info: keep, warn: keep });
  return { body: answer.body, line: logged[0] };
}

describe('the answer of a gate of several policies', () => {
  it('tells what each said, and what a shadow came to', () => {
    expect(answered().body).toMatchObject({
      result: 'PASSED',
      policy: policyOf('ours'),
      beside: [{ slot: 'freeze', policy: policyOf('acme'), ...result }],
      shadows: [{ slot: 'candidate', said: 'BROKE', code: 'POLICY_TIMED_OUT' }],
      attestation: asObject(bytes),
    });
  });

  it('is logged with the bundle of each policy that decided, and counts the shadows that differed', () => {
    expect(answered().line).toMatchObject({
      bundles: {
        countersign: { revision: 'ours', sha256: digestOf('ours') },
        'countersign/freeze': { revision: 'acme', sha256: digestOf('acme') },
      },
      GatePassed: 1,
      ShadowDiffered: 1,
    });
    expect(answered({ shadows: [] }).line).toMatchObject({ ShadowDiffered: 0 });
  });

  it('about the past counts nothing', () => {
    expect(answered({ asOf: true }).line).not.toHaveProperty('ShadowDiffered');
  });
});
