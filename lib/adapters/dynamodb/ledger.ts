import type { DynamoDBClient, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import type { CommitOutcome, Guard, Ledger } from '../../app/ports.ts';
import type { EvidenceRecord, IndexEntry } from '../../core/evidence.ts';
import { itemKey } from '../../core/layout.ts';
import { parseWith } from '../../core/schema.ts';
import { fromItem, getItem, put, putNew, query, readItem, toItem, transact } from './items.ts';
import { EvidenceRecordSchema, IndexEntrySchema } from './schemas.ts';

export interface LedgerConfig {
  readonly client: DynamoDBClient;
  readonly evidenceTable: string;
  readonly registryTable: string;
}

const StatementItem = z.object({ evidence: z.string() });

export function dynamoLedger({ client, evidenceTable, registryTable }: LedgerConfig): Ledger {
  async function find(sha256: string): Promise<EvidenceRecord | undefined> {
    const item = await getItem(client, evidenceTable, itemKey.evidence(sha256));
    return item && readItem(EvidenceRecordSchema, item);
  }

  async function findArtifact(sha256: string): Promise<EvidenceRecord | undefined> {
    const item = await getItem(client, evidenceTable, itemKey.artifact(sha256));
    return item && readItem(EvidenceRecordSchema, item);
  }

  async function findStatement(identity: string): Promise<EvidenceRecord | undefined> {
    const item = await getItem(client, evidenceTable, itemKey.statement(identity));
    return item && (await find(readItem(StatementItem, item).evidence));
  }

  async function commit(
    record: EvidenceRecord,
    entries: readonly IndexEntry[],
    guard: Guard | undefined,
  ): Promise<CommitOutcome> {
    const evidence = evidenceWrites(evidenceTable, record, entries);
    const failed = await transact(client, [...evidence, ...(guard ? [unchanged(registryTable, guard)] : [])]);
    if (failed === undefined) return 'committed';
    return failed < evidence.length ? 'exists' : 'principal-changed';
  }

  const list: Ledger['list'] = async (partition, { limit, after, newestFirst = false }) => {
    const answer = await query(client, {
      TableName: evidenceTable,
      KeyConditionExpression: 'pk = :partition',
      ExpressionAttributeValues: { ':partition': { S: partition } },
      Limit: limit,
      ScanIndexForward: !newestFirst,
      ...(after === undefined ? {} : { ExclusiveStartKey: marshall({ pk: partition, sk: after }) }),
    });
    const items = (answer.Items ?? []).map((item) =>
      parseWith(IndexEntrySchema, { ...fromItem(item), pk: partition, sk: item.sk?.S }, 'INTEGRITY_FAILURE'),
    );
    return { items, next: answer.LastEvaluatedKey?.sk?.S };
  };

  return { find, findArtifact, findStatement, commit, list };
}

/** The evidence and statement items must be new; index entries are named by the evidence, so they are new with it. */
export function evidenceWrites(
  table: string,
  record: EvidenceRecord,
  entries: readonly IndexEntry[],
): TransactWriteItem[] {
  return [
    putNew(table, toItem(itemKey[record.kind === 'artifact' ? 'artifact' : 'evidence'](record.sha256), record)),
    ...(record.statement_identity === undefined
      ? []
      : [putNew(table, toItem(itemKey.statement(record.statement_identity), { evidence: record.sha256 }))]),
    ...entries.map((entry) => put(table, toItem(entry, entry))),
  ];
}

/** A revocation beats a warm cache: the commit fails when the principal or a key of it changed since it was read. */
function unchanged(table: string, guard: Guard): TransactWriteItem {
  return {
    ConditionCheck: {
      TableName: table,
      Key: marshall(itemKey.caller(guard.uniqueId)),
      ConditionExpression: 'revision = :revision',
      ExpressionAttributeValues: { ':revision': { N: String(guard.revision) } },
    },
  };
}
