import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { packPolicyBundle } from '../../lib/adapters/opa/pack.ts';
import { Predicate } from '../../lib/contracts/predicates.ts';
import type { Json } from '../../lib/core/json.ts';
import { newKey, type TestKey } from '../support/keys.ts';
import { aManifest, digestOf, signedBundle } from '../support/manifests.ts';
import { type ApiRequest, api } from './support/api.ts';
import { cliEnv, countersign } from './support/cli.ts';
import { enrolKey } from './support/enrol.ts';
import { activatePolicy, committedPolicy, enrolPolicyTester, testPolicy } from './support/policies.ts';

const local = inject('local');
const EXAMPLE = fileURLToPath(new URL('../../examples/policies/bundle', import.meta.url));
const SLOT = 'reproducible';
const producer = newKey();
let tester: TestKey;

async function take(as: Parameters<typeof api>[1], method: string, path: string, request: ApiRequest = {}) {
  const answer = await api(local, as, method, path, request);
  if (answer.status >= 400) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.bytes}`);
  return answer.json;
}
const refused = async (as: Parameters<typeof api>[1], path: string, body: object) => {
  const { status, json } = await api(local, as, 'POST', path, { body });
  return [status, json.code];
};
const ask = (model: string) =>
  take('promoter', 'POST', '/v1/gates/evaluate', { body: { model, environment: 'experimental' } });

/** Its data was ingested and it was trained: what our rules ask for in the experimental environment. */
async function trained(parameters: Json = {}, name = randomUUID()): Promise<string> {
  const common = { run_id: `run-${randomUUID()}`, timestamp: new Date().toISOString() };
  const dataset = { id: 'data', sha256: digestOf(`data of ${name}`) };
  const model = { id: 'model', sha256: digestOf(name) };
  for (const manifest of [
    aManifest({ ...common, stage: 'ingest', dataset, model: undefined }),
    aManifest({ ...common, stage: 'training', dataset, model, parameters }),
  ]) {
    await take('training-pipeline', 'POST', '/v1/manifests', { body: signedBundle(manifest, producer) });
  }
  return model.sha256;
}

const withdraw = (from: string) =>
  take('policy-approver', 'POST', '/v1/policies/withdraw', { body: { slot: SLOT, from, reason: 'the test is over' } });

beforeAll(async () => {
  const authority = { role: 'producer', stages: ['ingest', 'training'], predicate_types: [Predicate.manifest] };
  await enrolKey(local, 'training-pipeline', authority, producer.privateKey);
  tester = await enrolPolicyTester(local);
  await activatePolicy(local, tester, await committedPolicy('policies-beside'));
});

describe("somebody else's policy in a slot", () => {
  let theirs: string;
  let decision: string;

  it('denies what ours lets pass, until the model got what it asks for, and until it is withdrawn', async () => {
    const name = randomUUID();
    const model = await trained({}, name);
    expect(await ask(model)).toMatchObject({ result: 'PASSED', beside: [] });
    theirs = await activatePolicy(local, tester, await packPolicyBundle(EXAMPLE), SLOT);
    const denied = await ask(model);
    expect(denied).toMatchObject({
      result: 'FAILED',
      beside: [
        {
          slot: SLOT,
          policy: { sha256: theirs, revision: 'acme-1', entrypoint: 'acme/reproducible/deny' },
          verdicts: [{ rule: 'acme.reproducible.deny', verdict: 'fail', reasons: [{ code: 'policy_denied' }] }],
        },
      ],
    });
    decision = String(denied.decision);
    await trained({ seed: 7 }, name);
    expect(await ask(model)).toMatchObject({ result: 'PASSED', beside: [{ slot: SLOT }] });
    const listed = await take('reader', 'GET', '/v1/policies');
    expect(listed.beside).toMatchObject([{ sha256: theirs, slot: { name: SLOT, mode: 'enforced' } }]);
    await withdraw(theirs);
    expect(await ask(await trained())).toMatchObject({ result: 'PASSED', beside: [] });
  });

  it('is asked again by whoever replays the decision, from the API and then from files alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-beside-'));
    const stored = await countersign(['gate', '--replay', decision, '--keep', 'kept'], {
      cwd: folder,
      env: cliEnv(local, 'auditor'),
    });
    expect(stored).toMatchObject({ code: 0, stdout: expect.stringMatching(/^IDENTICAL/) });
    expect(stored.stdout).toContain(`policy ${SLOT}`);
    const { evidence_key } = await take('reader', 'GET', '/v1/status');
    writeFileSync(join(folder, 'evidence.pem'), Object(evidence_key).public_key);
    const [, command = ''] = /offline: countersign (.*)/.exec(stored.stderr) ?? [];
    expect(command.split(' ').filter((word) => word === '--policy')).toHaveLength(2);
    expect(await countersign(command.split(' '), { cwd: folder })).toMatchObject({ code: 0, stderr: '' });
    rmSync(folder, { recursive: true });
  });

  it('is neither activated nor withdrawn by its author', async () => {
    const body = { slot: SLOT };
    const path = `/v1/policies/${theirs}`;
    expect(await refused('policy-author', `${path}/activate`, body)).toEqual([403, 'ACCESS_DENIED']);
    const withdrawal = { ...body, from: theirs, reason: 'my own' };
    expect(await refused('policy-author', '/v1/policies/withdraw', withdrawal)).toEqual([403, 'ACCESS_DENIED']);
  });

  it.each([
    ['the name of no slot', { slot: 'Not A Slot' }, [400, 'REQUEST_INVALID']],
    ['a mode, which is not asked for here', { slot: SLOT, mode: 'shadow' }, [400, 'REQUEST_INVALID']],
  ])('is not activated under %s', async (_, body, answer) => {
    expect(await refused('policy-approver', `/v1/policies/${theirs}/activate`, body)).toEqual(answer);
  });
});

describe('a shadow', () => {
  it('decides nothing, and tells what it would have decided', async () => {
    const bundle = gzipSync(gunzipSync(await packPolicyBundle(EXAMPLE)), { level: 5 });
    const candidate = await testPolicy(local, tester, bundle);
    const until = new Date(Date.now() + 86_400_000).toISOString();
    const path = `/v1/policies/${candidate}/shadow`;
    await take('policy-author', 'POST', path, { body: { slot: SLOT, until } });
    const counts = async (): Promise<Record<string, number>> => Object((await take('reader', 'GET', path)).counts);
    /** No gate waits longer than 250 ms for a shadow, which is not heard then. */
    const heard = ({ late = 0, broke = 0, gates = 0 }) => gates - late - broke;
    const askUntilHeard = async (model: string) => {
      const before = heard(await counts());
      for (;;) {
        const decided = await ask(model);
        expect(decided).toMatchObject({ result: 'PASSED', beside: [] });
        if (heard(await counts()) > before) return decided;
      }
    };
    const silent = await askUntilHeard(await trained());
    await askUntilHeard(await trained({ seed: 7 }));
    const { differences, ...shown } = await take('reader', 'GET', path);
    expect(shown).toMatchObject({
      since: expect.stringMatching(/Z$/),
      counts: { same: 1, would_fail: 1, would_pass: 0, rules: { 'acme.reproducible.deny': 1 } },
      next: null,
    });
    expect(differences).toContainEqual(
      expect.objectContaining({
        difference: 'would_fail',
        decision: silent.decision,
        said: 'FAILED',
        main: 'PASSED',
      }),
    );
    const body = { slot: SLOT, reason: 'it was seen enough' };
    await take('policy-author', 'POST', `${path}/end`, { body });
    await ask(await trained());
    expect(await take('reader', 'GET', path)).toMatchObject({ counts: shown.counts });
  });
});
