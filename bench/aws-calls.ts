import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { ApiClient } from '../cli/client.ts';
import { itemKey } from '../lib/core/layout.ts';
import type { CallRecord } from '../local/control.ts';
import { administratorConfig, apiOf, INTAKE } from './access.ts';
import { type Figure, figure, type Target } from './figure.ts';
import { itemBytes } from './item-size.ts';
import { moneyFor, PRICE_BASIS, transactionWriteUnits, type Usage } from './money.ts';
import { callRecorder } from './recording.ts';
import type { BenchStack } from './stack.ts';

const POSTS = 20;
const COLD_STARTS = 3;

/**
 * What the intake function runs for on AWS, in GB-seconds: 1,024 MB for 100 ms, which four calls in a row take there. The
 * emulator's time says nothing about it, so this one number is assumed.
 */
const ASSUMED_GB_SECONDS = 0.1;

/** AWS calls of the intake function, as the front door counted them, and what an accepted manifest costs. */
export async function awsCalls(stack: BenchStack): Promise<readonly Figure[]> {
  const api = apiOf(stack.local, 'training-pipeline');
  const { producer, control } = stack;
  const most = (bound: number): Target => ({ of: 'value', bound: '<=', limit: bound });

  const manifests = Array.from({ length: POSTS }, (_, index) => producer.manifest(`calls-${index}`));
  await submit(api, producer.manifest('calls-warm-up'), 201);
  const logFile = join(stack.local.logs, `${INTAKE}.jsonl`);
  const logged = (await stat(logFile)).size;
  const warm = await callsOf(stack, async () => {
    for (const bytes of manifests) await submit(api, bytes, 201);
  });
  const logBytes = ((await readFile(logFile)).length - logged) / POSTS;
  const replay = await callsOf(stack, async () => {
    for (const bytes of manifests) await submit(api, bytes, 200);
  });
  const twin = await callsOf(stack, async () => {
    for (const bytes of manifests) await submit(api, producer.twin(bytes), 200);
  });
  const cold = await callsOf(stack, async () => {
    for (let start = 0; start < COLD_STARTS; start++) {
      await control.recycle(INTAKE);
      await submit(api, producer.manifest(`calls-cold-${start}`), 201);
    }
  });

  const usd = moneyFor({ ...usageOf(warm.calls, POSTS), ...(await dynamoUsage(stack)), logByte: logBytes });
  return [
    figure('aws-calls-accepted', warm.most, 'calls', { target: most(4) }),
    figure('aws-calls-accepted-cold', cold.most, 'calls', { target: most(5) }),
    figure('aws-calls-replay', replay.most, 'calls', { target: most(2) }),
    figure('aws-calls-twin', twin.most, 'calls'),
    figure('money-per-1000-accepted', usd * 1000, PRICE_BASIS),
  ];
}

async function submit(api: ApiClient, body: Buffer, expected: 200 | 201): Promise<void> {
  const { status } = await api.send({ method: 'POST', path: '/v1/manifests', body });
  if (status !== expected) throw new Error(`the manifest was answered ${status} instead of ${expected}`);
}

interface Counted {
  readonly calls: readonly CallRecord[];
  /** Calls of the invocation that made the most. */
  readonly most: number;
}

async function callsOf({ control }: BenchStack, work: () => Promise<void>): Promise<Counted> {
  await control.resetCalls();
  await work();
  // What reads the stream of new evidence makes calls of its own.
  const calls = (await control.calls()).filter(({ identity }) => identity === INTAKE);
  const byInvocation = Map.groupBy(calls, ({ invocation }) => invocation);
  return { calls, most: Math.max(...[...byInvocation.values()].map(({ length }) => length)) };
}

function usageOf(calls: readonly CallRecord[], manifests: number): Usage {
  const each = (operation: string): number => calls.filter((call) => call.operation === operation).length / manifests;
  return {
    apiGatewayRestCall: 1,
    lambdaRequest: 1,
    lambdaArmGbSecond: ASSUMED_GB_SECONDS,
    s3Put: each('PutObject'),
    s3Get: each('GetObject'),
    kmsAsymmetricSign: each('Sign'),
    // The trail records every object operation of the evidence bucket.
    cloudTrailDataEvent: each('PutObject') + each('GetObject'),
  };
}

/** From the items of the very transaction that the adapters make of such a manifest. */
async function dynamoUsage(stack: BenchStack): Promise<Usage> {
  const config = administratorConfig(stack.local);
  const { transaction } = await callRecorder(stack.local, config)(stack.producer.manifest('calls-priced'));
  const caller = await new DynamoDBClient(config).send(
    new GetItemCommand({
      TableName: stack.local.resources.registryTable,
      Key: marshall(itemKey.caller(stack.local.identities['training-pipeline'].uniqueId)),
    }),
  );
  const sizes = (transaction.TransactItems ?? []).map(({ Put }) => itemBytes(Put?.Item ?? caller.Item ?? {}));
  return { dynamoWriteUnit: transactionWriteUnits(sizes) };
}
