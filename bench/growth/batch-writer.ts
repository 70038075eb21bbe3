import { BatchWriteItemCommand, type TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { evidenceWrites, type LedgerConfig } from '../../lib/adapters/dynamodb/ledger.ts';
import { registryWrites } from '../../lib/adapters/dynamodb/registry-writes.ts';
import type { RegistryChange } from '../../lib/app/ports.ts';
import type { EvidenceRecord, IndexEntry } from '../../lib/core/evidence.ts';

/** What BatchWriteItem takes at a time. */
const BATCH = 25;

/** Fills tables in batches, unconditionally and as fast as they take them. Each item may come once. */
export function batchWriter({ client, evidenceTable, registryTable }: LedgerConfig) {
  const waiting: NonNullable<TransactWriteItem['Put']>[] = [];

  async function add(writes: readonly TransactWriteItem[]): Promise<void> {
    for (const { Put } of writes) if (Put) waiting.push(Put);
    while (waiting.length >= BATCH) await next();
  }

  async function next(): Promise<void> {
    const byTable = Map.groupBy(waiting.splice(0, BATCH), ({ TableName = '' }) => TableName);
    const requests = [...byTable].map(([table, puts]) => [table, puts.map(({ Item }) => ({ PutRequest: { Item } }))]);
    const { UnprocessedItems = {} } = await client.send(
      new BatchWriteItemCommand({ RequestItems: Object.fromEntries(requests) }),
    );
    if (Object.keys(UnprocessedItems).length > 0) throw new Error('the emulator throttles, which it never did');
  }

  return {
    evidence: async (record: EvidenceRecord, entries: readonly IndexEntry[]) =>
      await add(evidenceWrites(evidenceTable, record, entries)),
    registry: async (change: RegistryChange) => await add(registryWrites(registryTable, change)),
    async flush() {
      while (waiting.length > 0) await next();
    },
  };
}
