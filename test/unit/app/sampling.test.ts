import { beforeEach, describe, expect, it } from 'vitest';
import { requestIdOf } from '../../../lib/app/countersign.ts';
import { type AskDeps, askGate, type SampledAsked, tryGate } from '../../../lib/app/gate/ask.ts';
import { readSkip } from '../../../lib/app/gate/skip.ts';
import { revokeKey } from '../../../lib/app/manage-registry.ts';
import type { ProblemCode } from '../../../lib/contracts/problems.ts';
import { openCountersigned } from '../../../lib/core/countersigned.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { parseSkip } from '../../../lib/core/gate/skip.ts';
import type { Json } from '../../../lib/core/json.ts';
import { parsePublicKey } from '../../../lib/core/keys.ts';
import { lookup, objectKey } from '../../../lib/core/layout.ts';
import { ADMIN, type ControlPlane, caller, controlPlane } from '../../support/control-plane.ts';
import { NO_FACTS } from '../../support/gates.ts';
import type { TestKey } from '../../support/keys.ts';
import { aManifest, bytesOf, digestOf, PIPELINE, signedBundle } from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';

const MODEL = digestOf('classifier');
/** The fractions of these runs are 0.31 and 0.73: the rate chooses the first. */
const [CHOSEN, OTHER] = ['run-1', 'run-2'];
const RATE = 0.5;

let plane: ControlPlane & { readonly key: TestKey };
beforeEach(async () => {
  plane = await controlPlane({ unsignedStages: ['training'] });
});

const RESULT: Json = {
  verdicts: [
    {
      rule: 'signed',
      verdict: 'pass',
      severity: 'low',
      controls: [],
      effective_on: '2026-01-01T00:00:00Z',
      reasons: [],
      waiver: null,
    },
  ],
  warnings: [],
};

const deps = (changes: Partial<AskDeps> = {}): AskDeps => ({
  ...plane.submitDeps,
  ledger: plane.ledger,
  facts: NO_FACTS,
  policies: {
    inForce: async () => ({
      main: { sha256: digestOf('policy'), revision: '1', entrypoint: 'e', evaluate: async () => RESULT },
      enforced: [],
      shadows: [],
    }),
  },
  sampling: { experimental: RATE, staging: RATE },
  ...changes,
});

const ASKED: SampledAsked = {
  model: MODEL,
  environment: 'staging',
  phase: 'request',
  imageDigest: undefined,
  endpoint: undefined,
  releaseCandidate: false,
  at: undefined,
};
const ask = (changes: Partial<SampledAsked> = {}) => askGate(deps(), { ...ASKED, ...changes }, caller(PIPELINE));

async function post(changes: Readonly<Record<string, Json | undefined>>): Promise<string> {
  plane.clock.advance(1000);
  const manifest = aManifest({ timestamp: plane.clock.now().toISOString(), ...changes });
  return (await plane.submit(signedBundle(manifest, plane.key))).record.sha256;
}

describe('a gate of an environment that is sampled', () => {
  it('decides on a model whose run is chosen', async () => {
    await post({ run_id: CHOSEN });
    expect(await ask()).toMatchObject({ kind: 'decided', decided: { passed: true } });
  });

  it('states, signs and keeps that it did not look at another one', async () => {
    const manifest = await post({ run_id: OTHER });
    const outcome = await ask({ endpoint: 'triage' });
    if (outcome.kind !== 'skipped') throw new Error('it was not skipped');
    const { evidence, bytes } = outcome.skipped;
    const { statement } = openCountersigned(bytes, () => parsePublicKey(plane.signer.key.pem));
    expect(parseSkip(statement)).toEqual({
      model: MODEL,
      skip: {
        result: 'SKIPPED',
        environment: 'staging',
        phase: 'request',
        endpoint: 'triage',
        image_digest: null,
        requester: PIPELINE,
        skipped_at: plane.clock.now().toISOString(),
        rate: RATE,
        run_ids: [OTHER],
        manifests: [manifest],
      },
    });
    expect(sha256Hex(bytes)).toBe(evidence);
    const { items } = await plane.ledger.list(lookup.decisions(MODEL), { limit: 10 });
    expect(items.filter((one) => one.evidence === evidence)).toMatchObject([{ result: 'SKIPPED' }]);
  });

  it('takes the statement for no fact: production decides on the evidence alone', async () => {
    const manifest = await post({ run_id: OTHER });
    await ask();
    plane.clock.advance(1000);
    const outcome = await ask({ environment: 'production' });
    if (outcome.kind !== 'decided') throw new Error('production was skipped');
    expect(outcome.decided.input.attestations.map((one) => one.evidence)).toEqual([manifest]);
  });

  it.each<[string, Partial<SampledAsked>]>([
    ['on its way into production', { environment: 'production' }],
    ['that is a release candidate', { releaseCandidate: true }],
  ])('always decides on a model %s', async (_, changes) => {
    await post({ run_id: OTHER });
    expect((await ask(changes)).kind).toBe('decided');
  });

  it('always decides on the past', async () => {
    await post({ run_id: OTHER });
    expect((await ask({ at: plane.clock.now() })).kind).toBe('decided');
  });

  it('decides when one of the runs that made the model is chosen', async () => {
    await post({ run_id: OTHER });
    await post({ run_id: CHOSEN });
    expect((await ask()).kind).toBe('decided');
  });

  it('does not look at runs that only used the model', async () => {
    await post({ run_id: OTHER });
    await post({ run_id: CHOSEN, stage: 'evaluation' });
    expect((await ask()).kind).toBe('skipped');
  });

  it.each([
    ['MODEL_UNKNOWN', 'nothing was said of', async () => {}],
    ['MANIFEST_MISSING', 'no manifest made', async () => void (await post({ run_id: OTHER, stage: 'evaluation' }))],
    [
      'MANIFEST_UNSIGNED',
      'only an unsigned manifest made',
      async () => void (await plane.submit(bytesOf(aManifest({ run_id: OTHER })))),
    ],
  ] as [ProblemCode, string, () => Promise<void>][])(
    'refuses with %s a model that %s, sampled or not',
    async (code, _, prepare) => {
      await prepare();
      await expect(ask()).rejects.toThrow(refusal(code, '/model'));
    },
  );

  it('looks at a model whose manifest does not verify, or whose key was compromised', async () => {
    const before = plane.clock.now().toISOString();
    const evidence = await post({ run_id: OTHER });
    const record = plane.ledger.records.get(evidence);
    if (!record?.inline) throw new Error('the record is not there');
    plane.ledger.records.set(evidence, { ...record, inline: Buffer.from('{}') });
    expect((await ask()).kind).toBe('decided');
    plane.ledger.records.set(evidence, record);
    expect((await ask()).kind).toBe('skipped');
    plane.clock.advance(1000);
    await revokeKey(plane.registryDeps, plane.key.keyid, { reason: 'stolen', effective_at: before }, ADMIN);
    plane.clock.advance(1000);
    expect((await ask()).kind).toBe('decided');
  });

  it('reads nothing of it where everything is checked', async () => {
    await post({ run_id: OTHER });
    const whole = deps({ sampling: { experimental: 1, staging: 1 } });
    expect((await askGate(whole, ASKED, caller(PIPELINE))).kind).toBe('decided');
  });
});

it.each([CHOSEN, OTHER])('a trial says of %s what the gate would say, and writes nothing', async (run_id) => {
  await post({ run_id });
  const before = plane.bucket.objects.size;
  const { kind } = await tryGate(deps(), ASKED, caller(PIPELINE));
  expect(plane.bucket.objects.size).toBe(before);
  expect((await ask()).kind).toBe(kind);
});

it('a statement under another name than its own is not believed', async () => {
  await post({ run_id: OTHER });
  const outcome = await ask();
  if (outcome.kind !== 'skipped') throw new Error('it was not skipped');
  const name = [...plane.bucket.objects.keys()].find((key) => key.startsWith('gates/skips/')) ?? '';
  const object = await plane.bucket.read(name);
  if (!object) throw new Error('the statement is not stored');
  const read = (as: string) => readSkip({ ...object, requestId: requestIdOf(object) }, as);
  expect(read(name).record.sha256).toBe(outcome.skipped.evidence);
  expect(() => read(objectKey.skip(digestOf('another')))).toThrow(refusal('INTEGRITY_FAILURE'));
});
