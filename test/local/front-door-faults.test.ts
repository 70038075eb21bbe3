import { randomUUID } from 'node:crypto';
import { DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, describe, expect, inject, it, vi } from 'vitest';
import { z } from 'zod/mini';
import { PARTITION_KEY, SORT_KEY, WORKFLOW_INDEX } from '../../lib/contracts/storage.ts';
import { LocalControl } from '../../local/control.ts';
import { clientConfig, signedFetch } from './support/clients.ts';
import { type Harness, startHarness, type UpstreamRequest } from './support/harness.ts';

/** A function that puts one object through the front door, and says whether it saw the answer. */
const PUTTING = `
import { S3Client, PutObjectCommand } from '${import.meta.resolve('@aws-sdk/client-s3')}';
const s3 = new S3Client({ maxAttempts: 1 });
let warm = 0;
export const handler = async (event) => {
  warm += 1;
  if (event.fail) throw new Error('as told');
  if (event.wait) await new Promise((resolve) => setTimeout(resolve, event.wait));
  try {
    if (event.put) await s3.send(new PutObjectCommand({ Bucket: 'things', Key: event.put, Body: 'x' }));
    return { warm, saw: 'answer' };
  } catch (error) {
    return { warm, saw: error.name };
  }
};
`;

const Result = z.object({ warm: z.number(), saw: z.string() });

let harness: Harness | undefined;
afterEach(() => harness?.close());

async function start(options: Partial<Parameters<typeof startHarness>[0]> = {}): Promise<Harness> {
  harness = await startHarness({ handler: PUTTING, ...options });
  return harness;
}

async function invoke(on: Harness, event: unknown, type = 'RequestResponse') {
  const answer = await signedFetch(on.local, on.caller, {
    method: 'POST',
    path: '/2015-03-31/functions/echo/invocations',
    service: 'lambda',
    headers: { 'x-amz-invocation-type': type },
    body: JSON.stringify(event),
  });
  return { status: answer.status, error: answer.headers.get('x-amz-function-error'), text: await answer.text() };
}

const resultOf = (answer: { readonly text: string }) => Result.parse(JSON.parse(answer.text));
const puts = (on: Harness) => on.upstream.filter(({ method }) => method === 'PUT').map(({ url }) => url.split('?')[0]);

describe('a fault on a write', () => {
  it('that is refused persists nothing', async () => {
    const on = await start();
    on.faults.arm({
      match: { service: 's3', operation: 'PutObject', identity: 'echo' },
      effect: { kind: 'refuse', status: 503, code: 'SlowDown' },
    });
    expect(resultOf(await invoke(on, { put: 'a' })).saw).toBe('SlowDown');
    expect(puts(on)).toEqual([]);
  });

  it('that is executed and then refused persists, and the caller cannot know', async () => {
    const on = await start();
    on.faults.arm({
      match: { keyPrefix: 'a' },
      effect: { kind: 'execute-then-refuse', status: 500, code: 'InternalError' },
    });
    expect(resultOf(await invoke(on, { put: 'a' })).saw).toBe('InternalError');
    expect(puts(on)).toEqual(['/things/a']);
  });

  it('that is executed and then cut off persists', async () => {
    const on = await start();
    on.faults.arm({ match: { keyPrefix: 'a' }, effect: { kind: 'execute-then-drop' } });
    expect(resultOf(await invoke(on, { put: 'a' })).saw).not.toBe('answer');
    expect(puts(on)).toEqual(['/things/a']);
  });

  it('can kill the function right after the write; the next event starts a new copy', async () => {
    const on = await start();
    expect(resultOf(await invoke(on, { put: 'before' })).warm).toBe(1);
    on.faults.arm({ match: { keyPrefix: 'a' }, effect: { kind: 'execute-then-kill' } });
    const killed = await invoke(on, { put: 'a' });
    expect(killed.error).toBe('Unhandled');
    expect(JSON.parse(killed.text)).toMatchObject({ errorType: 'Runtime.ExitError' });
    expect(puts(on)).toEqual(['/things/before', '/things/a']);
    expect(resultOf(await invoke(on, { put: 'after' }))).toEqual({ warm: 1, saw: 'answer' });
  });

  it('leaves the calls alone that it is told to skip, and is used up after its times', async () => {
    const on = await start();
    on.faults.arm({ match: {}, effect: { kind: 'refuse', status: 503, code: 'SlowDown' }, skip: 1, times: 2 });
    // The invocation itself is the call that is skipped.
    expect(resultOf(await invoke(on, { put: 'a' })).saw).toBe('SlowDown');
    expect((await invoke(on, { put: 'b' })).status).toBe(503);
    expect(on.faults.armed).toEqual([]);
    expect(resultOf(await invoke(on, { put: 'c' })).saw).toBe('answer');
  });

  it('is recorded with the invocation that made the call', async () => {
    const on = await start();
    await invoke(on, { put: 'a' });
    const put = on.recorder.records.find(({ operation }) => operation === 'PutObject');
    expect(put).toMatchObject({ identity: 'echo', kind: 'function', resources: { bucket: 'things', key: 'a' } });
    expect(put?.invocation).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('a function', () => {
  it('is called one event at a time per copy, in at most four copies', async () => {
    const on = await start();
    const results = await Promise.all(Array.from({ length: 9 }, () => invoke(on, { wait: 50 })));
    const warm = results.map((answer) => resultOf(answer).warm);
    expect(warm.filter((count) => count === 1)).toHaveLength(4);
    expect(Math.max(...warm)).toBeGreaterThan(1);
  });

  it('starts cold when it is recycled', async () => {
    const on = await start();
    await invoke(on, {});
    expect(resultOf(await invoke(on, {})).warm).toBe(2);
    on.host.recycle('echo');
    expect(resultOf(await invoke(on, {})).warm).toBe(1);
  });

  it('that fails an asynchronous event is tried again, then its destination is told', async () => {
    const on = await start({ retries: 1 });
    const accepted = await invoke(on, { fail: true, number: 7 }, 'Event');
    expect(accepted).toMatchObject({ status: 202, text: '' });
    await vi.waitFor(() => expect(on.sentToQueue).toHaveLength(1), { timeout: 20_000, interval: 50 });
    const [told] = on.sentToQueue;
    expect(told?.queueArn).toBe('arn:aws:sqs:eu-west-1:111122223333:failed');
    expect(JSON.parse(told?.body ?? '')).toMatchObject({
      requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 2 },
      requestPayload: { fail: true, number: 7 },
      responsePayload: { errorType: 'Error', errorMessage: 'as told' },
    });
  });

  it('that takes too long is ended at its timeout', async () => {
    const on = await start({ timeoutMs: 200 });
    const answer = await invoke(on, { wait: 60_000 });
    expect(JSON.parse(answer.text)).toMatchObject({ errorType: 'Sandbox.Timedout' });
  });

  it('that does not exist is not found', async () => {
    const on = await start();
    const answer = await signedFetch(on.local, on.caller, {
      method: 'POST',
      path: '/2015-03-31/functions/nothing/invocations',
      service: 'lambda',
    });
    expect(answer.status).toBe(404);
    expect(answer.headers.get('x-amzn-errortype')).toBe('ResourceNotFoundException');
  });
});

describe('delayed visibility', () => {
  it('hides a fresh write from the index of a real table, while the table itself has it', async () => {
    const local = inject('local');
    const control = new LocalControl(local.control);
    const client = new DynamoDBClient(clientConfig(local, 'administrator'));
    const TableName = local.resources.workflowTable;
    const id = randomUUID();
    const Key = { [PARTITION_KEY]: { S: id }, [SORT_KEY]: { S: 'x' } };
    const { name, partitionKey, sortKey } = WORKFLOW_INDEX;
    const find = async () => {
      const { Count } = await client.send(
        new QueryCommand({
          TableName,
          IndexName: name,
          KeyConditionExpression: '#state = :state',
          ExpressionAttributeNames: { '#state': partitionKey },
          ExpressionAttributeValues: { ':state': { S: id } },
        }),
      );
      return Count;
    };
    await control.delayVisibility({ indexMs: 60_000 });
    try {
      const Item = { ...Key, [partitionKey]: { S: id }, [sortKey]: { S: 'x' } };
      await client.send(new PutItemCommand({ TableName, Item }));
      expect(await find()).toBe(0);
      expect((await client.send(new GetItemCommand({ TableName, Key }))).Item).toEqual(Item);
    } finally {
      await control.delayVisibility({});
    }
    expect(await find()).toBe(1);
  });

  const dynamodb = async (on: Harness, operation: string, input: unknown) => {
    const answer = await signedFetch(on.local, on.caller, {
      method: 'POST',
      path: '/',
      service: 'dynamodb',
      headers: { 'x-amz-target': `DynamoDB_20120810.${operation}`, 'content-type': 'application/x-amz-json-1.0' },
      body: JSON.stringify(input),
    });
    return z.looseObject({}).parse(await answer.json());
  };
  const item = (sk: string) => ({ pk: { S: 'p' }, sk: { S: sk } });
  const target = (request: UpstreamRequest) => String(request.headers['x-amz-target']).split('.')[1];

  it('hides fresh writes from an index, but not from the table', async () => {
    const answer = (request: UpstreamRequest) => ({
      status: 200,
      body: JSON.stringify(target(request) === 'Query' ? { Items: [item('old'), item('new')], Count: 2 } : {}),
    });
    const on = await start({ answer });
    on.visibility.delayIndexes(60_000);
    await dynamodb(on, 'TransactWriteItems', { TransactItems: [{ Put: { TableName: 'things', Item: item('new') } }] });
    const query = { TableName: 'things', IndexName: 'by-state' };
    expect(await dynamodb(on, 'Query', query)).toEqual({ Items: [item('old')], Count: 1 });
    expect(await dynamodb(on, 'Query', { TableName: 'things' })).toMatchObject({ Count: 2 });
    on.visibility.delayIndexes(0);
    expect(await dynamodb(on, 'Query', query)).toMatchObject({ Count: 2 });
  });

  it('holds the stream back before the first fresh record, so that none is lost to the reader', async () => {
    const now = Math.floor(Date.now() / 1000);
    const records = [now - 600, now].map((at) => ({ dynamodb: { ApproximateCreationDateTime: at } }));
    const answer = (request: UpstreamRequest) => {
      const { Limit = 1000 } = z.object({ Limit: z.optional(z.number()) }).parse(JSON.parse(request.body.toString()));
      const Records = records.slice(0, Limit);
      return { status: 200, body: JSON.stringify({ Records, NextShardIterator: `after-${Records.length}` }) };
    };
    const on = await start({ answer });
    on.visibility.delayStreams(60_000);
    expect(await dynamodb(on, 'GetRecords', { ShardIterator: 'start' })).toEqual({
      Records: records.slice(0, 1),
      NextShardIterator: 'after-1',
    });
    records.shift();
    expect(await dynamodb(on, 'GetRecords', { ShardIterator: 'after-1' })).toEqual({
      Records: [],
      NextShardIterator: 'after-1',
    });
  });
});
