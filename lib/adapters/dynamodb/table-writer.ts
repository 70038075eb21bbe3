import { isDeepStrictEqual } from 'node:util';
import { ConditionalCheckFailedException, PutItemCommand, type TransactWriteItem } from '@aws-sdk/client-dynamodb';
import type { TableWriter } from '../../app/reindex.ts';
import { itemKey } from '../../core/layout.ts';
import { unavailable } from '../failures.ts';
import { approvalItem } from './approvals.ts';
import { incidentWrites } from './incidents.ts';
import { getItem, type Item, put, toItem } from './items.ts';
import { evidenceWrites, type LedgerConfig } from './ledger.ts';
import { registryWrites } from './registry-writes.ts';
import { releaseItem } from './releases.ts';

/** Puts that run at the same time; the SDK keeps 50 connections. */
const WRITERS = 40;

/** Sort keys of history: what stands there says the same for ever. Every other item with a revision holds a current state. */
const HISTORY = /^(at|key)#/;

/**
 * Writes the tables item by item, each on a condition, so that it may run beside the functions: a state that they have written
 * since the bucket was read has a higher revision and stays.
 */
export function dynamoTableWriter(config: LedgerConfig & { readonly workflowTable: string }): TableWriter {
  const { client, evidenceTable, registryTable, workflowTable } = config;
  const inTurn = turns(WRITERS);

  /** @returns whether the table said otherwise */
  async function write(table: string, item: Item): Promise<boolean> {
    const isCurrent = item.revision !== undefined && !HISTORY.test(item.sk?.S ?? '');
    const standing = await putIf(table, item, `attribute_not_exists(pk)${isCurrent ? ' OR revision < :revision' : ''}`);
    if (!standing || saysTheSame(standing, item)) return false;
    if (!isCurrent) return (await putIf(table, item, 'attribute_exists(pk)')) === undefined;
    if (standing.revision?.N !== item.revision?.N) return false;
    return (await putIf(table, item, 'revision = :revision')) === undefined;
  }

  /** @returns the item that stands in the way, where the condition does not hold */
  async function putIf(table: string, item: Item, condition: string): Promise<Item | undefined> {
    const needsRevision = condition.includes(':revision') && item.revision;
    try {
      await client.send(
        new PutItemCommand({
          TableName: table,
          Item: item,
          ConditionExpression: condition,
          ...(needsRevision ? { ExpressionAttributeValues: { ':revision': needsRevision } } : {}),
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return undefined;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return error.Item ?? {};
      return unavailable('DynamoDB', error);
    }
  }

  async function writeAll(writes: readonly TransactWriteItem[]): Promise<readonly string[]> {
    const replaced = await Promise.all(
      writes.map(async ({ Put }) => {
        const { TableName, Item } = Put ?? {};
        if (TableName === undefined || !Item) return [];
        const isReplaced = await inTurn(async () => await write(TableName, Item));
        return isReplaced ? [`${TableName}: ${Item.pk?.S} ${Item.sk?.S}`] : [];
      }),
    );
    return replaced.flat();
  }

  return {
    evidence: async (record, entries) => await writeAll(evidenceWrites(evidenceTable, record, entries)),
    registry: async (change) => await writeAll(registryWrites(registryTable, change)),
    hold: async (hold) =>
      await writeAll([{ Put: { TableName: evidenceTable, Item: toItem(itemKey.hold(hold.sha256), hold) } }]),
    async incident(incident) {
      const [record, ...findings] = incidentWrites(workflowTable, incident);
      const replaced = await writeAll(record ? [record] : []);
      const standing = await getItem(client, workflowTable, itemKey.incident(incident.id));
      // One that was resolved since the bucket was read closes no gate again.
      const isNewer = standing?.revision?.N !== String(incident.revision);
      return isNewer ? replaced : [...replaced, ...(await writeAll(findings))];
    },
    approval: async (approval) => await writeAll([put(workflowTable, approvalItem(approval))]),
    release: async (release, model) => await writeAll([put(workflowTable, releaseItem(release, model))]),
  };
}

/** Bytes come back as another class than they were given in; a clone has one. */
function saysTheSame(a: Item, b: Item): boolean {
  return isDeepStrictEqual(structuredClone(a), structuredClone(b));
}

/** Lets so many pieces of work run at a time; the others wait for their turn. */
function turns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    while (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
    try {
      return await work();
    } finally {
      running--;
      waiting.shift()?.();
    }
  };
}
