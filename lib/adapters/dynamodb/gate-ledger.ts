import { BatchGetItemCommand, type BatchGetItemCommandOutput } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { GateLedger } from '../../app/gate/ports.ts';
import type { RetainDeps } from '../../app/promotion/retain.ts';
import type { EvidenceRecord } from '../../core/evidence.ts';
import { itemKey } from '../../core/layout.ts';
import { unavailable } from '../failures.ts';
import { fromItem, type ItemKey, throttled } from './items.ts';
import { dynamoLedger, type LedgerConfig } from './ledger.ts';
import { EvidenceRecordSchema } from './schemas.ts';

/** What one BatchGetItem takes. */
const BATCH = 100;

/** DynamoDB may answer a part of a batch (16 MB, throttling) and names the rest. It is asked for the rest after these pauses. */
const PAUSES_MS = [10, 20, 50, 100, 200, 400, 800];

export function dynamoGateLedger(config: LedgerConfig): GateLedger & RetainDeps['ledger'] {
  const { client, evidenceTable } = config;
  const { list, commit } = dynamoLedger(config);

  async function batch(keys: readonly ItemKey[]): Promise<EvidenceRecord[]> {
    const records: EvidenceRecord[] = [];
    let wanted: BatchGetItemCommandOutput['UnprocessedKeys'] = {
      [evidenceTable]: { Keys: keys.map((key) => marshall(key)), ConsistentRead: true },
    };
    try {
      for (let round = 0; wanted?.[evidenceTable] !== undefined; round++) {
        if (round > 0) await pauseBefore(round);
        const answer: BatchGetItemCommandOutput = await client.send(new BatchGetItemCommand({ RequestItems: wanted }));
        for (const item of answer.Responses?.[evidenceTable] ?? []) {
          // What is not read is missed by whoever asked for it, and then not known.
          const record = EvidenceRecordSchema.safeParse(fromItem(item));
          if (record.success) records.push(record.data);
        }
        wanted = answer.UnprocessedKeys;
      }
    } catch (error) {
      unavailable('DynamoDB', error);
    }
    return records;
  }

  async function inBatches(keys: readonly ItemKey[]): Promise<ReadonlyMap<string, EvidenceRecord>> {
    const batches: Promise<EvidenceRecord[]>[] = [];
    for (let start = 0; start < keys.length; start += BATCH) batches.push(batch(keys.slice(start, start + BATCH)));
    return new Map((await Promise.all(batches)).flat().map((record) => [record.sha256, record]));
  }

  return {
    list,
    commit,
    findMany: (sha256s) => inBatches(sha256s.map(itemKey.evidence)),
    findArtifacts: (sha256s) => inBatches(sha256s.map(itemKey.artifact)),
  };
}

async function pauseBefore(round: number): Promise<void> {
  const pause = PAUSES_MS[round - 1];
  if (pause === undefined) throw throttled();
  await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
}
