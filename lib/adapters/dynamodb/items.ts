import {
  type AttributeValue,
  BatchGetItemCommand,
  type CancellationReason,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type * as z from 'zod/mini';
import { DomainError } from '../../core/errors.ts';
import { unavailable } from '../failures.ts';

export type Item = Record<string, AttributeValue>;
export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

export function toItem(key: ItemKey, value: object): Item {
  return marshall({ ...value, ...key }, { removeUndefinedValues: true });
}

export function fromItem(item: Item): Record<string, unknown> {
  const { pk: _pk, sk: _sk, ...rest } = unmarshall(item);
  return rest;
}

/** @throws DomainError INTEGRITY_FAILURE for an item that no function of ours writes */
export function readItem<T>(schema: z.ZodMiniType<T>, item: Item): T {
  const parsed = schema.safeParse(fromItem(item));
  if (parsed.success) return parsed.data;
  throw new DomainError('INTEGRITY_FAILURE', `the item ${item.pk?.S} ${item.sk?.S} has another form than we write`, {
    cause: parsed.error,
  });
}

/** Consistent read of one item. */
export async function getItem(client: DynamoDBClient, table: string, key: ItemKey): Promise<Item | undefined> {
  try {
    const answer = await client.send(
      new GetItemCommand({ TableName: table, Key: marshall(key), ConsistentRead: true }),
    );
    return answer.Item;
  } catch (error) {
    return unavailable('DynamoDB', error);
  }
}

/**
 * Consistent reads of a few items in one call; what is not there is not among them. So few are never cut short by size: what is
 * left unprocessed was throttled.
 *
 * @param keys - 100 at most, each once
 */
export async function getItems(
  client: DynamoDBClient,
  table: string,
  keys: readonly ItemKey[],
): Promise<readonly Item[]> {
  try {
    const Keys = keys.map((key) => marshall(key));
    const answer = await client.send(
      new BatchGetItemCommand({ RequestItems: { [table]: { Keys, ConsistentRead: true } } }),
    );
    if (Object.keys(answer.UnprocessedKeys ?? {}).length > 0) throw throttled();
    return answer.Responses?.[table] ?? [];
  } catch (error) {
    return unavailable('DynamoDB', error);
  }
}

/**
 * The pages (1 MB at most) of a partition in the order of its sort keys, each read consistently when it is asked for.
 *
 * @param between - first and last sort key; the whole partition if left out
 */
export async function* queryPartition(
  client: DynamoDBClient,
  table: string,
  partition: string,
  {
    newestFirst = false,
    between,
  }: { readonly newestFirst?: boolean; readonly between?: readonly [string, string] } = {},
): AsyncGenerator<readonly Item[]> {
  const [from, to] = between ?? [];
  let after: QueryCommandOutput['LastEvaluatedKey'];
  do {
    const page: QueryCommandOutput = await query(client, {
      TableName: table,
      KeyConditionExpression: between ? 'pk = :partition AND sk BETWEEN :from AND :to' : 'pk = :partition',
      ExpressionAttributeValues: marshall(
        { ':partition': partition, ':from': from, ':to': to },
        { removeUndefinedValues: true },
      ),
      ScanIndexForward: !newestFirst,
      ...(after === undefined ? {} : { ExclusiveStartKey: after }),
    });
    yield page.Items ?? [];
    after = page.LastEvaluatedKey;
  } while (after !== undefined);
}

/** One consistent query. */
export async function query(client: DynamoDBClient, input: QueryCommandInput): Promise<QueryCommandOutput> {
  try {
    return await client.send(new QueryCommand({ ...input, ConsistentRead: true }));
  } catch (error) {
    return unavailable('DynamoDB', error);
  }
}

/** A put that must be the first of its key. */
export function putNew(table: string, item: Item): TransactWriteItem {
  return putAfter(table, item, 0);
}

/** A put that must follow a revision. */
export function putAfter(table: string, item: Item, revision: number): TransactWriteItem {
  return { Put: { TableName: table, Item: item, ...ifAt(revision) } };
}

/** Holds while the item has a revision; 0: while it is not there. */
export function ifAt(revision: number) {
  if (revision === 0) return { ConditionExpression: 'attribute_not_exists(pk)' };
  return {
    ConditionExpression: 'revision = :before',
    ExpressionAttributeValues: { ':before': { N: String(revision) } },
  };
}

/** One put on condition of the revision before. @returns false, having written nothing, when another is there */
export async function putIfAt(client: DynamoDBClient, table: string, item: Item, revision: number): Promise<boolean> {
  try {
    await client.send(new PutItemCommand({ TableName: table, Item: item, ...ifAt(revision) }));
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    return unavailable('DynamoDB', error);
  }
}

export function put(table: string, item: Item): TransactWriteItem {
  return { Put: { TableName: table, Item: item } };
}

/** Transactions that met on an item are worth sending again at once; after these pauses the caller is asked to. */
const CONFLICT_PAUSES_MS = [20, 60, 180, 400];

/**
 * One transaction.
 *
 * @returns undefined when committed, else the index of the first item whose condition failed; nothing was written then
 */
export async function transact(client: DynamoDBClient, items: TransactWriteItem[]): Promise<number | undefined> {
  for (let attempt = 0; ; attempt++) {
    const pause = CONFLICT_PAUSES_MS[attempt];
    try {
      await client.send(new TransactWriteItemsCommand({ TransactItems: items }));
      return undefined;
    } catch (error) {
      const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : [];
      const failed = reasons.findIndex((reason) => reason.Code === 'ConditionalCheckFailed');
      if (failed >= 0) return failed;
      const given = reasons.filter(({ Code = 'None' }) => Code !== 'None');
      if (given.length === 0) return unavailable('DynamoDB', error);
      const permanent = given.filter(({ Code = '' }) => !RETRYABLE_REASONS.has(Code));
      // Sent again it would be refused again: a defect, to be logged whole and not to be retried by anybody.
      if (permanent.length > 0) throw new Error(describe(permanent), { cause: error });
      if (pause === undefined) return unavailable('DynamoDB', conflict(error));
      // Jitter keeps racers from meeting again; which of them goes first is decided by the condition, not by this.
      await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
    }
  }
}

/** Every other reason, such as ValidationError or ItemCollectionSizeLimitExceeded, lies in what was sent. */
const RETRYABLE_REASONS = new Set([
  'InternalServerError',
  'ProvisionedThroughputExceeded',
  'ThrottlingError',
  'TransactionConflict',
]);

function describe(reasons: readonly CancellationReason[]): string {
  return `DynamoDB takes no such transaction: ${reasons.map(({ Code, Message }) => `${Code} ${Message ?? ''}`).join('; ')}`;
}

/** What DynamoDB leaves of a batch although it fits is throttled. */
export function throttled(): Error {
  return Object.assign(new Error('BatchGetItem leaves keys unprocessed'), { name: 'ThrottlingException' });
}

function conflict(cause: unknown): Error {
  return Object.assign(new Error('the transaction keeps meeting others', { cause }), {
    name: 'TransactionConflictException',
  });
}
