import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DescribeExecutionCommand, SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { OwnPredicate, Predicate } from '../../lib/contracts/predicates.ts';
import { openCountersigned } from '../../lib/core/countersigned.ts';
import { sha256Hex } from '../../lib/core/digest.ts';
import type { IndexEntry } from '../../lib/core/evidence.ts';
import { SimulationReportSchema } from '../../lib/core/gate/what-if-report.ts';
import { parsePublicKey } from '../../lib/core/keys.ts';
import { LocalControl } from '../../local/control.ts';
import { newKey, type TestKey } from '../support/keys.ts';
import { aManifest, digestOf, signedBundle } from '../support/manifests.ts';
import { api } from './support/api.ts';
import { enrolKey } from './support/enrol.ts';
import { activatePolicy, committedPolicy, enrolPolicyTester, testPolicy } from './support/policies.ts';
import { simulate, startSimulation } from './support/simulate.ts';

const local = inject('local');
const control = new LocalControl(local.control);
const SIMULATOR = 'countersign-local-simulator';
const producer = newKey();
let tester: TestKey;

const take = async (as: Parameters<typeof api>[1], method: string, path: string, body?: object) => {
  const answer = await api(local, as, method, path, body === undefined ? {} : { body });
  if (answer.status >= 400) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.bytes}`);
  return answer;
};

/** A model that passes in experimental, where little is asked. @returns model and decision */
async function passed(): Promise<{ readonly model: string; readonly decision: string }> {
  const name = randomUUID();
  const dataset = { id: 'data', sha256: digestOf(`data of ${name}`) };
  for (const stage of [{ stage: 'ingest', model: undefined }, { model: { id: 'model', sha256: digestOf(name) } }]) {
    const manifest = aManifest({ run_id: `run-${name}`, timestamp: new Date().toISOString(), dataset, ...stage });
    const signed: unknown = JSON.parse(signedBundle(manifest, producer).toString('utf8'));
    await take('training-pipeline', 'POST', '/v1/manifests', Object(signed));
  }
  const question = { model: digestOf(name), environment: 'experimental' };
  const { json } = await take('promoter', 'POST', '/v1/gates/evaluate', question);
  expect(json).toMatchObject({ result: 'PASSED' });
  return { model: digestOf(name), decision: String(json.decision) };
}

/** The committed policy with one field more that a training's manifest must have. The name is as long, so that the archive stays one. */
async function stricterPolicy(wantedBy: string): Promise<Buffer> {
  const archive = gunzipSync(await committedPolicy(wantedBy));
  const [from, to] = ['"commit_sha"', '"image_tags"'];
  const text = archive.toString('latin1');
  if (!text.includes(from)) throw new Error('the committed policy asks for no commit');
  return gzipSync(Buffer.from(text.replaceAll(from, to), 'latin1'));
}

beforeAll(async () => {
  const training = { role: 'producer', stages: ['ingest', 'training'], predicate_types: [Predicate.manifest] };
  await enrolKey(local, 'training-pipeline', training, producer.privateKey);
  tester = await enrolPolicyTester(local);
  await activatePolicy(local, tester, await committedPolicy('simulations'));
});

describe('a simulation', () => {
  it('finds the decisions that a stricter policy would flip, and is evidence', async () => {
    const from = new Date(Date.now() - 31 * 86_400_000).toISOString();
    const { model, decision } = await passed();
    const candidate = await testPolicy(local, tester, await stricterPolicy('a flip'));
    const simulation = await simulate(local, candidate, { from });
    const { bytes } = await take('auditor', 'GET', simulation.report?.path ?? '');
    expect(sha256Hex(bytes)).toBe(simulation.report?.sha256);
    const report = SimulationReportSchema.parse(JSON.parse(bytes.toString('utf8')));
    expect(report.unjudged).toEqual([]);
    expect(report.counts).toEqual(simulation.counts);
    const flip = report.flips.find((one) => one.decision === decision);
    expect(flip).toMatchObject({ model, environment: 'experimental', result: 'would_fail' });
    expect(flip?.rules).toMatchObject([{ rule: 'manifest_complete', before: 'pass', after: 'fail' }]);
    expect((await take('auditor', 'GET', flip?.evidence ?? '')).json).toMatchObject({ evidence: decision });

    const { json: policy } = await take('reader', 'GET', `/v1/policies/${candidate}`);
    expect(policy).toMatchObject({ state: 'simulated', simulated: { report: simulation.report?.sha256 } });
    const { json: status } = await take('reader', 'GET', '/v1/status');
    const key = parsePublicKey(Object(status.evidence_key).public_key);
    const { items }: { items: IndexEntry[] } = Object(
      (await take('reader', 'GET', `/v1/models/${candidate}/decisions`)).json,
    );
    const events = items.filter(({ predicate_type }) => predicate_type === OwnPredicate.policyEvent);
    const last = await take('auditor', 'GET', `/v1/evidence/${events.at(-1)?.evidence}/attestation`);
    const { statement } = openCountersigned(last.bytes, () => key);
    expect(statement.predicate).toMatchObject({ action: 'policy-simulated', policy: { simulated: policy.simulated } });
  });

  it('is answered as it stands when the same is asked again', async () => {
    const candidate = await testPolicy(local, tester, await stricterPolicy('the same again'));
    const done = await simulate(local, candidate);
    const { from, to } = done;
    await control.resetCalls();
    expect(await startSimulation(local, candidate, { from, to })).toEqual(done);
    expect((await control.calls()).filter(({ identity }) => identity === SIMULATOR)).toEqual([]);
  });

  it('that is stopped in the middle goes on when the same is asked again', async () => {
    await passed();
    const candidate = await testPolicy(local, tester, await stricterPolicy('a stop'));
    await control.arm({
      match: { service: 'kms', operation: 'Sign', identity: SIMULATOR },
      effect: { kind: 'refuse', status: 500, code: 'KMSInternalException' },
      times: 1000,
    });
    const started = await startSimulation(local, candidate);
    let standing = started;
    while (standing.progress.chunks === null || standing.progress.done < standing.progress.chunks) {
      await delay(50);
      standing = Object((await take('reader', 'GET', `/v1/simulations/${started.id}`)).json);
    }
    await stopExecution(`${started.id}-1`);
    await control.disarm();
    const { from, to } = started;
    await control.resetCalls();
    const again = await simulate(local, candidate, { from, to });
    expect(again).toMatchObject({ id: started.id, attempt: 2, state: 'finished' });
    const calls = (await control.calls()).filter(({ identity }) => identity === SIMULATOR);
    expect(calls.filter(({ operation }) => operation === 'BatchGetItem')).toEqual([]);
  });

  it.each([
    ['a range in the future', { from: '2026-01-01T00:00:00Z', to: '2999-01-01T00:00:00Z' }, 400, '/to'],
    ['a range without a beginning', {}, 400, '/from'],
    ['an environment that there is not', { from: '2026-01-01T00:00:00Z', environment: 'prod' }, 400, '/environment'],
  ])('refuses %s', async (_, body, status, pointer) => {
    const answer = await api(local, 'policy-author', 'POST', `/v1/policies/${digestOf('any')}/simulations`, { body });
    expect([answer.status, answer.json.pointer]).toEqual([status, pointer]);
  });

  it('is not known before it was asked for', async () => {
    expect((await api(local, 'reader', 'GET', `/v1/simulations/${digestOf('none')}`)).status).toBe(404);
    expect((await api(local, 'reader', 'GET', `/v1/simulations/${digestOf('none')}/report`)).status).toBe(404);
  });
});

/** As an operator does who saw it run too long. */
async function stopExecution(name: string): Promise<void> {
  const { accessKeyId, secretAccessKey } = local.identities.administrator;
  const client = new SFNClient({
    endpoint: local.endpoint,
    region: local.region,
    credentials: { accessKeyId, secretAccessKey },
  });
  const machine = `arn:aws:states:${local.region}:${local.accountId}:execution:countersign-local-simulate-policy`;
  const executionArn = `${machine}:${name}`;
  await client.send(new StopExecutionCommand({ executionArn }));
  while ((await client.send(new DescribeExecutionCommand({ executionArn }))).status === 'RUNNING') await delay(50);
  client.destroy();
}
