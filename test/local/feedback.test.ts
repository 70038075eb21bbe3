import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../local/properties.ts';
import { provision } from '../../local/provisioner.ts';
import { type Harness, startHarness } from './support/harness.ts';
import { cloudOf, resourcesOf, stackOf } from './support/templates.ts';

const FUNCTION = 'arn:aws:lambda:eu-west-1:111122223333:function:echo';
const QUEUE = 'arn:aws:sqs:eu-west-1:111122223333:announced';
const BUS = 'arn:aws:events:eu-west-1:111122223333:event-bus/default';
const rule = (EventPattern: JsonObject, Arn = FUNCTION, more: JsonObject = {}) =>
  ['AWS::Events::Rule', { State: 'ENABLED', EventPattern, Targets: [{ Id: 'Target0', Arn }], ...more }] as const;

const RESOURCES = resourcesOf({
  Set: ['AWS::SES::ConfigurationSet', { Name: 'approvals', ReputationOptions: { ReputationMetricsEnabled: true } }],
  Identity: [
    'AWS::SES::EmailIdentity',
    { EmailIdentity: 'example.com', ConfigurationSetAttributes: { ConfigurationSetName: { Ref: 'Set' } } },
  ],
  Destination: [
    'AWS::SES::ConfigurationSetEventDestination',
    {
      ConfigurationSetName: { Ref: 'Set' },
      EventDestination: {
        Enabled: true,
        MatchingEventTypes: ['bounce', 'complaint', 'reject'],
        EventBridgeDestination: { EventBusArn: BUS },
      },
    },
  ],
  OnFeedback: rule({ source: ['aws.ses'], 'detail-type': ['Email Bounced', 'Email Complaint Received'] }),
  Releases: ['AWS::Events::EventBus', { Name: 'releases' }],
  OnRelease: rule({ source: ['countersign'], detail: { type: [{ prefix: 'dev.countersign.' }] } }, QUEUE, {
    EventBusName: { Ref: 'Releases' },
  }),
  Daily: [
    'AWS::Events::Rule',
    { State: 'ENABLED', ScheduleExpression: 'rate(1 minute)', Targets: [{ Id: 'Target0', Arn: FUNCTION }] },
  ],
});

describe('the bus with the rules of a template', () => {
  let harness: Harness;
  let ses: SESv2Client;
  let events: EventBridgeClient;
  const asked: string[] = [];

  beforeAll(async () => {
    harness = await startHarness({
      handler: 'export const handler = async (event) => console.log(JSON.stringify(event));',
      answer: ({ url, body }) => {
        asked.push(url);
        const { Entries } = JSON.parse(body.toString('utf8') || '{}');
        const taken = {
          FailedEntryCount: 1,
          Entries: [{ EventId: 'event-1' }, { ErrorCode: 'NotAuthorizedForSource' }],
        };
        return { status: 200, body: JSON.stringify(Entries === undefined ? { MessageId: `m${asked.length}` } : taken) };
      },
    });
    const { bus, mailbox, frontDoor, host, accountId, local, emulatorClients } = harness;
    const cloud = cloudOf({
      region: local.region,
      accountId,
      bus,
      mailbox,
      frontDoor,
      host,
      apis: new Map(),
      clients: emulatorClients,
    });
    await provision([stackOf({ resources: RESOURCES })], cloud);
    ses = new SESv2Client({ ...local, credentials: harness.caller });
    events = new EventBridgeClient({ ...local, credentials: harness.caller });
  });
  afterAll(async () => {
    ses.destroy();
    events.destroy();
    await harness.close();
  });

  /** What the function was handed so far. */
  const handed = async (): Promise<readonly Record<string, unknown>[]> => {
    const lines = (await readFile(harness.logFile, 'utf8').catch(() => '')).trim().split('\n').filter(Boolean);
    const entries: Record<string, unknown>[] = lines.map((line) => JSON.parse(line));
    return entries.filter((entry) => 'detail-type' in entry);
  };
  const handedAbout = async (messageId: string | undefined) => {
    for (;;) {
      const found = (await handed()).find(({ detail }) => Object(Object(detail).mail).messageId === messageId);
      if (found !== undefined) return found;
      await delay(20);
    }
  };
  const send = (to: string, configurationSet?: string) =>
    ses.send(
      new SendEmailCommand({
        FromEmailAddress: 'Countersign <no-reply@mail.example.com>',
        Destination: { ToAddresses: [to] },
        Content: { Simple: { Subject: { Data: 'Hello' }, Body: { Text: { Data: 'x' } } } },
        EmailTags: [{ Name: 'promotion', Value: 'p-1' }],
        ...(configurationSet === undefined ? {} : { ConfigurationSetName: configurationSet }),
      }),
    );

  it('makes identity, configuration set, event destination and bus in the emulator', () => {
    expect(asked).toEqual([
      '/v2/email/configuration-sets',
      '/v2/email/identities',
      '/v2/email/configuration-sets/approvals/event-destinations',
      '/',
    ]);
  });

  it('hears of a mail that came back, in the words of SES', async () => {
    harness.mailbox.answerWith('bounce', 'gone@example.com');
    const { MessageId } = await send('Gone <Gone@example.com>', 'approvals');
    expect(await handedAbout(MessageId)).toMatchObject({
      version: '0',
      source: 'aws.ses',
      'detail-type': 'Email Bounced',
      account: '111122223333',
      region: 'eu-west-1',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      resources: ['arn:aws:ses:eu-west-1:111122223333:configuration-set/approvals'],
      detail: {
        eventType: 'Bounce',
        bounce: { bounceType: 'Permanent', bouncedRecipients: [{ emailAddress: 'Gone@example.com', status: '5.1.1' }] },
        mail: {
          messageId: MessageId,
          destination: ['Gone@example.com'],
          tags: { promotion: ['p-1'], 'ses:configuration-set': ['approvals'] },
        },
      },
    });
    expect(harness.mailbox.mails.map(({ id }) => id)).toContain(MessageId);
  });

  it('hears of a complaint about a mail whose configuration set is that of its domain', async () => {
    harness.mailbox.answerWith('complaint', 'angry@example.com');
    const { MessageId } = await send('angry@example.com');
    expect(await handedAbout(MessageId)).toMatchObject({
      'detail-type': 'Email Complaint Received',
      detail: {
        eventType: 'Complaint',
        complaint: { complainedRecipients: [{ emailAddress: 'angry@example.com' }], complaintFeedbackType: 'abuse' },
      },
    });
  });

  it('gets what PutEvents was taken of, under the id that the caller was answered', async () => {
    const entry = (Source: string, type: string) => ({
      EventBusName: 'releases',
      Source,
      DetailType: 'Released',
      Detail: JSON.stringify({ type, id: 7 }),
      Resources: ['arn:x'],
    });
    const Entries = [entry('countersign', 'dev.countersign.released'), entry('aws.ses', 'forged')];
    await events.send(new PutEventsCommand({ Entries }));
    expect(harness.sentToQueue.map(({ queueArn, body }) => [queueArn, JSON.parse(body)])).toEqual([
      [
        QUEUE,
        expect.objectContaining({
          id: 'event-1',
          source: 'countersign',
          'detail-type': 'Released',
          resources: ['arn:x'],
          detail: { type: 'dev.countersign.released', id: 7 },
        }),
      ],
    ]);
  });

  it('hands over nothing that no rule asks for', async () => {
    const before = (await handed()).length;
    await send('content@example.com', 'approvals');
    harness.bus.publish({ source: 'aws.ses', detailType: 'Email Sent', detail: {} });
    const released = { source: 'countersign', detailType: 'Released' };
    harness.bus.publish({ ...released, bus: 'releases', detail: { type: 'other' } });
    // What the rule asks for, on another bus.
    harness.bus.publish({ ...released, detail: { type: 'dev.countersign.released' } });
    harness.bus.publish({ source: 'aws.ses', detailType: 'Email Bounced', detail: { mail: { messageId: 'last' } } });
    await handedAbout('last');
    expect(await handed()).toHaveLength(before + 1);
    expect(harness.sentToQueue).toHaveLength(1);
  });

  it.each<[string, JsonObject, string]>([
    ['a target that is no function of the template', { Targets: [{ Id: 'T', Arn: `${FUNCTION}2` }] }, 'no function'],
    ['an event rewritten for its target', { Targets: [{ Id: 'T', Arn: QUEUE, Input: '{}' }] }, 'does not know Input'],
    ['neither pattern nor schedule', {}, 'ScheduleExpression must be text'],
    ['a schedule that is none', { ScheduleExpression: 'daily' }, 'daily is no schedule'],
    ['a schedule on a bus of its own', { ScheduleExpression: 'rate(1 day)', EventBusName: 'b' }, 'the default bus'],
  ])('refuses a rule for %s', async (_, properties, message) => {
    const { host, local, accountId } = harness;
    const whole = {
      State: 'ENABLED',
      ...(message.startsWith('does not') ? { ScheduleExpression: 'rate(1 day)' } : {}),
    };
    const resources = resourcesOf({ Rule: ['AWS::Events::Rule', { ...whole, ...properties }] });
    const made = provision([stackOf({ resources })], cloudOf({ region: local.region, accountId, host }));
    await expect(made).rejects.toThrow(message);
  });
});
