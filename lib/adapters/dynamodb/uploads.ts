import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import type { Clock, Upload, Uploads } from '../../app/ports.ts';
import { TTL_ATTRIBUTE } from '../../contracts/storage.ts';
import { itemKey } from '../../core/layout.ts';
import { unavailable } from '../failures.ts';
import { fromItem, getItem, toItem } from './items.ts';
import type { LedgerConfig } from './ledger.ts';

const UploadSchema: z.ZodMiniType<Upload> = z.object({
  sha256: z.string(),
  state: z.enum(['verifying', 'mismatch']),
  size: z.number(),
  verified_bytes: z.number(),
  actual: z.exactOptional(z.string()),
  updated_at: z.string(),
});

const KEPT_SECONDS = 7 * 24 * 60 * 60;

export function dynamoUploads({ client, evidenceTable }: Omit<LedgerConfig, 'registryTable'>, clock: Clock): Uploads {
  return {
    async findUpload(sha256) {
      const item = await getItem(client, evidenceTable, itemKey.upload(sha256));
      return item && UploadSchema.parse(fromItem(item));
    },
    async saveUpload(upload) {
      const expires = Math.floor(clock().getTime() / 1000) + KEPT_SECONDS;
      const item = toItem(itemKey.upload(upload.sha256), { ...upload, [TTL_ATTRIBUTE]: expires });
      try {
        await client.send(new PutItemCommand({ TableName: evidenceTable, Item: item }));
      } catch (error) {
        unavailable('DynamoDB', error);
      }
    },
  };
}
