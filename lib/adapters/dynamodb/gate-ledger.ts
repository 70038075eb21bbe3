import { BatchGetItemCommand, type BatchGetItemCommandOutput } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { GateLedger } from '../../app/gate/ports.ts';
import type { EvidenceRecord } from '../../core/evidence.ts';
import { itemKey } from '../../core/layout.ts';
import { unavailable } from '../failures.ts';
import { fromItem } from './items.ts';
import { dynamoLedger, type LedgerConfig } from './ledger.ts';
import { EvidenceRecordSchema } from './schemas.ts';

/** What one BatchGetItem takes. */
const BATCH = 100;

/** DynamoDB may answer a part of a batch (16 MB, throttling) and names the rest; this often it is asked for the rest. */
const MAX_ROUNDS = 20;

export function dynamoGateLedger(config: LedgerConfig): GateLedger {
  const { client, evidenceTable } = config;
  const { list, commit } = dynamoLedger(config);

  async function batch(sha256s: readonly string[]): Promise<EvidenceRecord[]> {
    const records: EvidenceRecord[] = [];
    let wanted: BatchGetItemCommandOutput['UnprocessedKeys'] = {
      [evidenceTable]: { Keys: sha256s.map((sha256) => marshall(itemKey.evidence(sha256))), ConsistentRead: true },
    };
    try {
      for (let round = 0; wanted?.[evidenceTable] !== undefined; round++) {
        if (round >= MAX_ROUNDS) throw new Error('BatchGetItem keeps leaving keys unprocessed');
        const answer: BatchGetItemCommandOutput = await client.send(new BatchGetItemCommand({ RequestItems: wanted }));
        for (const item of answer.Responses?.[evidenceTable] ?? []) {
          records.push(EvidenceRecordSchema.parse(fromItem(item)));
        }
        wanted = answer.UnprocessedKeys;
      }
    } catch (error) {
      unavailable('DynamoDB', error);
    }
    return records;
  }

  async function findMany(sha256s: readonly string[]): Promise<ReadonlyMap<string, EvidenceRecord>> {
    const batches: Promise<EvidenceRecord[]>[] = [];
    for (let start = 0; start < sha256s.length; start += BATCH)
      batches.push(batch(sha256s.slice(start, start + BATCH)));
    return new Map((await Promise.all(batches)).flat().map((record) => [record.sha256, record]));
  }

  return { list, commit, findMany };
}
