import { type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { WORKFLOW_INDEX } from '../../contracts/storage.ts';
import { unavailable } from '../failures.ts';
import type { Item, ItemKey } from './items.ts';

const { name, partitionKey, sortKey } = WORKFLOW_INDEX;

/** Attributes by which an item lies in the index; it lies there once. */
export function indexed(partition: string, order: string): Readonly<Record<string, string>> {
  return { [partitionKey]: partition, [sortKey]: order };
}

export interface IndexQuery {
  readonly limit: number;
  /** @default - the order of the index */
  readonly newestFirst?: boolean;
  /** Where the page before ended, of {@link indexKey} or `last`. */
  readonly after?: Item | undefined;
}

export interface IndexPage {
  readonly items: readonly Item[];
  /** Order of the last item, and its whole key; undefined on the last page. */
  readonly next: string | undefined;
  readonly last: Item | undefined;
}

/** One page of a partition of the workflow table's index: what changed this second may be told as it was. */
export async function queryIndex(
  client: DynamoDBClient,
  table: string,
  partition: string,
  { limit, newestFirst = false, after }: IndexQuery,
): Promise<IndexPage> {
  try {
    const { Items = [], LastEvaluatedKey } = await client.send(
      new QueryCommand({
        TableName: table,
        IndexName: name,
        KeyConditionExpression: '#partition = :partition',
        ExpressionAttributeNames: { '#partition': partitionKey },
        ExpressionAttributeValues: marshall({ ':partition': partition }),
        ScanIndexForward: !newestFirst,
        Limit: limit,
        ...(after === undefined ? {} : { ExclusiveStartKey: after }),
      }),
    );
    return { items: Items, next: LastEvaluatedKey?.[sortKey]?.S, last: LastEvaluatedKey };
  } catch (error) {
    return unavailable('DynamoDB', error);
  }
}

/** Key of an item, to go on after it: the order that a caller was told must be enough to make the item's own key of. */
export function indexKey(key: ItemKey, partition: string, order: string): Item {
  return marshall({ ...key, ...indexed(partition, order) });
}
