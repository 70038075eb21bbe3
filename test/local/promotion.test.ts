import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CloudWatchClient, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import { GetExecutionHistoryCommand, SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { Predicate } from '../../lib/contracts/predicates.ts';
import { sha256Hex } from '../../lib/core/digest.ts';
import { isOver, type Promotion, PromotionSchema } from '../../lib/core/promotion.ts';
import { Approver } from '../../local/approver.ts';
import { LocalControl } from '../../local/control.ts';
import type { DemoName } from '../../local/description.ts';
import { newKey } from '../support/keys.ts';
import { aManifest, digestOf, signedBundle } from '../support/manifests.ts';
import { api } from './support/api.ts';

import { clientConfig } from './support/clients.ts';
import { callApi, enrolKey } from './support/enrol.ts';
import { activatePolicy, committedPolicy, enrolPolicyTester } from './support/policies.ts';

/** Promotions through the whole local stack: the committed policy, which asks for approvals in experimental too. */
const local = inject('local');
const producer = newKey();
const ROLES = ['model-owner', 'privacy-officer'] as const;
const approvers = Object.fromEntries(ROLES.map((role) => [role, new Approver(local, `${role}@example.com`)]));

/** Takes canaries back; it never rings. */
const ALARM = 'serving-errors';

const take = async (as: DemoName, method: string, path: string, body?: object) => {
  const answer = await api(local, as, method, path, body === undefined ? {} : { body });
  if (answer.status >= 400) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.bytes}`);
  return answer.json;
};

function askingForApprovals(text: string): string {
  const data = JSON.parse(text);
  data.countersign.catalog.required_approvals.environments.push('experimental');
  data.countersign.config.approvals.required_roles.experimental = ROLES;
  return JSON.stringify(data);
}

beforeAll(async () => {
  await new LocalControl(local.control).speedUpSageMaker(500);
  const cloudWatch = new CloudWatchClient(clientConfig(local, 'administrator'));
  const rings = { EvaluationPeriods: 1, ComparisonOperator: 'GreaterThanThreshold', Threshold: 1 } as const;
  const metric = { Namespace: 'Serving', MetricName: 'Errors', Period: 60, Statistic: 'Sum' } as const;
  await cloudWatch.send(
    new PutMetricAlarmCommand({ AlarmName: ALARM, ...rings, ...metric, TreatMissingData: 'notBreaching' }),
  );
  cloudWatch.destroy();
  const training = { role: 'producer', stages: ['ingest', 'training'], predicate_types: [Predicate.manifest] };
  await enrolKey(local, 'training-pipeline', training, producer.privateKey);
  for (const name of ['promoter', 'break-glass-promoter', 'break-glass-confirmer'] as const) {
    const { uniqueId, roleArn } = local.identities[name];
    await callApi(local, 'key-admin', 'POST', '/v1/principals', { name, unique_id: uniqueId, arn: roleArn });
  }
  for (const role of ROLES) {
    const person = { id: `person-${role}`, name: role, email: `${role}@example.com`, roles: [role] };
    await take('people-admin', 'POST', '/v1/approvers', person);
  }
  const policy = await committedPolicy('promotions', askingForApprovals);
  await activatePolicy(local, await enrolPolicyTester(local), policy);
});

/** A stored model that verified manifests lead to. @returns its digest */
async function aModel(): Promise<string> {
  const name = randomUUID();
  const bytes = Buffer.from(`model ${name}`);
  const sha256 = sha256Hex(bytes);
  const dataset = { id: 'data', sha256: digestOf(`data of ${name}`) };
  for (const stage of [{ stage: 'ingest', model: undefined }, { model: { id: 'model', sha256 } }]) {
    const manifest = aManifest({ run_id: `run-${name}`, timestamp: new Date().toISOString(), dataset, ...stage });
    const signed: unknown = JSON.parse(signedBundle(manifest, producer).toString('utf8'));
    await take('training-pipeline', 'POST', '/v1/manifests', Object(signed));
  }
  const artifact = { sha256, size: bytes.length, media_type: 'application/gzip', environment: 'experimental' };
  const { put } = await take('training-pipeline', 'POST', '/v1/artifacts', artifact);
  const { url, headers } = Object(put);
  await fetch(url, { method: 'PUT', headers, body: bytes });
  await take('training-pipeline', 'POST', '/v1/artifacts', artifact);
  return sha256;
}

const wanted = (model: string, endpoint: string) => ({
  model,
  endpoint,
  environment: 'experimental',
  image: `registry.example/serving@sha256:${digestOf('serving image')}`,
  request: randomUUID(),
  reason: 'the test',
  canary_percent: 50,
  bake_seconds: 60,
  alarms: [ALARM],
});

const read = async (id: string): Promise<Promotion> =>
  PromotionSchema.parse(await take('reader', 'GET', `/v1/promotions/${id}`));

async function until(id: string, is: (promotion: Promotion) => boolean): Promise<Promotion> {
  for (;;) {
    const promotion = await read(id);
    if (is(promotion)) return promotion;
    if (isOver(promotion)) throw new Error(`it is ${promotion.state}: ${JSON.stringify(promotion.failure)}`);
    await delay(200);
  }
}

/** What the approvers were mailed before. */
const seen = new Set<string>();

async function decide(role: (typeof ROLES)[number], choice: 'approve' | 'reject', comment?: string): Promise<void> {
  const approver = approvers[role];
  if (!approver) throw new Error(`nobody is ${role}`);
  const link = await approver.link(seen);
  seen.add(link);
  await approver.decide(link, choice, comment);
}

describe('a promotion', () => {
  const endpoint = `credit-${randomUUID()}`;

  it('that two people approve is deployed and sealed, and the next one too', async () => {
    for (const [previous] of [[null], [expect.any(String)]]) {
      const model = await aModel();
      const { id } = await take('promoter', 'POST', '/v1/promotions', wanted(model, endpoint));
      const asked = await until(String(id), ({ state }) => state === 'awaiting_approval');
      expect(asked).toMatchObject({ roles: [...ROLES], round: 1, request_decision: { passed: true } });
      for (const role of ROLES) await decide(role, 'approve');
      const released = await until(String(id), isOver);
      expect(released).toMatchObject({
        state: 'released',
        release_decision: { passed: true },
        release: expect.stringMatching(/^[0-9a-f]{64}$/),
        deployment: { previous_config: previous },
      });
      expect(await take('auditor', 'GET', `/v1/evidence/${released.release}`)).toMatchObject({ kind: 'event' });
    }
  });

  it('that one person rejects deploys nothing', async () => {
    const { id } = await take('promoter', 'POST', '/v1/promotions', wanted(await aModel(), `no-${randomUUID()}`));
    await until(String(id), ({ state }) => state === 'awaiting_approval');
    await decide('privacy-officer', 'reject', 'not this one');
    expect(await until(String(id), isOver)).toMatchObject({ state: 'rejected', deployment: null, release: null });
  });

  it('is not decided by whoever fetches what is in its mails, and its secrets are in no log', async () => {
    const control = new LocalControl(local.control);
    const before = new Set((await control.mails()).map((mail) => mail.id));
    const { id } = await take('promoter', 'POST', '/v1/promotions', wanted(await aModel(), `scan-${randomUUID()}`));
    const everybodyAsked = async () => {
      const mails = (await control.mails()).filter((mail) => !before.has(mail.id));
      return mails.length < ROLES.length ? undefined : mails;
    };
    let mails = await everybodyAsked();
    for (; !mails; mails = await everybodyAsked()) await delay(200);
    // Beside links, the HTML names the standard that it keeps to.
    const urls = new Set(
      mails
        .flatMap(({ text, html }) => `${text} ${html}`.match(/https?:\/\/[^\s"'<>]+/g) ?? [])
        .filter((url) => !url.startsWith('http://www.w3.org/')),
    );
    expect(urls.size).toBeGreaterThanOrEqual(ROLES.length);
    const standing = await take('reader', 'GET', `/v1/promotions/${id}`);
    for (const url of urls) {
      for (const method of ['GET', 'HEAD', 'GET']) await (await fetch(url, { method })).arrayBuffer();
    }
    expect(await take('reader', 'GET', `/v1/promotions/${id}`)).toEqual(standing);

    const tokens = await taskTokens(String(id));
    expect(tokens.length).toBeGreaterThanOrEqual(ROLES.length);
    const links = [...urls].flatMap((url) => url.split('/approve/')[1] ?? []);
    const logs = readdirSync(local.logs).filter((name) => name.endsWith('.jsonl'));
    expect(logs.join()).toContain('approval-desk');
    for (const name of logs) {
      const log = readFileSync(join(local.logs, name), 'utf8');
      for (const secret of [...tokens, ...links]) expect(log.includes(secret), `${name} has a secret`).toBe(false);
    }
    for (const token of tokens) expect(JSON.stringify([mails, standing]).includes(token)).toBe(false);
    await take('promoter', 'POST', `/v1/promotions/${id}/cancel`, { reason: 'the test is over' });
    await until(String(id), isOver);
  });

  it('that is cancelled while people are asked ends at once, and the one behind it goes on', async () => {
    const busy = `busy-${randomUUID()}`;
    const { id } = await take('promoter', 'POST', '/v1/promotions', wanted(await aModel(), busy));
    await until(String(id), ({ state }) => state === 'awaiting_approval');
    const next = await take('promoter', 'POST', '/v1/promotions', wanted(await aModel(), busy));
    await until(String(next.id), ({ state }) => state === 'waiting_for_endpoint');
    await take('promoter', 'POST', `/v1/promotions/${id}/cancel`, { reason: 'too early' });
    expect(await until(String(id), isOver)).toMatchObject({ state: 'cancelled' });
    await until(String(next.id), ({ state }) => state === 'awaiting_approval');
    await take('promoter', 'POST', `/v1/promotions/${next.id}/cancel`, { reason: 'the test is over' });
    await until(String(next.id), isOver);
  });

  it('of a model of which nothing is known is refused', async () => {
    const { id } = await take(
      'promoter',
      'POST',
      '/v1/promotions',
      wanted(digestOf(randomUUID()), `no-${randomUUID()}`),
    );
    expect(await until(String(id), isOver)).toMatchObject({ state: 'refused', failure: { code: 'MODEL_NOT_STORED' } });
  });

  it('is taken back in an emergency: what served before serves', async () => {
    const { promotion } = Object({
      promotion: await take('emergency-rollback', 'POST', `/v1/releases/${endpoint}/rollback`, { reason: 'it errs' }),
    });
    expect(await until(String(promotion.id), isOver)).toMatchObject({ kind: 'rollback', state: 'released' });
    const { incidents } = await take('operator', 'GET', '/v1/incidents');
    const reviews = Object(incidents).filter((one: { subject: string }) => one.subject === promotion.id);
    expect(reviews).toMatchObject([{ kind: 'emergency_rollback_review', state: 'open' }]);
  });
});

describe('past the gate', () => {
  it('two people release a model, and it is to be reviewed', async () => {
    const endpoint = `urgent-${randomUUID()}`;
    const asked = wanted(await aModel(), endpoint);
    const { id } = await take('break-glass-promoter', 'POST', '/v1/promotions/break-glass', asked);
    const own = await api(local, 'break-glass-promoter', 'POST', `/v1/promotions/${id}/confirm`, {
      body: { reason: 'me again' },
    });
    expect(own.json).toMatchObject({ code: 'DUTIES_NOT_SEPARATE' });
    await take('break-glass-confirmer', 'POST', `/v1/promotions/${id}/confirm`, { reason: 'all is down' });
    expect(await until(String(id), isOver)).toMatchObject({ state: 'released', kind: 'break_glass', roles: [] });
  });
});

const executionOf = (id: string) =>
  `arn:aws:states:${local.region}:${local.accountId}:execution:countersign-${local.stage}-promote-model:${id}`;

/** What waits of a promotion, as Step Functions itself knows it. */
async function taskTokens(id: string): Promise<readonly string[]> {
  const client = new SFNClient(clientConfig(local, 'administrator'));
  const history = await client.send(
    new GetExecutionHistoryCommand({ executionArn: executionOf(id), maxResults: 1000 }),
  );
  client.destroy();
  const scheduled = (history.events ?? []).flatMap(({ taskScheduledEventDetails }) => {
    const parameters: unknown = JSON.parse(taskScheduledEventDetails?.parameters ?? '{}');
    return Object(Object(parameters).Payload).token ?? [];
  });
  return scheduled.map(String);
}

describe('an execution that somebody stops', () => {
  it('leaves no promotion that nobody can explain', async () => {
    const { id } = await take('promoter', 'POST', '/v1/promotions', wanted(await aModel(), `stopped-${randomUUID()}`));
    const askedPeople = async () => {
      const { asks } = await take('reader', 'GET', `/v1/promotions/${id}`);
      return Object(asks).filter((ask: { mailed: readonly string[] }) => ask.mailed.length > 0).length;
    };
    while ((await askedPeople()) < ROLES.length) await delay(200);
    const client = new SFNClient(clientConfig(local, 'administrator'));
    await client.send(new StopExecutionCommand({ executionArn: executionOf(String(id)) }));
    client.destroy();
    expect(await until(String(id), isOver)).toMatchObject({ state: 'failed', failure: { code: 'EXECUTION_STOPPED' } });
    // What follows from an end comes after it.
    while ((await read(String(id))).incident === null) await delay(200);
  });
});
