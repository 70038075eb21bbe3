import { describe, expect, it } from 'vitest';
import { ApiClient } from '../../../cli/client.ts';
import { evaluateGate, type GateQuestion } from '../../../cli/gate/evaluate.ts';
import type { GateInput } from '../../../lib/core/gate/input.ts';
import { parsePublicKey } from '../../../lib/core/keys.ts';
import { newKey } from '../../support/keys.ts';
import { digestOf, NOW } from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';
import { decisionAnswer, MODEL, NO_FACTS, signedDecision, verdict } from './decisions.ts';

const key = newKey();
const PASSED = { verdicts: [verdict()], warnings: [] };
const QUESTION: GateQuestion = { model: MODEL, environment: 'production' };

function answering(answer: object, status = 200) {
  const bodies: unknown[] = [];
  const api = new ApiClient({
    url: new URL('https://api.example.com/prod'),
    region: 'eu-west-1',
    credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 's' }),
    world: {
      fetch: async (_url, init) => {
        bodies.push(JSON.parse(Buffer.from(init?.body as Uint8Array).toString()));
        return new Response(JSON.stringify(answer), { status });
      },
    },
  });
  return { api, bodies };
}

const about = (changes: Partial<GateInput>) =>
  answering(decisionAnswer(signedDecision(key, { result: PASSED, input: { ...NO_FACTS, ...changes } }))).api;

describe('a gate that is asked', () => {
  it('is told the whole question and nothing else', async () => {
    const image = `sha256:${digestOf('image')}`;
    const input: GateInput = { ...NO_FACTS, phase: 'release', image_digest: image, endpoint: 'credit' };
    const { api, bodies } = answering(decisionAnswer(signedDecision(key, { result: PASSED, input })));
    await evaluateGate(api, { ...QUESTION, phase: 'release', imageDigest: image, endpoint: 'credit', at: NOW });
    const question = { model: MODEL, environment: 'production', phase: 'release', image_digest: image };
    expect(bodies).toEqual([{ ...question, endpoint: 'credit', at: NOW }]);
  });

  it('answers with what was signed, whatever stands beside it', async () => {
    const result = { verdicts: [verdict({ verdict: 'fail' })], warnings: [] };
    const bundle = signedDecision(key, { result });
    const { api } = answering({ ...decisionAnswer(bundle), result: 'PASSED', verdicts: [verdict()] });
    const decided = await evaluateGate(api, QUESTION, [parsePublicKey(key.pem)]);
    expect(decided).toMatchObject({ passed: false, result, phase: 'request', judgedAt: NOW, policyRevision: 'r-7' });
    expect(decided.bundle).toEqual(bundle);
  });

  it('is not believed when its decision has another digest', async () => {
    const { api } = answering({
      ...decisionAnswer(signedDecision(key, { result: PASSED })),
      decision: digestOf('another'),
    });
    await expect(evaluateGate(api, QUESTION)).rejects.toMatchObject({ name: 'CliError', exitCode: 1 });
  });

  it.each([
    ['model', { model: { sha256: digestOf('another') } }],
    ['environment', { environment: 'staging' }],
    ['phase', { phase: 'release' }],
    ['image_digest', { image_digest: `sha256:${digestOf('image')}` }],
    ['endpoint', { endpoint: 'credit' }],
  ] as const)('is not believed when it decided about another %s', async (name, changes) => {
    const deciding = evaluateGate(about(changes), QUESTION);
    await expect(deciding).rejects.toThrow(`it decides about the ${name}`);
  });

  it('is not believed when it judged another time than was asked for', async () => {
    const question = { ...QUESTION, at: '2026-01-01T00:00:00Z' };
    await expect(evaluateGate(about({}), question)).rejects.toThrow('it decides about the judged_at');
    expect((await evaluateGate(about({ now: '2026-01-01T00:00:00.000Z' }), question)).passed).toBe(true);
  });

  it('must have signed with a key that is trusted, where one is given', async () => {
    await expect(evaluateGate(about({}), QUESTION, [parsePublicKey(newKey().pem)])).rejects.toThrow(
      refusal('SIGNATURE_INVALID'),
    );
  });

  it('that refuses to decide is a problem, not a decision', async () => {
    const { api, bodies } = answering({ title: 'No manifest', status: 422, code: 'MANIFEST_MISSING' }, 422);
    const failure = await evaluateGate(api, QUESTION).catch((error: unknown) => error);
    expect(failure).toMatchObject({ exitCode: 1, problem: { code: 'MANIFEST_MISSING' } });
    expect(bodies).toHaveLength(1);
  });
});
