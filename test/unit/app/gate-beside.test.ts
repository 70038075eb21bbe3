import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { readPolicyBundle } from '../../../lib/adapters/opa/bundle.ts';
import { packPolicyBundle } from '../../../lib/adapters/opa/pack.ts';
import { loadPolicy } from '../../../lib/adapters/opa/policy.ts';
import { type Asked, decide, evaluateGate, type GateDeps, readDecision } from '../../../lib/app/gate/evaluate.ts';
import type { LoadedPolicy, PoliciesInForce } from '../../../lib/app/gate/ports.ts';
import { shadowReport } from '../../../lib/app/read-shadow.ts';
import { DomainError } from '../../../lib/core/errors.ts';
import { refusalOf } from '../../../lib/core/gate/admission-answer.ts';
import type { RuleVerdict } from '../../../lib/core/gate/input.ts';
import type { Json } from '../../../lib/core/json.ts';
import { lookup } from '../../../lib/core/layout.ts';
import { wasmIn } from '../../support/archives.ts';
import { type ControlPlane, caller, controlPlane } from '../../support/control-plane.ts';
import { asked, NO_FACTS } from '../../support/gates.ts';
import type { TestKey } from '../../support/keys.ts';
import { aManifest, digestOf, PIPELINE, signedBundle } from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';
import { verdict } from '../cli/decisions.ts';

const MODEL = digestOf('classifier');
const EXAMPLE = new URL('../../../examples/policies/bundle', import.meta.url).pathname;
const BROKEN = readFileSync(new URL('../../fixtures/policies/broken.tar.gz', import.meta.url));

let plane: ControlPlane & { readonly key: TestKey };
beforeEach(async () => {
  plane = await controlPlane();
});

const answers = (...verdicts: readonly RuleVerdict[]): Json => JSON.parse(JSON.stringify({ verdicts, warnings: [] }));
const policy = (name: string, answer: Json | undefined | Error): LoadedPolicy => ({
  sha256: digestOf(name),
  revision: name,
  entrypoint: `${name}/gate/deny`,
  evaluate: async () => {
    if (answer instanceof Error) throw answer;
    return answer;
  },
});
const shadowOf = (one: LoadedPolicy, slot = 'candidate') => ({
  slot,
  sha256: one.sha256,
  policy: Promise.resolve(one),
});
const PASSING = policy('ours', answers(verdict({ rule: 'signed' })));

const depsWith = (inForce: Partial<PoliciesInForce>): GateDeps => ({
  ...plane.submitDeps,
  ledger: plane.ledger,
  facts: NO_FACTS,
  policies: { inForce: async () => ({ main: PASSING, enforced: [], shadows: [], ...inForce }) },
});
const ASKED = asked(MODEL);
async function ask(inForce: Partial<PoliciesInForce>, changes: Partial<Asked> = {}) {
  plane.clock.advance(1000);
  return await evaluateGate(depsWith(inForce), { ...ASKED, ...changes }, caller(PIPELINE));
}
async function post(parameters: Json = {}): Promise<void> {
  plane.clock.advance(1000);
  const manifest = aManifest({ timestamp: plane.clock.now().toISOString(), parameters });
  await plane.submit(signedBundle(manifest, plane.key));
}
beforeEach(async () => await post());

describe('a gate with a policy beside the main one', () => {
  it('passes when both let pass, and says which asked, whose verdicts they are, and under which policy to find it', async () => {
    const theirs = policy('acme', []);
    const decided = await ask({ enforced: [{ slot: 'freeze', policy: theirs }] });
    expect(decided).toMatchObject({
      passed: true,
      policy: { sha256: PASSING.sha256 },
      beside: [
        {
          slot: 'freeze',
          policy: { sha256: theirs.sha256, revision: 'acme', entrypoint: 'acme/gate/deny' },
          result: { verdicts: [{ rule: 'acme.gate.deny', verdict: 'pass' }] },
        },
      ],
    });
    for (const { sha256 } of [PASSING, theirs]) {
      const { items } = await plane.ledger.list(lookup.policy(sha256), { limit: 10 });
      expect(items).toMatchObject([{ evidence: decided.evidence, result: 'PASSED' }]);
    }
  });

  it('does not pass when the other denies, and tells a cluster by which rule', async () => {
    const decided = await ask({ enforced: [{ slot: 'freeze', policy: policy('acme', ['no releases today']) }] });
    expect(decided.passed).toBe(false);
    expect(refusalOf(decided, undefined)).toContain('freeze/acme.gate.deny: it says: no releases today');
    const { items } = await plane.ledger.list(lookup.policy(PASSING.sha256), { limit: 10 });
    expect(items).toMatchObject([{ result: 'FAILED' }]);
  });

  it('does not pass when only the other lets pass', async () => {
    const main = policy('ours', answers(verdict({ verdict: 'undetermined' })));
    expect((await ask({ main, enforced: [{ slot: 'freeze', policy: policy('acme', []) }] })).passed).toBe(false);
  });

  it.each([
    ['answers with a text', 'denied', 'POLICY_RESULT_INVALID'],
    ['answers nothing', undefined, 'POLICY_RESULT_INVALID'],
    ['breaks down', new DomainError('POLICY_FAILED', 'trap'), 'POLICY_FAILED'],
    ['takes too long', new DomainError('POLICY_TIMED_OUT', 'late'), 'POLICY_TIMED_OUT'],
  ] as [string, Json | undefined | Error, 'POLICY_FAILED'][])(
    'makes no decision when the other %s',
    async (_, answer, code) => {
      const before = plane.bucket.objects.size;
      const asking = ask({ enforced: [{ slot: 'freeze', policy: policy('acme', answer) }] });
      await expect(asking).rejects.toThrow(refusal(code));
      await expect(asking).rejects.toThrow(/^in the slot freeze: /);
      expect(plane.bucket.objects.size).toBe(before);
    },
  );

  it.each([
    ['are larger than what is signed', Array.from({ length: 20_000 }, (_, i) => verdict({ rule: `r${i}` }))],
    ['are no Unicode', [verdict({ reasons: [{ code: '\ud800', params: {} }] })]],
  ])('makes no decision when verdicts %s', async (_, verdicts) => {
    const before = plane.bucket.objects.size;
    await expect(ask({ main: policy('ours', answers(...verdicts)) })).rejects.toThrow(refusal('POLICY_RESULT_INVALID'));
    expect(plane.bucket.objects.size).toBe(before);
  });

  it("takes somebody else's package as their compiler built it, which gets what it asks for", async () => {
    const theirs = await loadPolicy(await readPolicyBundle(await packPolicyBundle(EXAMPLE)));
    const enforced = [{ slot: 'reproducible', policy: theirs }];
    const denied = await ask({ enforced });
    expect(denied.passed).toBe(false);
    expect(denied.beside[0]?.result.verdicts[0]?.reasons).toEqual([
      {
        code: 'policy_denied',
        params: {
          message: 'no verified training of the model states its seed in parameters.seed',
          code: 'seed_missing',
          details: { model: MODEL },
        },
      },
    ]);
    await post({ seed: 7 });
    expect((await ask({ enforced })).passed).toBe(true);
  });
});

describe('a gate with a shadow', () => {
  const report = (one: LoadedPolicy) => shadowReport(plane.ledger, one.sha256, undefined);

  it('answers as if it were not there, and counts what it would have said', async () => {
    const stricter = policy(
      'stricter',
      answers(verdict({ rule: 'signed' }), verdict({ rule: 'new', verdict: 'fail' })),
    );
    const decided = await ask({ shadows: [shadowOf(stricter)] });
    expect(decided).toMatchObject({ passed: true, beside: [] });
    expect(await report(stricter)).toEqual({
      counts: { gates: 1, same: 0, would_fail: 1, would_pass: 0, broke: 0, late: 0, rules: { new: 1 } },
      differences: [
        {
          difference: 'would_fail',
          decision: decided.evidence,
          slot: 'candidate',
          model: MODEL,
          environment: 'production',
          decided_at: decided.decidedAt,
          main: 'PASSED',
          said: 'FAILED',
          code: null,
          rules: ['new'],
        },
      ],
      next: undefined,
    });
  });

  it('is compared with the main policy, not with what stands beside it', async () => {
    const same = policy('same', answers(verdict({ rule: 'signed' })));
    const enforced = [{ slot: 'freeze', policy: policy('acme', ['no']) }];
    expect((await ask({ enforced, shadows: [shadowOf(same)] })).passed).toBe(false);
    expect((await report(same)).counts).toMatchObject({ gates: 1, same: 1 });
  });

  it.each([
    ['breaks down', new DomainError('POLICY_FAILED', 'trap'), 'POLICY_FAILED'],
    ['answers with a number', 7, 'POLICY_RESULT_INVALID'],
    ['throws what nobody expected', new TypeError('x is not a function'), 'INTERNAL'],
  ] as [string, Json | Error, string][])('answers all the same when it %s', async (_, answer, code) => {
    const broken = policy('broken', answer);
    expect((await ask({ shadows: [shadowOf(broken)] })).passed).toBe(true);
    const { counts, differences } = await report(broken);
    expect(counts).toMatchObject({ gates: 1, broke: 1 });
    expect(differences).toMatchObject([{ difference: 'broke', code }]);
  });

  it('answers all the same when it cannot be had', async () => {
    const gone = Promise.reject(new DomainError('POLICY_UNAVAILABLE', 'gone'));
    gone.catch(() => {});
    const decided = await ask({ shadows: [{ slot: 'candidate', sha256: digestOf('gone'), policy: gone }] });
    expect(decided).toMatchObject({ passed: true, shadows: [{ said: 'BROKE', code: 'POLICY_UNAVAILABLE' }] });
  });

  it('does not wait until it is loaded, and counts that apart', async () => {
    const shadow = { slot: 'candidate', sha256: digestOf('slow'), policy: new Promise<LoadedPolicy>(() => {}) };
    const decided = await ask({ shadows: [shadow] });
    expect(decided).toMatchObject({ passed: true, shadows: [{ said: 'LATE', code: null }] });
    const { counts, differences } = await shadowReport(plane.ledger, shadow.sha256, undefined);
    expect(counts).toMatchObject({ gates: 1, same: 0, broke: 0, late: 1 });
    expect(differences).toEqual([]);
  });

  it('answers all the same when its WebAssembly hangs', async () => {
    const wasm = await wasmIn(BROKEN);
    const bundle = { sha256: digestOf('broken'), revision: 'broken-1', entrypoint: 'broken/hang', wasm, data: {} };
    // It fills 100 MB in half a second on a quick machine.
    const hanging = await loadPolicy(bundle, { timeoutMs: 1000, maxPages: 16_384 });
    const decided = await ask({ shadows: [shadowOf(hanging)] });
    expect(decided).toMatchObject({ passed: true, shadows: [{ said: 'BROKE', code: 'POLICY_TIMED_OUT' }] });
  });

  it('counts nothing of a question that lets nothing in', async () => {
    const same = policy('same', answers(verdict({ rule: 'signed' })));
    const { decision } = await decide(depsWith({ shadows: [shadowOf(same)] }), ASKED, caller(PIPELINE));
    expect(decision.shadows).toEqual([]);
    expect((await report(same)).counts.gates).toBe(0);
  });

  it('is told of by the decision alone, so that a rebuild finds its lines again', async () => {
    const stricter = policy('stricter', answers(verdict({ rule: 'new', verdict: 'fail' })));
    const { evidence } = await ask({ shadows: [shadowOf(stricter)] });
    const record = plane.ledger.records.get(evidence);
    const object = record && (await plane.bucket.read(record.object_key));
    if (!record || !object) throw new Error('the decision is not stored');
    const { entries } = readDecision({ ...object, requestId: record.kms_request_id }, record.object_key);
    const { items } = await plane.ledger.list(lookup.shadow(stricter.sha256), { limit: 10 });
    expect(entries.filter(({ pk }) => pk === lookup.shadow(stricter.sha256))).toEqual(items);
  });
});
