import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type * as z from 'zod/mini';
import type { Log } from '../../app/ports.ts';
import type { Asks, Promotions } from '../../app/promotion/ports.ts';
import { DomainError } from '../../core/errors.ts';
import { itemKey, workflow } from '../../core/layout.ts';
import { type Ask, AskSchema, isOver, type Promotion, PromotionSchema } from '../../core/promotion.ts';
import { type Item, putIfAt, queryPartition, readItem, toItem } from './items.ts';
import { indexed, queryIndex } from './workflow-index.ts';

/** How many open promotions, or asks, are listed. */
const LISTED = 1000;

export function dynamoPromotions(client: DynamoDBClient, table: string): Promotions {
  const find: Promotions['find'] = async (id) => {
    const items: Item[] = [];
    for await (const page of queryPartition(client, table, itemKey.promotion(id).pk)) items.push(...page);
    const { promotion, asks } = standingIn(items);
    return promotion && { promotion, asks };
  };

  return {
    find,
    save: async (promotion) => await putIfAt(client, table, promotionItem(promotion), promotion.revision - 1),
    open: async (log) => readableOf(PromotionSchema, await listed(client, table, workflow.openPromotions, LISTED), log),
    ended: async (endpoint, limit, log) =>
      readableOf(PromotionSchema, await listed(client, table, workflow.promotionsOf(endpoint), limit, true), log),
  };
}

/** Of the items of a promotion's partition. */
export function standingIn(items: readonly Item[]): {
  readonly promotion: Promotion | undefined;
  readonly asks: readonly Ask[];
} {
  const isPromotion = ({ sk }: Item) => sk?.S === itemKey.promotion('').sk;
  const record = items.find(isPromotion);
  return {
    promotion: record && readItem(PromotionSchema, record),
    asks: items.filter((item) => !isPromotion(item)).map((item) => readItem(AskSchema, item)),
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
    ...indexed(index.partition, `${index.at}#${id}`),
  });
}

export function dynamoAsks(client: DynamoDBClient, table: string): Asks {
  const asksIn = async (partition: string, log: Log) =>
    readableOf(AskSchema, await listed(client, table, partition, LISTED), log);
  return {
    save: async (ask) => await putIfAt(client, table, askItem(ask), ask.revision - 1),
    open: async (log) => await asksIn(workflow.openAsks, log),
    untold: async (log) => await asksIn(workflow.untoldAsks, log),
  };
}

/** Whether it is in the index follows from its state, and from who is to be told of its end. */
export function askItem(ask: Ask): Item {
  const { promotion, role, state, asked_at, end_told } = ask;
  const told = end_told === 'with_digest' ? workflow.untoldAsks : undefined;
  const partition = state === 'asked' ? workflow.openAsks : told;
  const index = partition !== undefined && indexed(partition, `${asked_at}#${promotion}#${role}`);
  return toItem(itemKey.ask(promotion, role), { ...ask, ...index });
}

/** Of many that have nothing to do with each other, those that a function of ours wrote. */
function readableOf<T>(schema: z.ZodMiniType<T>, items: readonly Item[], log: Log): readonly T[] {
  return items.flatMap((item) => {
    try {
      return [readItem(schema, item)];
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      // The alarm on integrity failures counts lines of this name.
      log.warn(error.code, { detail: error.message });
      return [];
    }
  });
}

/** The first so many of a partition of the index, on as many pages as they take. */
async function listed(
  client: DynamoDBClient,
  table: string,
  partition: string,
  limit: number,
  newestFirst = false,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  let after: Item | undefined;
  do {
    const page = await queryIndex(client, table, partition, { limit: limit - items.length, newestFirst, after });
    items.push(...page.items);
    after = page.last;
  } while (after !== undefined && items.length < limit);
  return items;
}
