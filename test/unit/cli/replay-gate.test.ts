import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type ReplayParts, replayGate } from '../../../cli/gate/replay.ts';
import { replayLines } from '../../../cli/gate/replay-lines.ts';
import { readPolicyBundle } from '../../../lib/adapters/opa/bundle.ts';
import { packPolicyBundle } from '../../../lib/adapters/opa/pack.ts';
import { loadPolicy } from '../../../lib/adapters/opa/policy.ts';
import { canonicalBytes } from '../../../lib/core/canonical.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { decisionPayload } from '../../../lib/core/gate/decision.ts';
import type { GateResult, RuleVerdict } from '../../../lib/core/gate/input.ts';
import { parseBesideResult, parseGateResult } from '../../../lib/core/gate/result.ts';
import { parsePublicKey } from '../../../lib/core/keys.ts';
import { newKey, signedPayload } from '../../support/keys.ts';
import { digestOf } from '../../support/manifests.ts';
import { POLICY_FOLDER, passingInput, signedDecision } from './decisions.ts';

const BROKEN = readFileSync(new URL('../../fixtures/policies/broken.tar.gz', import.meta.url));

const key = newKey();
const policy = await packPolicyBundle(POLICY_FOLDER);
const compiled = await loadPolicy(await readPolicyBundle(policy));
const facts = passingInput();
const input = canonicalBytes(facts);
const result = parseGateResult(await compiled.evaluate(input));

/** What a deployment kept of a decision that came to `signed`. */
const parts = (changes: Partial<ReplayParts> = {}, signed: GateResult = result): ReplayParts => ({
  decision: signedDecision(key, { result: signed, input: facts, policy: compiled }),
  input,
  policy,
  evidenceKeys: [parsePublicKey(key.pem)],
  ...changes,
});

const failed = async (changed: ReplayParts) => {
  const { identical, checks } = await replayGate(changed);
  expect(identical).toBe(false);
  return checks.filter((check) => check.result === 'fail').map(({ name }) => name);
};

const THEIRS = await packPolicyBundle(fileURLToPath(new URL('../../../examples/policies/bundle', import.meta.url)));
const theirs = await loadPolicy(await readPolicyBundle(THEIRS));
const denial = parseBesideResult(await theirs.evaluate(input), theirs.entrypoint);
const { sha256, revision, entrypoint } = theirs;

describe('a decision of two policies that is replayed', () => {
  const both = (changes: Partial<ReplayParts> = {}, said: GateResult = denial) =>
    parts({
      decision: signedDecision(key, {
        result,
        input: facts,
        policy: compiled,
        beside: [{ slot: 'reproducible', policy: { sha256, revision, entrypoint }, result: said }],
      }),
      beside: [THEIRS],
      ...changes,
    });

  it('is identical when both decide the same again', async () => {
    const report = await replayGate(both());
    expect(report.checks.map((check) => `${check.name} ${check.result}`)).toEqual([
      'signature pass',
      'input pass',
      'policy pass',
      'policy reproducible pass',
      'model pass',
      'result pass',
    ]);
    expect(report.identical).toBe(true);
  });

  it('differs where the other one said something else, under the name of its slot', async () => {
    const [only] = denial.verdicts;
    if (!only) throw new Error('the other policy said nothing');
    const otherwise: RuleVerdict = { ...only, verdict: 'undetermined' };
    const { identical, differences } = await replayGate(both({}, { verdicts: [otherwise], warnings: [] }));
    expect(identical).toBe(false);
    expect(differences.map(({ rule }) => rule)).toEqual(['reproducible/acme.reproducible.deny']);
  });

  it('needs the bundle of each', async () => {
    for (const beside of [[], [BROKEN]]) {
      expect(await failed(both({ beside }))).toEqual(['policy reproducible']);
    }
  });
});

describe('a decision that is replayed from its bytes', () => {
  it('is identical when the same policy decides the same on the same facts', async () => {
    const report = await replayGate(parts());
    expect(report).toMatchObject({ identical: true, differences: [], decided: { result } });
    expect(report.checks.map((check) => check.name)).toEqual(['signature', 'input', 'policy', 'model', 'result']);
    expect(replayLines(report)[0]).toMatch(/^IDENTICAL {2}decision [0-9a-f]{64}: PASSED for /);
  });

  it('differs where a verdict was another one, and says for which rule', async () => {
    const [first, ...rest] = result.verdicts;
    if (!first) throw new Error('the policy has no rule');
    const changed: RuleVerdict = { ...first, verdict: 'undetermined', reasons: [] };
    const report = await replayGate(parts({}, { ...result, verdicts: [changed, ...rest] }));
    expect(report.identical).toBe(false);
    expect(report.differences).toEqual([{ rule: first.rule, list: 'verdicts', decided: changed, replayed: first }]);
    expect(replayLines(report).join('\n')).toContain(`differs for ${first.rule}`);
  });

  it('differs where a rule was not judged then', async () => {
    const [first, ...rest] = result.verdicts;
    const report = await replayGate(parts({}, { ...result, verdicts: rest }));
    expect(report.differences).toEqual([{ rule: first?.rule, list: 'verdicts', decided: null, replayed: first }]);
  });

  it('differs where the verdicts stood in another order', async () => {
    const report = await replayGate(parts({}, { ...result, verdicts: result.verdicts.toReversed() }));
    expect(report).toMatchObject({ identical: false, differences: [] });
    expect(report.checks.at(-1)).toMatchObject({ name: 'result', result: 'fail' });
  });

  it('is not believed without a key that is trusted', async () => {
    expect(await failed(parts({ evidenceKeys: [] }))).toEqual(['signature']);
    expect(await failed(parts({ evidenceKeys: [parsePublicKey(newKey().pem)] }))).toEqual(['signature']);
  });

  it('is not believed when its bytes were changed', async () => {
    const document = JSON.parse(parts().decision.toString());
    const payload = Buffer.from(document.dsseEnvelope.payload, 'base64').toString().replace('PASSED', 'FAILED');
    document.dsseEnvelope.payload = Buffer.from(payload).toString('base64');
    expect(await failed(parts({ decision: Buffer.from(JSON.stringify(document)) }))).toEqual(['signature']);
  });

  it('needs the very facts and the very policy that were signed, and runs no other policy', async () => {
    const other = canonicalBytes({ ...facts, requester: 'somebody' });
    expect(await failed(parts({ input: other }))).toEqual(['input']);
    expect(await failed(parts({ input: Buffer.from('no JSON') }))).toEqual(['input', 'model']);
    const { checks } = await replayGate(parts({ policy: BROKEN }));
    expect(checks.map(({ name, result: outcome }) => [name, outcome])).toContainEqual(['policy', 'fail']);
    expect(checks.at(-1)).toMatchObject({ name: 'result', result: 'not-checked' });
  });

  it('must be about the model that its facts are about', async () => {
    const about = { ...facts, model: { sha256: digestOf('another') } };
    const inputSha256 = sha256Hex(input);
    const payload = decisionPayload({
      passed: true,
      input: about,
      inputSha256,
      policy: compiled,
      result,
      beside: [],
      shadows: [],
      decidedAt: facts.now,
      asOf: false,
    });
    expect(await failed(parts({ decision: signedPayload(payload, key) }))).toEqual(['model']);
  });

  it('differs, with the reason, when the signed policy breaks down today', async () => {
    const identity = { sha256: sha256Hex(BROKEN), revision: 'broken-1', entrypoint: 'countersign/gate/result' };
    const decision = signedDecision(key, { result, input: facts, policy: identity });
    const { checks } = await replayGate(parts({ decision, policy: BROKEN }));
    expect(checks.at(-1)).toMatchObject({ name: 'result', result: 'fail' });
    expect(checks.at(-1)?.detail).toMatch(/\[POLICY_INVALID\]$/);
  });
});
