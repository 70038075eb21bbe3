import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { CloudWatchClient, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DescribeEndpointCommand, type DescribeEndpointOutput, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { dynamoEndpoints } from '../../lib/adapters/dynamodb/endpoints.ts';
import { Announcement } from '../../lib/contracts/announcements.ts';
import { configName } from '../../lib/core/deployment.ts';
import { isOver, type Promotion } from '../../lib/core/promotion.ts';
import { listen } from '../../local/ports.ts';
import { OTHER_IMAGE } from '../support/deploying.ts';
import { api } from './support/api.ts';
import { cliEnv, countersign } from './support/cli.ts';
import { clientConfig } from './support/clients.ts';
import { ALARM, Promoting, ROLES, SPEED } from './support/promoting.ts';

/** Canaries that go wrong, through the real machine with the real functions. Each ends where it began: with what served before. */
const local = inject('local');
const world = new Promoting(local);
const { control } = world;
const config = clientConfig(local, 'administrator');
const sagemaker = new SageMakerClient(config);
const cloudwatch = new CloudWatchClient(config);
const dynamo = new DynamoDBClient(config);
const endpoints = dynamoEndpoints(dynamo, local.resources.workflowTable);

const ENDPOINT = `canary-${randomUUID().slice(0, 8)}`;
const WEBHOOK = `canaries-${randomUUID().slice(0, 8)}`;
/** What everybody was told by webhook, by promotion. */
const told: { readonly type: string; readonly subject: string }[] = [];
let consumer: Server;
/** The configuration that serves between the tests. */
let before: string;
let releases: unknown;

const describeEndpoint = (name: string): Promise<DescribeEndpointOutput> =>
  sagemaker.send(new DescribeEndpointCommand({ EndpointName: name }));
const listReleases = async () => (await world.take('reader', 'GET', `/v1/releases/${ENDPOINT}`)).releases;

/** Past the gate, by two people: what goes wrong afterwards has nothing to do with who let it through. */
async function promotePastTheGate(endpoint: string, wishes: Parameters<Promoting['promote']>[1] = {}): Promise<string> {
  const id = await world.promote(endpoint, { ...wishes, breakGlass: true });
  await world.take('break-glass-confirmer', 'POST', `/v1/promotions/${id}/confirm`, { reason: 'the test' });
  return id;
}

const setAlarm = (StateValue: 'OK' | 'ALARM') =>
  cloudwatch.send(new SetAlarmStateCommand({ AlarmName: ALARM, StateValue, StateReason: 'the test' }));

/**
 * A promotion whose new fleet bakes as the text says, and goes on to as long as a test does not let the time pass: a busy machine
 * does not miss the bake.
 */
async function promoteUntilItBakes(how: string): Promise<string> {
  await control.speedUpSageMaker(1);
  const bakeSeconds = 1800;
  const id = await promotePastTheGate(ENDPOINT, { bakeSeconds });
  for (;;) {
    const { PendingDeploymentSummary: pending } = await describeEndpoint(ENDPOINT);
    const [variant] = pending?.ProductionVariants ?? [];
    if (variant?.VariantStatus?.some(({ StatusMessage = '' }) => StatusMessage.includes(how))) return id;
    await control.passSageMakerTime(bakeSeconds / 6);
    await delay(50);
  }
}

interface Incident {
  readonly kind: string;
  readonly state: string;
  readonly runbook: string;
  readonly subject: string;
}

async function incidentsOf({ id }: Pick<Promotion, 'id'>): Promise<readonly Incident[]> {
  const { incidents } = await world.take('operator', 'GET', '/v1/incidents');
  return Object(incidents).filter((one: Incident) => one.subject === id && !one.kind.endsWith('_review'));
}

const ENDS: readonly string[] = [
  Announcement.released,
  Announcement.rolledBack,
  Announcement.promotionRefused,
  Announcement.promotionEnded,
];

const endsTold = (id: string) => told.filter(({ subject, type }) => subject === id && ENDS.includes(type));

/** The promotion once it is over and all that follows from its end is done; webhooks are told last. */
async function over(id: string): Promise<Promotion> {
  let promotion = await world.until(id, isOver);
  for (; !promotion.settled || endsTold(id).length === 0; promotion = await world.read(id)) await delay(100);
  return promotion;
}

/** What a canary that was taken back leaves: what served before, a free endpoint, no release, one word to everybody. */
async function expectNothingLeft({ id }: Promotion): Promise<void> {
  expect(await describeEndpoint(ENDPOINT)).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: before });
  expect(await endpoints.find(ENDPOINT)).toEqual({ lease: undefined, waiting: [] });
  expect(await listReleases()).toEqual(releases);
  expect(endsTold(id).map(({ type }) => type)).toEqual([Announcement.rolledBack]);
}

beforeAll(async () => {
  await world.prepare('canaries');
  consumer = createServer(async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    told.push(JSON.parse(Buffer.concat(chunks).toString('utf8')));
    response.writeHead(204).end();
  });
  const url = `http://127.0.0.1:${await listen(consumer, 0)}/hook`;
  await world.take('operator', 'POST', '/v1/webhooks', { id: WEBHOOK, url });
  const id = await promotePastTheGate(ENDPOINT);
  expect(await over(id)).toMatchObject({ state: 'released' });
  before = configName({ id });
  releases = await listReleases();
});
afterAll(async () => {
  await world.take('operator', 'POST', `/v1/webhooks/${WEBHOOK}`, { revision: 1, state: 'disabled' });
  for (const client of [sagemaker, cloudwatch, dynamo]) client.destroy();
  consumer.close();
});
afterEach(async () => {
  const left = [await control.armed(), await control.armedDeployments()];
  await control.disarm();
  await control.disarmDeployments();
  await control.speedUpSageMaker(SPEED);
  await setAlarm('OK');
  // A fault that nothing met has tested nothing.
  expect(left).toEqual([[], []]);
});

describe('a canary that two people approved', () => {
  it('and that fails goes back by itself, cannot be cancelled, and leaves an incident with its runbook', async () => {
    const id = await world.promote(ENDPOINT);
    await control.armDeployment({ kind: 'unhealthy', endpoint: ENDPOINT });
    for (const role of ROLES) await world.decide(role, id, 'approve');
    await world.until(id, ({ state }) => state === 'deploying');
    const late = await api(local, 'promoter', 'POST', `/v1/promotions/${id}/cancel`, { body: { reason: 'too late' } });
    expect(late).toMatchObject({ status: 409, json: { code: 'PROMOTION_STATE_CONFLICT' } });
    const ended = await over(id);
    expect(ended).toMatchObject({
      state: 'rolled_back',
      release_decision: { passed: true },
      failure: { code: 'taken_back', detail: expect.stringContaining('did not pass the ping health check') },
      release: null,
    });
    await expectNothingLeft(ended);
    expect(await incidentsOf(ended)).toMatchObject([
      { kind: 'deployment_failed', state: 'open', runbook: 'deployment-failed', id: ended.incident },
    ]);
    const shown = await countersign(['promotion', 'show', id], { cwd: tmpdir(), env: cliEnv(local, 'reader') });
    expect(shown.code).toBe(0);
    for (const part of [
      /^state +rolled back$/m,
      /^why +taken_back: .*health check/m,
      new RegExp(`^incident +${ended.incident}$`, 'm'),
    ])
      expect(shown.stdout).toMatch(part);
  });

  it('and whose model turns out to be suspect before it is deployed is refused, and deploys nothing', async () => {
    const { model } = await world.aModel();
    const free = `suspect-${randomUUID().slice(0, 8)}`;
    const id = await world.promote(free, { model });
    await world.decide('model-owner', id, 'approve');
    // The same model elsewhere: its canary runs another image, which closes the gates of the model.
    await control.armDeployment({ kind: 'serves', endpoint: ENDPOINT, image: OTHER_IMAGE });
    const tampered = await over(await promotePastTheGate(ENDPOINT, { model }));
    expect(tampered).toMatchObject({
      state: 'rolled_back',
      abort: { cause: 'integrity', by: null },
      failure: { code: 'image_differs' },
    });
    await expectNothingLeft(tampered);
    expect(await incidentsOf(tampered)).toMatchObject([{ kind: 'tampered_artifact', runbook: 'tampered-artifact' }]);

    // Whoever watches the evidence may end the wait before the second person does.
    await Promise.race([over(id), world.decide('privacy-officer', id, 'approve').catch(() => undefined)]);
    const refused = await over(id);
    expect(refused).toMatchObject({ state: 'refused', failure: { code: 'GATE_CLOSED' }, deployment: null });
    await expect(describeEndpoint(free)).rejects.toThrow('Could not find endpoint');
  });
});

describe('a first deployment', () => {
  it('is removed when an alarm that it names rings while it bakes', async () => {
    const free = `first-${randomUUID().slice(0, 8)}`;
    const id = await promotePastTheGate(free, { bakeSeconds: 1800 });
    await world.until(id, ({ deployment }) => deployment?.bake !== undefined);
    expect(await describeEndpoint(free)).toMatchObject({ EndpointStatus: 'InService' });
    await setAlarm('ALARM');
    const ended = await over(id);
    expect(ended).toMatchObject({
      state: 'rolled_back',
      failure: { code: 'alarm_rings', detail: expect.stringContaining(ALARM) },
      release: null,
    });
    await expect(describeEndpoint(free)).rejects.toThrow('Could not find endpoint');
    expect(await endpoints.find(free)).toEqual({ lease: undefined, waiting: [] });
    expect(await incidentsOf(ended)).toMatchObject([{ kind: 'deployment_failed', state: 'open' }]);
    expect(endsTold(id).map(({ type }) => type)).toEqual([Announcement.rolledBack]);
  });
});

describe('a canary', () => {
  it.each([
    ['as its first minute begins', 'canary capacity'],
    ['in the last bake, with all traffic on the new fleet', 'full capacity'],
  ])('is taken back by an alarm that rings %s', async (_, how) => {
    const id = await promoteUntilItBakes(how);
    await setAlarm('ALARM');
    await control.speedUpSageMaker(SPEED);
    const ended = await over(id);
    expect(ended).toMatchObject({
      state: 'rolled_back',
      failure: { code: 'taken_back', detail: expect.stringContaining(ALARM) },
    });
    await expectNothingLeft(ended);
  });

  it('that hangs is taken back at its time limit, though SageMaker throttles whoever looks', async () => {
    await control.armDeployment({ kind: 'hangs', endpoint: ENDPOINT });
    const deployer = { service: 'sagemaker', identity: 'countersign-local-deployer' };
    const throttled = { kind: 'refuse', status: 400, code: 'ThrottlingException' } as const;
    for (const operation of ['UpdateEndpoint', 'DescribeEndpoint'])
      await control.arm({ match: { ...deployer, operation }, effect: throttled, times: 3 });
    const ended = await over(await promotePastTheGate(ENDPOINT));
    expect(ended).toMatchObject({ state: 'rolled_back', failure: { code: 'taken_back' } });
    await expectNothingLeft(ended);
  });

  it('is taken back at once in an emergency', async () => {
    const id = await promoteUntilItBakes('canary capacity');
    await world.take('emergency-rollback', 'POST', `/v1/releases/${ENDPOINT}/rollback`, { reason: 'it errs' });
    await control.speedUpSageMaker(SPEED);
    const ended = await over(id);
    expect(ended).toMatchObject({ state: 'rolled_back', abort: { cause: 'emergency_rollback', reason: 'it errs' } });
    await expectNothingLeft(ended);
  });

  // The last one: the endpoint does not come back from it.
  it('that cannot be taken back leaves an incident of its own', async () => {
    for (let deployment = 0; deployment < 3; deployment++) {
      for (const kind of ['unhealthy', 'rollback-fails'] as const)
        await control.armDeployment({ kind, endpoint: ENDPOINT });
    }
    const ended = await over(await promotePastTheGate(ENDPOINT));
    expect(ended).toMatchObject({
      state: 'rollback_failed',
      failure: { code: 'rollback_refused', detail: expect.stringContaining('taken back because') },
      deployment: { way_back: { told: 2 } },
    });
    expect(await describeEndpoint(ENDPOINT)).toMatchObject({ EndpointStatus: 'UpdateRollbackFailed' });
    expect(await incidentsOf(ended)).toMatchObject([{ kind: 'rollback_failed', runbook: 'rollback-failed' }]);
    expect(await endpoints.find(ENDPOINT)).toEqual({ lease: undefined, waiting: [] });
    expect(await listReleases()).toEqual(releases);
  });
});
