import { PutObjectLegalHoldCommand, type S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod/mini';
import type { Hold, Holds } from '../../app/ports.ts';
import { itemKey } from '../../core/layout.ts';
import { unavailable } from '../failures.ts';
import { getItem, readItem, toItem, transact } from './items.ts';
import { evidenceWrites, type LedgerConfig } from './ledger.ts';

const HoldSchema: z.ZodMiniType<Hold> = z.object({
  sha256: z.string(),
  state: z.enum(['on', 'off']),
  reason: z.string(),
  by: z.string(),
  at: z.string(),
  event: z.string(),
  revision: z.number(),
});

/** Legal holds: the lock itself is S3's, the record of it lies beside the evidence item. */
export function holds({ client, evidenceTable }: LedgerConfig, s3: S3Client, bucket: string): Holds {
  return {
    async findHold(sha256) {
      const item = await getItem(client, evidenceTable, itemKey.hold(sha256));
      return item && readItem(HoldSchema, item);
    },
    async commitHold(event, entries, hold) {
      const writes = evidenceWrites(evidenceTable, event, entries);
      const failed = await transact(client, [...writes, holdWrite(evidenceTable, hold)]);
      if (failed === undefined) return 'committed';
      return failed < writes.length ? 'exists' : 'principal-changed';
    },
    async setLegalHold(key, versionId, on) {
      try {
        await s3.send(
          new PutObjectLegalHoldCommand({
            Bucket: bucket,
            Key: key,
            VersionId: versionId,
            LegalHold: { Status: on ? 'ON' : 'OFF' },
            ChecksumAlgorithm: 'SHA256',
          }),
        );
      } catch (error) {
        unavailable('S3', error);
      }
    },
  };
}

/** A hold follows the revision before it, so that of two requests the second is told. */
function holdWrite(table: string, hold: Hold) {
  const item = toItem(itemKey.hold(hold.sha256), hold);
  if (hold.revision === 1)
    return { Put: { TableName: table, Item: item, ConditionExpression: 'attribute_not_exists(pk)' } };
  return {
    Put: {
      TableName: table,
      Item: item,
      ConditionExpression: 'revision = :before',
      ExpressionAttributeValues: { ':before': { N: String(hold.revision - 1) } },
    },
  };
}
