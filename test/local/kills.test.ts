import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { ListModelPackagesCommand, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { dynamoEndpoints } from '../../lib/adapters/dynamodb/endpoints.ts';
import { Announcement } from '../../lib/contracts/announcements.ts';
import { isOver } from '../../lib/core/promotion.ts';
import type { CallRecord, FaultMatch } from '../../local/control.ts';
import { listen } from '../../local/ports.ts';
import { clientConfig } from './support/clients.ts';
import { Promoting, ROLES } from './support/promoting.ts';

/** Functions that are killed after what they write, in a promotion that nothing else goes wrong in. */
const local = inject('local');
const world = new Promoting(local);
const { control } = world;
const s3 = new S3Client(clientConfig(local, 'administrator'));
const lambda = new LambdaClient(clientConfig(local, 'administrator'));
const sagemaker = new SageMakerClient(clientConfig(local, 'administrator'));
const endpoints = dynamoEndpoints(
  new DynamoDBClient(clientConfig(local, 'administrator')),
  local.resources.workflowTable,
);
const ENDPOINT = `killed-${randomUUID().slice(0, 8)}`;

/** Whoever starts, decides and answers; of each, what it writes is taken from a promotion that went well. */
const CALLED_BY_STEPS = ['promoter', 'promotion-gate', 'approval-desk', 'deployer', 'releaser'] as const;
const CALLED_BY_OTHERS = ['promotions', 'pages'] as const;

const WRITE = /^(Put|Update|Delete|Create|Transact|Send|Start|Sign|Encrypt)/;
/** What a promotion that went well called, and what it left. */
let calls: readonly CallRecord[];
let whole: object;

/** Asks again when whoever was called died, as pipelines and browsers do. */
async function insist<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!String(error).includes('answered 500')) throw error;
    }
  }
}

/** From the request to the release. @returns the promotion's id */
async function promote(): Promise<string> {
  const { model } = await world.aModel();
  const request = randomUUID();
  const id = await insist(() => world.promote(ENDPOINT, { model, request }));
  for (const role of ROLES) await world.decide(role, id, 'approve');
  await world.until(id, isOver);
  return id;
}

async function countObjects(Prefix: string): Promise<number> {
  const { KeyCount = 0 } = await s3.send(new ListObjectsV2Command({ Bucket: local.resources.evidenceBucket, Prefix }));
  return KeyCount;
}

/** What is left of a promotion, as far as promotions are alike. */
async function leftOf(id: string): Promise<object> {
  // What follows from the end comes after it.
  while (!(await world.read(id)).settled) await delay(200);
  const { asks, ...promotion } = await world.take('reader', 'GET', `/v1/promotions/${id}`);
  const { state, round, events, failure, abort, incident } = promotion;
  const { releases } = await world.take('reader', 'GET', `/v1/models/${promotion.model}/releases`);
  const { items } = await world.take('auditor', 'GET', `/v1/models/${promotion.model}/decisions`);
  const { incidents } = await world.take('operator', 'GET', '/v1/incidents');
  return {
    promotion: { state, round, events, failure, abort, incident },
    asks: Object(asks).map(({ role, state: answer, decided }: Record<string, unknown>) => [
      role,
      answer,
      decided !== null,
    ]),
    // Nothing is signed twice for one purpose.
    eventsStored: await countObjects(`events/promotion/${id}/`),
    approvals: await countObjects(`approvals/${id}/`),
    releases: [await countObjects(`releases/${id}`), Object(releases).length],
    approvedIn: Object(items).filter(({ result }: { result: string }) => result === 'APPROVED').length,
    incidents: Object(incidents).filter(({ subject }: { subject: string }) => subject === id).length,
    endpoint: await endpoints.find(ENDPOINT),
  };
}

/** The kinds of writes of a function: by operation, table and prefix. A task is tried seven times, which is more than it has. */
function writesOf(name: string): readonly FaultMatch[] {
  const identity = `countersign-${local.stage}-${name}`;
  const kinds = new Map<string, FaultMatch>();
  for (const { service, operation, resources, ...call } of calls) {
    if (call.identity !== identity || !WRITE.test(operation)) continue;
    // A code or a session that is lost on its way costs a person the half minute until the next code.
    if (name === 'pages' && (operation === 'PutItem' || operation === 'SendEmail')) continue;
    const [table] = resources.tables ?? [];
    const keyPrefix = resources.key?.replace(/[^/]*$/, '').split('/')[0];
    const match = { identity, service, operation, ...(table ? { table } : {}), ...(keyPrefix ? { keyPrefix } : {}) };
    kinds.set(JSON.stringify(match), match);
  }
  return [...kinds.values()];
}

beforeAll(async () => {
  await world.prepare('kills');
  // The first makes the endpoint, the second its alarm: the others are alike.
  for (const _ of ['made', 'watched']) await leftOf(await promote());
  await control.resetCalls();
  whole = await leftOf(await promote());
  calls = await control.calls();
});
afterEach(async () => {
  // A fault that nothing met has tested nothing; the last ones are met after the end that a test waits for.
  try {
    await vi.waitFor(async () => expect(await control.armed()).toEqual([]), { timeout: 120_000, interval: 500 });
  } finally {
    await control.disarm();
  }
});

describe('a promotion comes to the same release, once,', () => {
  it.each([
    ['the state machine calls', CALLED_BY_STEPS],
    ['people and pipelines call', CALLED_BY_OTHERS],
  ])(
    'though each function that %s is killed after everything that it writes',
    async (_, names) => {
      for (const name of names) {
        const writes = writesOf(name);
        expect(writes, `${name} writes nothing`).not.toEqual([]);
        for (const match of writes) await control.arm({ match, effect: { kind: 'execute-then-kill' } });
      }
      expect(await leftOf(await promote())).toEqual(whole);
    },
    300_000,
  );
});

describe('consent that is withdrawn', () => {
  it('has people asked anew once, though who watches the evidence is killed after everything that it writes', async () => {
    const { model, dataset } = await world.aModel();
    await world.consent(dataset, true);
    const id = await world.promote(`consent-${randomUUID().slice(0, 8)}`, { model });
    for (const role of ROLES) await world.asked(role, id);
    for (const operation of ['PutObject', 'TransactWriteItems', 'PutItem', 'PutEvents', 'SendTaskFailure']) {
      const match = { identity: `countersign-${local.stage}-approval-watch`, operation };
      await control.arm({ match, effect: { kind: 'execute-then-kill' } });
    }
    await world.consent(dataset, false);
    await world.until(id, ({ round }) => round === 2);
    for (const role of ROLES) await world.asked(role, id);
    while ((await control.armed()).length > 0) await delay(200);
    await world.take('promoter', 'POST', `/v1/promotions/${id}/cancel`, { reason: 'the test is over' });
    // Asked for, begun anew, ended.
    expect(await world.until(id, isOver)).toMatchObject({ state: 'cancelled', round: 2, events: 3 });
  });
});

describe('an incident', () => {
  it('is acknowledged and resolved once, though the function is killed after everything that it writes', async () => {
    const id = await world.promote(`urgent-${randomUUID().slice(0, 8)}`, { breakGlass: true });
    await world.take('break-glass-confirmer', 'POST', `/v1/promotions/${id}/confirm`, { reason: 'the test' });
    await world.until(id, isOver);
    const { incidents } = await world.take('operator', 'GET', '/v1/incidents');
    const review = Object(incidents).find(({ subject }: { subject: string }) => subject === id);
    const identity = `countersign-${local.stage}-incidents`;
    for (const operation of ['PutObject', 'TransactWriteItems']) {
      // One for each of the two changes.
      await control.arm({ match: { identity, operation }, times: 2, effect: { kind: 'execute-then-kill' } });
    }
    const at = `/v1/incidents/${review.id}`;
    await insist(() => world.take('operator', 'POST', `${at}/acknowledge`, {}));
    await insist(() => world.take('operator', 'POST', `${at}/resolve`, { reason: 'reviewed' }));
    expect(await world.take('reader', 'GET', at)).toMatchObject({ state: 'resolved' });
    expect(await countObjects(`events/incident/${review.id}/`)).toBe(3);
  });
});

describe('what follows from a release', () => {
  /** What a webhook was told, by the ids that it tells repetitions by. */
  const told = new Map<unknown, Set<string>>();
  const consumer = createServer(async (request, response) => {
    const id = request.headers['webhook-id'];
    told.set(id, (told.get(id) ?? new Set()).add(await text(request)));
    response.writeHead(204).end();
  });
  const webhook = `kills-${randomUUID().slice(0, 8)}`;
  afterAll(async () => {
    await world.take('operator', 'POST', `/v1/webhooks/${webhook}`, { revision: 1, state: 'disabled' });
    consumer.close();
  });

  it('is mirrored once, and told to everybody, though who does it is killed after everything that it writes', async () => {
    const url = `http://127.0.0.1:${await listen(consumer, 0)}/hook`;
    await world.take('operator', 'POST', '/v1/webhooks', { id: webhook, url });
    const kill = async (name: string, operation: string, times = 1) => {
      const match = { identity: `countersign-${local.stage}-${name}`, operation };
      await control.arm({ match, times, effect: { kind: 'execute-then-kill' } });
    };
    for (const operation of ['CreateModelPackage', 'UpdateModelPackage']) await kill('model-mirror', operation);
    // A delivery that was taken in, one that was claimed, one that was made.
    await kill('webhook-sender', 'PutItem', 3);
    const id = await world.promote(ENDPOINT, { breakGlass: true });
    await world.take('break-glass-confirmer', 'POST', `/v1/promotions/${id}/confirm`, { reason: 'the test' });
    await world.until(id, isOver);
    const ours = () =>
      [...told.values()]
        .flatMap((bodies) => [...bodies].map((body) => JSON.parse(body)))
        .filter((one) => one.subject === id);
    const types = () =>
      ours()
        .map(({ type }) => type)
        .toSorted();
    while (types().length < 2 || (await control.armed()).length > 0) {
      await sweep();
      await delay(500);
    }
    // Each under one id, however often.
    expect(types()).toEqual([Announcement.promotionRequested, Announcement.released].toSorted());
    await expect.poll(() => versionsOf(id), { timeout: 60_000 }).toEqual(['Approved']);
  }, 240_000);
});

/** What the rule of every minute does. */
async function sweep(): Promise<void> {
  const FunctionName = `countersign-${local.stage}-webhook-sender`;
  await lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify({ source: 'aws.events' }) }));
}

/** States of a promotion's versions in the Model Registry. */
async function versionsOf(promotion: string): Promise<readonly unknown[]> {
  const ModelPackageGroupName = `countersign-${ENDPOINT}`;
  const { ModelPackageSummaryList: all = [] } = await sagemaker.send(
    new ListModelPackagesCommand({ ModelPackageGroupName }),
  );
  const ours = all.filter(({ ModelPackageDescription: told = '' }) => told.includes(promotion));
  return ours.map(({ ModelApprovalStatus }) => ModelApprovalStatus);
}
