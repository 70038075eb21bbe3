import { beforeEach, describe, expect, it } from 'vitest';
import { collectInput, type GateQuestion } from '../../../lib/app/gate/collect.ts';
import { type Decided, evaluateGate, type GateDeps } from '../../../lib/app/gate/evaluate.ts';
import type { GateFacts, LoadedPolicy, PoliciesInForce } from '../../../lib/app/gate/ports.ts';
import { registerKey, revokeKey } from '../../../lib/app/manage-registry.ts';
import { Predicate } from '../../../lib/contracts/predicates.ts';
import type { ProblemCode } from '../../../lib/contracts/problems.ts';
import { canonicalBytes } from '../../../lib/core/canonical.ts';
import { openCountersigned } from '../../../lib/core/countersigned.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { DomainError } from '../../../lib/core/errors.ts';
import { parseDecision } from '../../../lib/core/gate/decision.ts';
import type { GateInput, RuleVerdict } from '../../../lib/core/gate/input.ts';
import type { Json } from '../../../lib/core/json.ts';
import { parsePublicKey } from '../../../lib/core/keys.ts';
import { lookup, objectKey } from '../../../lib/core/layout.ts';
import { ADMIN, type ControlPlane, caller, controlPlane, enrol, keyRequest } from '../../support/control-plane.ts';
import { asked, NO_FACTS } from '../../support/gates.ts';
import { newKey, type TestKey } from '../../support/keys.ts';
import {
  aManifest,
  aScan,
  bytesOf,
  digestOf,
  NOW,
  PIPELINE,
  signedBundle,
  signedStatement,
} from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';
import { resource, stages } from '../../support/stages.ts';

let plane: ControlPlane & { readonly key: TestKey };
beforeEach(async () => {
  plane = await controlPlane({ unsignedStages: ['training'] });
});

const MODEL = digestOf('classifier');

const { post, made } = stages(() => plane);

const collect = (changes: Partial<GateQuestion> = {}, facts: GateFacts = NO_FACTS) =>
  collectInput(
    { ...plane.submitDeps, ledger: plane.ledger, facts },
    {
      model: MODEL,
      environment: 'production',
      phase: 'request',
      imageDigest: undefined,
      endpoint: undefined,
      requester: PIPELINE,
      now: plane.clock.now(),
      asOf: false,
      ...changes,
    },
    undefined,
  );

const stateOf = (input: GateInput, evidence: string) =>
  input.attestations.find((attestation) => attestation.evidence === evidence)?.signature.state;

describe('the facts of a gate', () => {
  it('are all that was said of the model and of what it was made from, verified again', async () => {
    const ingest = await post({ stage: 'ingest', model: undefined, dataset: { id: 'raw', sha256: digestOf('raw') } });
    const preprocess = await made('raw', 'iris');
    const training = await post();
    await made('elsewhere', 'other');
    const input = await collect();
    expect(input.attestations.map(({ evidence }) => evidence)).toEqual([ingest, preprocess, training]);
    expect(input.attestations.map(({ signature }) => signature)).toEqual(
      Array(3).fill({ state: 'verified', keyid: plane.key.keyid, role: 'producer' }),
    );
    expect(input.lineage).toEqual({
      complete: true,
      code: null,
      nodes: [MODEL, digestOf('iris'), digestOf('raw')],
      edges: [
        { from: digestOf('iris'), to: MODEL, evidence: training },
        { from: digestOf('raw'), to: digestOf('iris'), evidence: preprocess },
      ],
      cycle: null,
    });
  });

  it('hold the predicate as it was signed', async () => {
    await post({ parameters: { depth: 3 } });
    const [attestation] = (await collect()).attestations;
    expect(attestation?.predicate).toMatchObject({ stage: 'training', parameters: { depth: 3 } });
  });

  it('include what is asserted of the image that the manifest names, but no other run with that image', async () => {
    await post();
    const key = newKey();
    await enrol(plane, 'scanner', key, { predicate_types: [Predicate.vulns] });
    const { record } = await plane.submit(signedStatement(aScan(), key), 'attestations', caller('scanner'));
    const other = await made('elsewhere', 'other');
    const input = await collect();
    expect(stateOf(input, record.sha256)).toBe('verified');
    expect(stateOf(input, other)).toBeUndefined();
  });

  it('end at the instant that is judged', async () => {
    await post();
    const then = plane.clock.now();
    await post({ stage: 'evaluation' });
    expect((await collect({ now: then, asOf: true })).attestations).toHaveLength(1);
    expect((await collect()).attestations).toHaveLength(2);
  });

  it('are all that was committed, though the clock of whoever committed it is ahead', async () => {
    const now = plane.clock.now();
    await post();
    const facts: GateFacts = {
      ...NO_FACTS,
      findings: async () => ({
        known: true,
        items: [{ id: 'f', severity: 'critical', about: MODEL, opened_at: plane.clock.now().toISOString() }],
      }),
    };
    const { attestations, findings } = await collect({ now }, facts);
    expect(attestations).toHaveLength(1);
    expect(findings).toMatchObject({ items: [{ id: 'f' }] });
    await expect(collect({ now, asOf: true }, facts)).rejects.toThrow(refusal('MODEL_UNKNOWN', '/model'));
  });

  it('hold what was signed by a key that the registry recorded by a clock which is ahead', async () => {
    const key = newKey();
    plane.clock.advance(10);
    await enrol(plane, 'ahead', key, { not_before: NOW });
    plane.clock.advance(-5);
    const manifest = aManifest({ principal: 'ahead', timestamp: plane.clock.now().toISOString() });
    const { record } = await plane.submit(signedBundle(manifest, key), 'manifests', caller('ahead'));
    expect(stateOf(await collect(), record.sha256)).toBe('verified');
  });

  it('are judged by each key and the evidence keys read once', async () => {
    const image = `sha256:${digestOf('image')}`;
    await made('raw', 'iris');
    await post({ image_digest: image });
    const read: string[] = [];
    const { keyHistory, evidenceKeys } = plane.registry;
    const registry = {
      keyHistory: (keyid: string) => {
        read.push(keyid);
        return keyHistory(keyid);
      },
      evidenceKeys: () => {
        read.push('evidence keys');
        return evidenceKeys();
      },
    };
    const deps = { ...plane.submitDeps, ledger: plane.ledger, registry, facts: NO_FACTS };
    const { evidenceKey } = await plane.registry.context(caller(PIPELINE).uniqueId);
    await collectInput(deps, { ...QUESTION, now: plane.clock.now() }, evidenceKey);
    expect(read).toEqual([plane.key.keyid]);
    await collectInput(deps, { ...QUESTION, now: plane.clock.now() }, undefined);
    expect(read.toSorted()).toEqual([plane.key.keyid, plane.key.keyid, 'evidence keys'].toSorted());
  });

  it.each([
    [
      'invalid',
      'are not those that were countersigned',
      (bytes: Buffer) => Buffer.from(bytes.toString().replace('1', '2')),
    ],
    ['unreadable', 'cannot be had', undefined],
  ] as const)('say %s of evidence whose bytes %s', async (state, _, change) => {
    const evidence = await post();
    const record = plane.ledger.records.get(evidence);
    if (!record?.inline) throw new Error('the record is not there');
    const { inline, ...rest } = record;
    plane.ledger.records.set(evidence, change ? { ...record, inline: change(Buffer.from(inline)) } : rest);
    if (!change) plane.bucket.objects.delete(record.object_key);
    const input = await collect();
    expect(stateOf(input, evidence)).toBe(state);
    expect(input.attestations[0]).toMatchObject({ predicate: null, outputs: [], signature: { keyid: null } });
    expect(input.lineage.nodes).toEqual([MODEL]);
  });

  it.each([
    ['whose row is gone', undefined],
    ['whose row says that it is an artifact', 'artifact'],
  ] as const)('say unreadable of evidence that a look-up names, %s', async (_, kind) => {
    const evidence = await post();
    const lost = await post({ run_id: 'run-2' });
    const record = plane.ledger.records.get(lost);
    if (!record) throw new Error('the record is not there');
    if (kind) plane.ledger.records.set(lost, { ...record, kind });
    else plane.ledger.records.delete(lost);
    const input = await collect();
    expect([stateOf(input, evidence), stateOf(input, lost)]).toEqual(['verified', 'unreadable']);
    const told = input.attestations.find((one) => one.evidence === lost);
    expect(told).toMatchObject({
      predicate_type: Predicate.manifest,
      received_at: record.received_at,
      predicate: null,
    });
  });

  it('say invalid of evidence whose receipt is another one', async () => {
    const other = await post({ run_id: 'run-2' });
    const evidence = await post();
    const record = plane.ledger.records.get(evidence);
    const receipt = plane.ledger.records.get(other)?.receipt;
    if (!record || receipt === undefined) throw new Error('the records are not there');
    plane.ledger.records.set(evidence, { ...record, receipt });
    expect(stateOf(await collect(), evidence)).toBe('invalid');
  });

  it('tell a key that was compromised before from one that was revoked after', async () => {
    const evidence = await post();
    plane.clock.advance(60_000);
    const revoke = (effective_at: string) =>
      revokeKey(plane.registryDeps, plane.key.keyid, { reason: 'left the team', effective_at }, ADMIN);
    await revoke(plane.clock.now().toISOString());
    plane.clock.advance(60_000);
    expect(stateOf(await collect(), evidence)).toBe('verified');
  });

  it('say key_revoked of evidence that came after its key was compromised', async () => {
    const before = plane.clock.now().toISOString();
    const evidence = await post();
    plane.clock.advance(60_000);
    await revokeKey(plane.registryDeps, plane.key.keyid, { reason: 'stolen', effective_at: before }, ADMIN);
    plane.clock.advance(60_000);
    expect(stateOf(await collect(), evidence)).toBe('key_revoked');
  });

  it('leave out what else was made from the same data set, of which there may be thousands', async () => {
    await made('raw', 'iris');
    await post();
    const elsewhere = await post({ run_id: 'run-2', model: { id: 'other', sha256: digestOf('other') } });
    const input = await collect();
    expect(stateOf(input, elsewhere)).toBeUndefined();
    expect(input.attestations).toHaveLength(2);
  });

  it('draw no lineage from what a stolen key signed', async () => {
    const before = plane.clock.now().toISOString();
    const thief = newKey();
    await enrol(plane, 'thief', thief);
    plane.clock.advance(1000);
    await post();
    const cycle = aManifest({
      run_id: 'run-3',
      stage: 'preprocess',
      dataset: undefined,
      model: undefined,
      principal: 'thief',
      timestamp: plane.clock.now().toISOString(),
      inputs: [resource('classifier')],
      outputs: [resource('iris')],
    });
    await plane.submit(signedBundle(cycle, thief), 'manifests', caller('thief'));
    expect((await collect()).lineage.cycle).not.toBeNull();
    plane.clock.advance(1000);
    await revokeKey(plane.registryDeps, thief.keyid, { reason: 'stolen', effective_at: before }, ADMIN);
    plane.clock.advance(1000);
    expect((await collect()).lineage.cycle).toBeNull();
  });

  it('do not follow a step that only the index tells of', async () => {
    const training = await post();
    const partition = plane.ledger.entries.get(lookup.digest(MODEL));
    for (const [sk, entry] of partition ?? []) partition?.set(sk, { ...entry, linked: [digestOf('innocent')] });
    const input = await collect();
    expect(input.lineage.edges).toEqual([{ from: digestOf('iris'), to: MODEL, evidence: training }]);
  });

  it('name a cycle', async () => {
    await made('classifier', 'iris');
    await post();
    const { cycle } = (await collect()).lineage;
    expect(new Set(cycle)).toEqual(new Set([MODEL, digestOf('iris')]));
    expect(cycle?.at(-1)).toBe(cycle?.[0]);
  });

  it('do not believe a key of whose history a revision is missing', async () => {
    const evidence = await post();
    await registerKey(plane.registryDeps, keyRequest(plane.key, PIPELINE, { role: 'trainer', revision: 1 }), ADMIN);
    await revokeKey(plane.registryDeps, plane.key.keyid, { reason: 'stolen' }, ADMIN);
    const keyHistory = async (keyid: string) => (await plane.registry.keyHistory(keyid)).toSpliced(1, 1);
    const registry = { keyHistory, evidenceKeys: plane.registry.evidenceKeys };
    const deps = { ...plane.submitDeps, ledger: plane.ledger, registry, facts: NO_FACTS };
    const input = await collectInput(deps, { ...QUESTION, now: plane.clock.now() }, undefined);
    expect(stateOf(input, evidence)).toBe('invalid');
  });

  it('say that a lineage beyond its bounds is not complete', async () => {
    await made('raw', 'iris');
    await post();
    const deps = { ...plane.submitDeps, ledger: plane.ledger, facts: NO_FACTS };
    const question = { ...QUESTION, now: plane.clock.now() };
    for (const bounds of [
      { depth: 1, digests: 9, attestations: 9, lines: 99 },
      { depth: 9, digests: 2, attestations: 9, lines: 99 },
      { depth: 9, digests: 9, attestations: 1, lines: 99 },
    ]) {
      const { lineage } = await collectInput({ ...deps, bounds }, question, undefined);
      expect(lineage, JSON.stringify(bounds)).toMatchObject({ complete: false, code: 'LINEAGE_TOO_LARGE' });
    }
  });

  it('are refused when the index tells of them in more lines than a gate reads', async () => {
    await made('raw', 'iris');
    await post();
    const deps = { ...plane.submitDeps, ledger: plane.ledger, facts: NO_FACTS };
    const within = (lines: number) =>
      collectInput(
        { ...deps, bounds: { depth: 9, digests: 9, attestations: 9, lines } },
        { ...QUESTION, now: plane.clock.now() },
        undefined,
      );
    // One of the model, two of its data set, one of what that was made from, two of the image.
    await expect(within(5)).rejects.toThrow(refusal('LINEAGE_TOO_LARGE'));
    expect((await within(6)).lineage.complete).toBe(true);
  });

  it('say of a list that could not be read that it is not known', async () => {
    await post();
    const unknown = { known: false, code: 'DEPENDENCY_UNAVAILABLE' } as const;
    expect((await collect({}, { ...NO_FACTS, findings: async () => unknown })).findings).toEqual(unknown);
  });

  it('are asked of every digest, key and endpoint for findings', async () => {
    await post();
    const asked: (readonly string[])[] = [];
    const findings: GateFacts['findings'] = async (about) => {
      asked.push(about);
      return { known: true, items: [] };
    };
    await collect({ endpoint: 'fraud' }, { ...NO_FACTS, findings });
    expect(asked).toEqual([[MODEL, digestOf('iris'), plane.key.keyid, 'fraud']]);
  });

  it.each([
    ['MODEL_UNKNOWN', 'nothing was ever said of', async () => {}],
    ['MANIFEST_MISSING', 'no manifest made', async () => void (await post({ stage: 'evaluation' }))],
    [
      'MANIFEST_UNSIGNED',
      'only an unsigned manifest made',
      async () => void (await plane.submit(bytesOf(aManifest()))),
    ],
  ] as [ProblemCode, string, () => Promise<void>][])(
    'are refused with %s for a model that %s',
    async (code, _, prepare) => {
      await prepare();
      await expect(collect()).rejects.toThrow(refusal(code, '/model'));
    },
  );
});

const QUESTION: GateQuestion = {
  model: MODEL,
  environment: 'production',
  phase: 'request',
  imageDigest: undefined,
  endpoint: undefined,
  requester: PIPELINE,
  now: new Date(0),
  asOf: false,
};

const verdict = (changes: Partial<RuleVerdict> = {}): RuleVerdict => ({
  rule: 'signed',
  verdict: 'pass',
  severity: 'critical',
  controls: ['A.8.24'],
  effective_on: '2026-01-01T00:00:00Z',
  reasons: [],
  waiver: null,
  ...changes,
});

const policyAnswering = (name: string, answer: (input: Uint8Array) => Json | undefined): LoadedPolicy => ({
  sha256: digestOf(name),
  revision: 'r1',
  entrypoint: 'countersign/gate/result',
  evaluate: async (input) => answer(input),
});

describe('a decision', () => {
  const answering = (
    answer: (input: Uint8Array) => Json | undefined,
    beside: Omit<PoliciesInForce, 'main'> = { enforced: [], shadows: [] },
  ): GateDeps => ({
    ...plane.submitDeps,
    ledger: plane.ledger,
    facts: NO_FACTS,
    policies: {
      inForce: async () => ({ main: policyAnswering('policy', answer), ...beside }),
    },
  });
  const asJson = (verdicts: readonly RuleVerdict[]): Json => JSON.parse(JSON.stringify({ verdicts, warnings: [] }));
  const ask = (deps: GateDeps): Promise<Decided> => evaluateGate(deps, asked(MODEL), caller(PIPELINE));

  it('is signed by the evidence key, stored with the very bytes that the policy saw, and found by model and policy', async () => {
    await post();
    let seen: Buffer | undefined;
    const decided = await ask(
      answering((input) => {
        seen = Buffer.from(input);
        return asJson([verdict()]);
      }),
    );
    const input = (await plane.bucket.read(objectKey.gateInput(decided.inputSha256)))?.bytes;
    if (!input) throw new Error('the input is not stored');
    expect(input).toEqual(seen);
    expect(sha256Hex(input)).toBe(decided.inputSha256);
    expect(canonicalBytes(decided.input)).toEqual(input);
    const { statement } = openCountersigned(decided.bytes, () => parsePublicKey(plane.signer.key.pem));
    expect(parseDecision(statement)).toEqual({
      model: MODEL,
      environment: 'production',
      passed: true,
      requester: PIPELINE,
      asOf: false,
      inputSha256: decided.inputSha256,
      policy: { sha256: digestOf('policy'), entrypoint: 'countersign/gate/result' },
      result: { verdicts: [verdict()], warnings: [] },
      beside: [],
      shadows: [],
      decidedAt: plane.clock.now().toISOString(),
    });
    expect(statement.predicateType).toBe(Predicate.slsaVsa);
    expect(sha256Hex(decided.bytes)).toBe(decided.evidence);
    for (const partition of [lookup.decisions(MODEL), lookup.policy(digestOf('policy'))]) {
      const { items } = await plane.ledger.list(partition, { limit: 10 });
      expect(items.filter(({ evidence }) => evidence === decided.evidence)).toMatchObject([{ result: 'PASSED' }]);
    }
  });

  it('about the past says so, in its level and where it is listed, and is none about the future', async () => {
    await post();
    const at = plane.clock.now();
    plane.clock.advance(60_000);
    const past = { model: MODEL, environment: 'production', phase: 'release', imageDigest: undefined } as const;
    const about = (time: Date) =>
      evaluateGate(
        answering(() => asJson([verdict()])),
        { ...past, endpoint: undefined, at: time },
        caller(PIPELINE),
      );
    const decided = await about(at);
    const { statement } = openCountersigned(decided.bytes, () => parsePublicKey(plane.signer.key.pem));
    expect(statement.predicate.verifiedLevels).toEqual(['COUNTERSIGN_AS_OF_RELEASE']);
    const { items } = await plane.ledger.list(lookup.decisions(MODEL), { limit: 10 });
    expect(items.find(({ evidence }) => evidence === decided.evidence)?.result).toBe('AS_OF_PASSED');
    const future = new Date(plane.clock.now().getTime() + 1);
    await expect(about(future)).rejects.toThrow(refusal('REQUEST_INVALID', '/at'));
  });

  it('is no fact for the next one', async () => {
    await post();
    const deps = answering(() => asJson([verdict()]));
    await ask(deps);
    plane.clock.advance(1000);
    expect((await ask(deps)).input.attestations).toHaveLength(1);
  });

  it.each(['pass', 'not_applicable', 'waived', 'fail', 'undetermined'] as const)(
    'whose one verdict beside a pass is %s lets through accordingly',
    async (second) => {
      await post();
      const { passed } = await ask(answering(() => asJson([verdict(), verdict({ rule: 'second', verdict: second })])));
      expect(passed).toBe(second !== 'fail' && second !== 'undetermined');
    },
  );

  it.each([
    ['nothing at all', undefined],
    ['no verdict', { verdicts: [], warnings: [] }],
    ['a bare true', true],
    ['a verdict of another kind', asJson([{ ...verdict(), verdict: 'allow' as never }])],
    ['a field more', { ...Object(asJson([verdict()])), allow: true }],
  ] as [string, Json | undefined][])('is not made of %s', async (_, answer) => {
    await post();
    const before = plane.bucket.objects.size;
    await expect(ask(answering(() => answer))).rejects.toThrow(refusal('POLICY_RESULT_INVALID'));
    expect(plane.bucket.objects.size).toBe(before);
  });

  it('is not made when the policy breaks down', async () => {
    await post();
    const before = plane.bucket.objects.size;
    const broken = answering(() => {
      throw new DomainError('POLICY_FAILED', 'trap', { cause: new Error('out of memory') });
    });
    await expect(ask(broken)).rejects.toThrow(refusal('POLICY_FAILED'));
    expect(plane.logged).toContainEqual({
      event: 'policy-broke-down',
      fields: { policy: digestOf('policy'), revision: 'r1', reason: 'Error: out of memory' },
    });
    expect(plane.bucket.objects.size).toBe(before);
  });
});
