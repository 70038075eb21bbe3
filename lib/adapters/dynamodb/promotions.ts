import { type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Asks, Promotions } from '../../app/promotion/ports.ts';
import { WORKFLOW_INDEX } from '../../contracts/storage.ts';
import { itemKey, workflow } from '../../core/layout.ts';
import { type Ask, AskSchema, isOver, type Promotion, PromotionSchema } from '../../core/promotion.ts';
import { unavailable } from '../failures.ts';
import { type Item, putIfAt, queryPartition, readItem, toItem } from './items.ts';

/** How many open promotions, or asks, are listed. */
const LISTED = 1000;

export function dynamoPromotions(client: DynamoDBClient, table: string): Promotions {
  const find: Promotions['find'] = async (id) => {
    let promotion: Promotion | undefined;
    const asks: Ask[] = [];
    for await (const items of queryPartition(client, table, itemKey.promotion(id).pk)) {
      for (const item of items) {
        if (item.sk?.S === itemKey.promotion(id).sk) promotion = readItem(PromotionSchema, item);
        else asks.push(readItem(AskSchema, item));
      }
    }
    return promotion && { promotion, asks };
  };

  return {
    find,
    save: async (promotion) => await putIfAt(client, table, promotionItem(promotion), promotion.revision - 1),
    open: async () => (await indexed(client, table, workflow.openPromotions, LISTED, true)).map(promotionOf),
    ended: async (endpoint, limit) =>
      (await indexed(client, table, workflow.promotionsOf(endpoint), limit, false)).map(promotionOf),
  };
}

/** In the index under what it is listed by: as open, or as ended on its endpoint. */
export function promotionItem(promotion: Promotion): Item {
  const { id, endpoint, requested_at, ended_at } = promotion;
  const index = isOver(promotion)
    ? { partition: workflow.promotionsOf(endpoint), at: ended_at }
    : { partition: workflow.openPromotions, at: requested_at };
  return toItem(itemKey.promotion(id), {
    ...promotion,
    [WORKFLOW_INDEX.partitionKey]: index.partition,
    [WORKFLOW_INDEX.sortKey]: `${index.at}#${id}`,
  });
}

const promotionOf = (item: Item): Promotion => readItem(PromotionSchema, item);

export function dynamoAsks(client: DynamoDBClient, table: string): Asks {
  return {
    save: async (ask) => await putIfAt(client, table, askItem(ask), ask.revision - 1),
    async open() {
      const items = await indexed(client, table, workflow.openAsks, LISTED, true);
      return items.map((item) => readItem(AskSchema, item));
    },
  };
}

/** Whether it is in the index follows from its state. */
export function askItem(ask: Ask): Item {
  const { promotion, role, state, asked_at } = ask;
  const index = state === 'asked' && {
    [WORKFLOW_INDEX.partitionKey]: workflow.openAsks,
    [WORKFLOW_INDEX.sortKey]: `${asked_at}#${promotion}#${role}`,
  };
  return toItem(itemKey.ask(promotion, role), { ...ask, ...index });
}

/** One page of the index. */
async function indexed(
  client: DynamoDBClient,
  table: string,
  partition: string,
  limit: number,
  oldestFirst: boolean,
): Promise<readonly Item[]> {
  try {
    const { Items = [] } = await client.send(
      new QueryCommand({
        TableName: table,
        IndexName: WORKFLOW_INDEX.name,
        KeyConditionExpression: '#partition = :partition',
        ExpressionAttributeNames: { '#partition': WORKFLOW_INDEX.partitionKey },
        ExpressionAttributeValues: marshall({ ':partition': partition }),
        ScanIndexForward: oldestFirst,
        Limit: limit,
      }),
    );
    return Items;
  } catch (error) {
    return unavailable('DynamoDB', error);
  }
}
