import { randomUUID } from 'node:crypto';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateQueueCommand, DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { Announcement, announcementBus, EVENT_SOURCE } from '../../lib/contracts/announcements.ts';
import type { CloudEvent } from '../../lib/core/waiver-ending.ts';
import { clientConfig } from './support/clients.ts';
import { callApi } from './support/enrol.ts';
import { activatePolicy, committedPolicy, enrolPolicyTester } from './support/policies.ts';

const local = inject('local');
const config = clientConfig(local, 'administrator');
const sqs = new SQSClient(config);
const events = new EventBridgeClient(config);
const lambda = new LambdaClient(config);

/** Where somebody who is to be told listens. */
let queue: string;
beforeAll(async () => {
  await activatePolicy(local, await enrolPolicyTester(local), await committedPolicy('waiver-watch'));
  const name = `waivers-${randomUUID()}`;
  queue = String((await sqs.send(new CreateQueueCommand({ QueueName: name }))).QueueUrl);
  const EventBusName = announcementBus(local.stage);
  const pattern = JSON.stringify({ source: [EVENT_SOURCE], 'detail-type': [Announcement.waiverEnding] });
  await events.send(new PutRuleCommand({ Name: name, EventBusName, EventPattern: pattern }));
  const arn = `arn:aws:sqs:${local.region}:${local.accountId}:${name}`;
  await events.send(new PutTargetsCommand({ Rule: name, EventBusName, Targets: [{ Id: 'queue', Arn: arn }] }));
});

async function approvedWaiver(days: number): Promise<string> {
  const body = {
    rule: 'explainability_report',
    scope: { model: null, dataset: null, endpoint: `endpoint-${randomUUID().slice(0, 8)}`, environment: null },
    reason: 'the report is late',
    compensating_control: 'a person reviews each decision',
    not_after: new Date(Date.now() + days * 86_400_000).toISOString(),
  };
  const { id } = Object(await callApi(local, 'promoter', 'POST', '/v1/waivers', body));
  await callApi(local, 'policy-approver', 'POST', `/v1/waivers/${id}/approve`);
  return String(id);
}

/** What the function answers: the waivers that it announced. */
async function watch(): Promise<readonly string[]> {
  const FunctionName = 'countersign-local-waiver-watch';
  const { Payload, FunctionError } = await lambda.send(new InvokeCommand({ FunctionName, Payload: '{}' }));
  expect(FunctionError).toBeUndefined();
  return JSON.parse(Buffer.from(Payload ?? []).toString()).waivers;
}

/** What came about a waiver: so many that are waited for, and whatever lies there with them. */
async function received(waiver: string, count: number): Promise<readonly CloudEvent[]> {
  const found: CloudEvent[] = [];
  for (;;) {
    const asked = { QueueUrl: queue, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 };
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(asked));
    const about = found.filter(({ subject }) => subject === waiver);
    if (Messages.length === 0 && about.length >= count) return about;
    for (const { Body = '', ReceiptHandle } of Messages) {
      const { source, 'detail-type': type, detail } = JSON.parse(Body);
      expect({ source, type }).toEqual({ source: EVENT_SOURCE, type: detail.type });
      found.push(detail);
      await sqs.send(new DeleteMessageCommand({ QueueUrl: queue, ReceiptHandle }));
    }
  }
}

describe('the waiver watch', () => {
  it('announces a waiver that ends soon to whoever listens on the bus, the same event however often it runs', async () => {
    const [soon, later] = [await approvedWaiver(6.5), await approvedWaiver(30)];
    const ending = await watch();
    expect(ending).toContain(soon);
    expect(ending).not.toContain(later);
    await watch();
    const [first, second, ...more] = await received(soon, 2);
    expect(first).toMatchObject({
      specversion: '1.0',
      id: `${soon}/${first?.time.slice(0, 10)}`,
      source: 'urn:countersign:local',
      data: { waiver: soon, rule: 'explainability_report', ending: 'ends in 6 days' },
    });
    expect([second?.id, more]).toEqual([first?.id, []]);
  });

  it('says nothing any more of a waiver that was ended', async () => {
    const id = await approvedWaiver(3);
    await callApi(local, 'promoter', 'POST', `/v1/waivers/${id}/end`, { reason: 'the report came' });
    expect(await watch()).not.toContain(id);
    expect(await received(id, 0)).toEqual([]);
  });
});
