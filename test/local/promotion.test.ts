import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ListModelPackagesCommand, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { GetExecutionHistoryCommand, SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { isOver } from '../../lib/core/promotion.ts';
import { digestOf } from '../support/manifests.ts';
import { api } from './support/api.ts';
import { clientConfig } from './support/clients.ts';
import { Promoting, ROLES } from './support/promoting.ts';

const local = inject('local');
const world = new Promoting(local);
const take = world.take.bind(world);
beforeAll(() => world.prepare('promotions'));

/** What SageMaker's Model Registry says of an endpoint's promotions, the first one first. */
async function versionsOf(endpoint: string): Promise<readonly unknown[]> {
  const client = new SageMakerClient(clientConfig(local, 'administrator'));
  const ModelPackageGroupName = `countersign-${endpoint}`;
  try {
    const listed = await client.send(new ListModelPackagesCommand({ ModelPackageGroupName, SortOrder: 'Ascending' }));
    return (listed.ModelPackageSummaryList ?? []).map(({ ModelApprovalStatus }) => ModelApprovalStatus);
  } finally {
    client.destroy();
  }
}

/** Waits until it is noted who was mailed: what is asked changes no more by itself. */
async function everybodyMailed(id: string): Promise<void> {
  const mailed = async () => {
    const { asks } = await take('reader', 'GET', `/v1/promotions/${id}`);
    return Object(asks).filter((ask: { mailed: readonly string[] }) => ask.mailed.length > 0).length;
  };
  while ((await mailed()) < ROLES.length) await delay(200);
}

/** The mirror comes after the announcement, and nothing waits for it. */
const SOON = { timeout: 90_000, interval: 200 };

describe('a promotion', () => {
  const endpoint = `credit-${randomUUID()}`;

  it('that two people approve is deployed and sealed, and the next one too', async () => {
    for (const [previous] of [[null], [expect.any(String)]]) {
      const id = await world.promote(endpoint);
      const asked = await world.until(id, ({ state }) => state === 'awaiting_approval');
      expect(asked).toMatchObject({ roles: [...ROLES], round: 1, request_decision: { passed: true } });
      for (const role of ROLES) await world.decide(role, id, 'approve');
      const released = await world.until(id, isOver);
      expect(released).toMatchObject({
        state: 'released',
        release_decision: { passed: true },
        release: expect.stringMatching(/^[0-9a-f]{64}$/),
        deployment: { previous_config: previous },
      });
      expect(await take('auditor', 'GET', `/v1/evidence/${released.release}`)).toMatchObject({ kind: 'event' });
    }
    await expect.poll(() => versionsOf(endpoint), SOON).toEqual(['Approved', 'Approved']);
  });

  it('that one person rejects deploys nothing, and who had approved it is told', async () => {
    const refused = `no-${randomUUID()}`;
    const id = await world.promote(refused);
    await world.until(id, ({ state }) => state === 'awaiting_approval');
    const { link } = await world.decide('model-owner', id, 'approve', 'I would');
    await world.decide('privacy-officer', id, 'reject', 'not this one');
    expect(await world.until(id, isOver)).toMatchObject({ state: 'rejected', deployment: null, release: null });
    await expect.poll(() => versionsOf(refused), SOON).toEqual(['Rejected']);
    const told = async () =>
      (await world.control.mails()).filter(
        ({ text }) => text.includes(id) && text.includes('by person-privacy-officer'),
      );
    await expect.poll(async () => (await told()).map(({ to }) => to), SOON).toEqual([['model-owner@example.com']]);
    const page = await pageAt(link);
    expect(page).toMatchObject({ status: 200, text: expect.stringContaining('I would') });
    expect(page.text).not.toContain(refused);
  });

  it('is not decided by whoever fetches what is in its mails, and its secrets are in no log', async () => {
    const id = await world.promote(`scan-${randomUUID()}`);
    await everybodyMailed(id);
    const mails = (await world.control.mails()).filter(({ text }) => text.includes(id));
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

    const tokens = await taskTokens(id);
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
    await world.until(id, isOver);
  });

  it('that is cancelled while people are asked ends at once, and the one behind it goes on', async () => {
    const busy = `busy-${randomUUID()}`;
    const id = await world.promote(busy);
    await world.until(id, ({ state }) => state === 'awaiting_approval');
    const next = await world.promote(busy);
    await world.until(next, ({ state }) => state === 'waiting_for_endpoint');
    await take('promoter', 'POST', `/v1/promotions/${id}/cancel`, { reason: 'too early' });
    expect(await world.until(id, isOver)).toMatchObject({ state: 'cancelled' });
    await world.until(next, ({ state }) => state === 'awaiting_approval');
    await take('promoter', 'POST', `/v1/promotions/${next}/cancel`, { reason: 'the test is over' });
    await world.until(next, isOver);
  });

  it('of a model of which nothing is known is refused', async () => {
    const id = await world.promote(`no-${randomUUID()}`, { model: digestOf(randomUUID()) });
    expect(await world.until(id, isOver)).toMatchObject({ state: 'refused', failure: { code: 'MODEL_NOT_STORED' } });
  });

  it('is taken back in an emergency: what served before serves', async () => {
    const { promotion } = Object({
      promotion: await take('emergency-rollback', 'POST', `/v1/releases/${endpoint}/rollback`, { reason: 'it errs' }),
    });
    expect(await world.until(String(promotion.id), isOver)).toMatchObject({ kind: 'rollback', state: 'released' });
    const { incidents } = await take('operator', 'GET', '/v1/incidents');
    const reviews = Object(incidents).filter((one: { subject: string }) => one.subject === promotion.id);
    expect(reviews).toMatchObject([{ kind: 'emergency_rollback_review', state: 'open' }]);
    await expect.poll(() => versionsOf(endpoint), SOON).toEqual(['Approved', 'Rejected']);
  });
});

describe('consent that is withdrawn while people decide', () => {
  it('has everybody asked anew, who is told why: their earlier links and approvals count no more', async () => {
    const { model, dataset } = await world.aModel();
    await world.consent(dataset, true);
    const id = await world.promote(`consent-${randomUUID()}`, { model });
    const earlier = [await world.decide('model-owner', id, 'approve'), await world.asked('privacy-officer', id)];
    const withdrawal = await world.consent(dataset, false);
    const reopened = await world.until(id, ({ round }) => round === 2);
    expect(reopened.changes).toEqual([{ code: 'consent_or_review_changed', about: withdrawal }]);
    const why = `Consent or privacy review of the data is otherwise now: ${withdrawal}`;
    const links: string[] = [];
    for (const role of ROLES) {
      const { text, link } = await world.asked(role, id);
      expect(text.replaceAll(/\s+/g, ' ')).toContain(why);
      links.push(link);
    }
    for (const link of links)
      expect(await pageAt(link)).toMatchObject({ status: 200, text: expect.stringContaining(why) });
    expect(await pageAt(earlier[1]?.link)).toMatchObject({ status: 410, text: expect.stringContaining(why) });
    // The page of who decided tells what became of it.
    expect(await pageAt(earlier[0]?.link)).toMatchObject({ text: expect.stringContaining('has changed since') });
    const { items } = await take('auditor', 'GET', `/v1/models/${model}/decisions`);
    const results = Object(items).map(({ result }: { result: string }) => result);
    expect(results).toEqual(expect.arrayContaining(['APPROVED', 'FALLEN']));
    const owner = await api(local, 'auditor', 'GET', '/v1/approvals', { query: { person: 'person-model-owner' } });
    expect(owner.json).toMatchObject({
      asked: [{ promotion: id, role: 'model-owner', round: 2 }],
      decided: expect.arrayContaining([
        expect.objectContaining({ promotion: id, round: 1, decision: 'approved', ended_at: expect.any(String) }),
      ]),
    });
    await take('promoter', 'POST', `/v1/promotions/${id}/cancel`, { reason: 'the test is over' });
    await world.until(id, isOver);
  });
});

async function pageAt(link = ''): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(link);
  return { status: answer.status, text: (await answer.text()).replaceAll(/<[^>]*>|\s+/g, ' ').replaceAll(/\s+/g, ' ') };
}

describe('a mail that comes back', () => {
  it('opens an incident that names no address, so that nobody waits for who was not reached', async () => {
    const gone = { id: 'person-gone', name: 'Gone', email: 'gone@example.com', roles: ['model-owner'] };
    await take('people-admin', 'POST', '/v1/approvers', gone);
    await world.control.bounceMail(gone.email);
    const id = await world.promote(`bounced-${randomUUID()}`);
    const opened = async () => {
      const { incidents } = await take('operator', 'GET', '/v1/incidents');
      return Object(incidents).filter(({ subject }: { subject: string }) => subject === gone.id);
    };
    while ((await opened()).length === 0) await delay(200);
    const detail = `a mail to person-gone that asks as model-owner in the promotion ${id} came back: nobody has read it`;
    expect(await opened()).toMatchObject([{ kind: 'mail_undeliverable', state: 'open', detail }]);
    expect(JSON.stringify(await opened())).not.toContain('gone@');
    await take('people-admin', 'POST', '/v1/approvers/person-gone', { revision: 1, state: 'left' });
    await take('promoter', 'POST', `/v1/promotions/${id}/cancel`, { reason: 'the test is over' });
    await world.until(id, isOver);
  });
});

describe('past the gate', () => {
  it('two people release a model, and it is to be reviewed', async () => {
    const endpoint = `urgent-${randomUUID()}`;
    const id = await world.promote(endpoint, { breakGlass: true });
    const own = await api(local, 'break-glass-promoter', 'POST', `/v1/promotions/${id}/confirm`, {
      body: { reason: 'me again' },
    });
    expect(own.json).toMatchObject({ code: 'DUTIES_NOT_SEPARATE' });
    await take('break-glass-confirmer', 'POST', `/v1/promotions/${id}/confirm`, { reason: 'all is down' });
    expect(await world.until(id, isOver)).toMatchObject({ state: 'released', kind: 'break_glass', roles: [] });
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
    const id = await world.promote(`stopped-${randomUUID()}`);
    await everybodyMailed(id);
    const client = new SFNClient(clientConfig(local, 'administrator'));
    await client.send(new StopExecutionCommand({ executionArn: executionOf(id) }));
    client.destroy();
    expect(await world.until(id, isOver)).toMatchObject({ state: 'failed', failure: { code: 'EXECUTION_STOPPED' } });
    // What follows from an end comes after it.
    while ((await world.read(id)).incident === null) await delay(200);
  });
});
