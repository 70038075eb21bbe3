import { BatchWriteItemCommand, type TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { TableWriter } from '../../app/reindex.ts';
import { DomainError } from '../../core/errors.ts';
import { itemKey } from '../../core/layout.ts';
import { unavailable } from '../failures.ts';
import { type Item, toItem } from './items.ts';
import { evidenceWrites, type LedgerConfig } from './ledger.ts';
import { registryWrites } from './registry.ts';

/** What BatchWriteItem takes at a time. */
const BATCH = 25;

/** What was not processed was throttled; it is sent again after these pauses. */
const PAUSES_MS = [50, 100, 200, 400, 800, 1600, 3200];

/**
 * Writes the tables in batches. Of one key only the last item counts, as in the order of events, so a later one replaces an
 * earlier one that is still waiting.
 */
export function dynamoTableWriter({ client, evidenceTable, registryTable }: LedgerConfig): TableWriter {
  const waiting = new Map<string, { readonly table: string; readonly item: Item }>();
  let writing: Promise<void> = Promise.resolve();

  async function add(writes: readonly TransactWriteItem[]): Promise<void> {
    for (const { Put } of writes) {
      if (Put?.TableName === undefined || !Put.Item) continue;
      waiting.set(`${Put.TableName}\n${Put.Item.pk?.S}\n${Put.Item.sk?.S}`, { table: Put.TableName, item: Put.Item });
    }
    while (waiting.size >= BATCH) await next();
  }

  /** One batch at a time and in order, so that an older state of an item never lands after a newer one. */
  async function next(): Promise<void> {
    const keys = [...waiting.keys()].slice(0, BATCH);
    const batch = keys.flatMap((key) => waiting.get(key) ?? []);
    for (const key of keys) waiting.delete(key);
    const turn = writing.then(async () => await send(batch));
    writing = turn.catch(() => {});
    await turn;
  }

  async function send(batch: readonly { readonly table: string; readonly item: Item }[]): Promise<void> {
    const byTable = Map.groupBy(batch, ({ table }) => table);
    let requests = Object.fromEntries(
      [...byTable].map(([table, puts]) => [table, puts.map(({ item }) => ({ PutRequest: { Item: item } }))]),
    );
    for (const pause of [0, ...PAUSES_MS]) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      try {
        const answer = await client.send(new BatchWriteItemCommand({ RequestItems: requests }));
        const left = answer.UnprocessedItems ?? {};
        if (Object.keys(left).length === 0) return;
        requests = Object.fromEntries(
          Object.entries(left).map(([table, puts]) => [
            table,
            puts.flatMap(({ PutRequest }) => (PutRequest?.Item ? [{ PutRequest: { Item: PutRequest.Item } }] : [])),
          ]),
        );
      } catch (error) {
        unavailable('DynamoDB', error);
      }
    }
    throw new DomainError('DEPENDENCY_UNAVAILABLE', 'DynamoDB keeps throttling; run the same command again later');
  }

  return {
    evidence: async (record, entries) => await add(evidenceWrites(evidenceTable, record, entries)),
    registry: async (change) => await add(registryWrites(registryTable, change)),
    hold: async (hold) =>
      await add([{ Put: { TableName: evidenceTable, Item: toItem(itemKey.hold(hold.sha256), hold) } }]),
    async flush() {
      while (waiting.size > 0) await next();
      await writing;
    },
  };
}
