import { setTimeout as delay } from 'node:timers/promises';
import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../local/properties.ts';
import { provision } from '../../local/provisioner.ts';
import { functionOf, type SmallCloud, startCloud } from './support/cloud.ts';
import { resourcesOf, stackOf } from './support/templates.ts';

/** Logs each record; fails as long as it is handed one whose sort key is `poison`, and reports it. */
const HANDLER = `
export const handler = async ({ Records }) => {
  const failures = [];
  for (const record of Records) {
    const { sk } = record.dynamodb.Keys;
    console.log(JSON.stringify({ record, sk: sk.S, batch: Records.length }));
    if (sk.S === 'poison') { failures.push({ itemIdentifier: record.dynamodb.SequenceNumber }); break; }
  }
  return { batchItemFailures: failures };
};`;

const MAPPING = [
  'AWS::Lambda::EventSourceMapping',
  {
    EventSourceArn: { 'Fn::GetAtt': ['Table', 'StreamArn'] },
    FunctionName: { Ref: 'reader' },
    StartingPosition: 'LATEST',
    Enabled: true,
    BatchSize: 10,
    MaximumRetryAttempts: 1,
    BisectBatchOnFunctionError: true,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Failed', 'Arn'] } } },
    FilterCriteria: {
      Filters: [
        {
          Pattern: JSON.stringify({
            eventName: ['INSERT', 'MODIFY'],
            dynamodb: { Keys: { pk: { S: [{ prefix: 'finding#' }] } }, NewImage: { state: { S: ['open'] } } },
          }),
        },
        { Pattern: JSON.stringify({ eventName: ['REMOVE'] }) },
      ],
    },
  },
] as const;

const RESOURCES = {
  ...functionOf('reader'),
  Failed: ['AWS::SQS::Queue', { QueueName: 'failed' }],
  Table: [
    'AWS::DynamoDB::Table',
    {
      TableName: 'things',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    },
  ],
  Mapping: MAPPING,
} as const;

describe('a function that reads the stream of a table', () => {
  let small: SmallCloud;

  beforeAll(async () => {
    small = await startCloud(HANDLER, RESOURCES);
  });
  afterAll(() => small.close());

  const put = (pk: string, sk: string, state = 'open') =>
    small.cloud.clients.dynamodb.send(
      new PutItemCommand({ TableName: 'things', Item: { pk: { S: pk }, sk: { S: sk }, state: { S: state } } }),
    );
  const handed = async () => (await small.log('reader')).filter((entry) => 'record' in entry);
  const handedSoon = async (sk: string, times = 1) => {
    for (;;) {
      const found = (await handed()).filter((entry) => entry.sk === sk);
      if (found.length >= times) return found;
      await delay(20);
    }
  };

  it('is handed the record as Lambda shapes it', async () => {
    await put('finding#1', 'shape');
    const [entry] = await handedSoon('shape');
    expect(entry?.record).toMatchObject({
      eventID: expect.any(String),
      eventName: 'INSERT',
      eventSource: 'aws:dynamodb',
      awsRegion: 'eu-west-1',
      eventSourceARN: expect.stringContaining(':table/things/stream/'),
      dynamodb: {
        Keys: { pk: { S: 'finding#1' }, sk: { S: 'shape' } },
        NewImage: { state: { S: 'open' } },
        SequenceNumber: expect.stringMatching(/^\d+$/),
        StreamViewType: 'NEW_AND_OLD_IMAGES',
      },
    });
  });

  it('is handed what its filters ask for, and nothing else, in order', async () => {
    await put('evidence#1', 'other-key');
    await put('finding#2', 'closed', 'closed');
    await put('finding#2', 'first');
    await put('finding#2', 'second');
    await small.cloud.clients.dynamodb.send(
      new DeleteItemCommand({ TableName: 'things', Key: { pk: { S: 'evidence#1' }, sk: { S: 'other-key' } } }),
    );
    await handedSoon('other-key');
    const names = (await handed()).map(({ sk, record }) => [sk, Object(record).eventName]);
    expect(names).toEqual([
      ['shape', 'INSERT'],
      ['first', 'INSERT'],
      ['second', 'INSERT'],
      ['other-key', 'REMOVE'],
    ]);
  });

  it('gives up a record that never passes, tells the queue where it is, and goes on', async () => {
    await put('finding#3', 'poison');
    await put('finding#3', 'after');
    await handedSoon('after');
    await handedSoon('poison', 2);
    const { cloud, accountId } = small;
    const { Messages: [message] = [] } = await cloud.clients.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: `http://127.0.0.1:${cloud.emulatorPort}/${accountId}/failed`,
        WaitTimeSeconds: 20,
      }),
    );
    const told = JSON.parse(message?.Body ?? '');
    expect(told.requestContext).toMatchObject({ condition: 'RetryAttemptsExhausted', approximateInvokeCount: 2 });
    expect(told.DDBStreamBatchInfo).toMatchObject({ streamArn: expect.stringContaining(':table/things/stream/') });
    expect(message?.Body).not.toContain('poison');
  });

  it('sees a write only after the delay that a test has set', async () => {
    small.cloud.visibility.delayStreams(2_000);
    const writtenAt = Date.now();
    await put('finding#4', 'late');
    await handedSoon('late');
    small.cloud.visibility.delayStreams(0);
    expect(Date.now() - writtenAt).toBeGreaterThan(2_000);
  });

  it.each<[string, JsonObject, string]>([
    ['a source that is no table', { EventSourceArn: 'arn:aws:kinesis:eu-west-1:1:stream/x' }, 'streams of tables only'],
    ['a function that is not there', { FunctionName: 'ghost' }, 'there is no function ghost'],
    [
      'a destination that is no queue',
      { DestinationConfig: { OnFailure: { Destination: 'arn:aws:s3:::x' } } },
      'queues',
    ],
    ['a filter that is not played', { FilterCriteria: { Filters: [{ Pattern: '{"a":[{"suffix":"x"}]}' }] } }, 'suffix'],
    ['one that is switched off', { Enabled: false }, 'made to be enabled'],
  ])('is refused with %s', async (_, changes, message) => {
    const properties = {
      EventSourceArn: 'arn:aws:dynamodb:eu-west-1:111122223333:table/things/stream/1',
      FunctionName: 'reader',
      StartingPosition: 'LATEST',
      ...changes,
    };
    const resources = resourcesOf({ Mapping: ['AWS::Lambda::EventSourceMapping', properties] });
    await expect(provision([stackOf({ resources })], small.cloud)).rejects.toThrow(message);
  });
});
