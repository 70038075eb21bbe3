import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import type { Clock, Upload, Uploads } from '../../app/ports.ts';
import { TTL_ATTRIBUTE } from '../../contracts/storage.ts';
import { itemKey } from '../../core/layout.ts';
import { unavailable } from '../failures.ts';
import { getItem, readItem, toItem } from './items.ts';
import type { LedgerConfig } from './ledger.ts';

const UploadSchema: z.ZodMiniType<Upload> = z.object({
  sha256: z.string(),
  name: z.string(),
  state: z.enum(['verifying', 'copying', 'mismatch', 'occupied']),
  size: z.number(),
  verified_bytes: z.number(),
  copy: z.exactOptional(z.object({ id: z.string(), bytes: z.number(), version_id: z.exactOptional(z.string()) })),
  actual: z.exactOptional(z.string()),
  updated_at: z.string(),
});

const KEPT_SECONDS = 7 * 24 * 60 * 60;

export function dynamoUploads({ client, evidenceTable }: Omit<LedgerConfig, 'registryTable'>, clock: Clock): Uploads {
  return {
    async findUpload(sha256, name) {
      const item = await getItem(client, evidenceTable, itemKey.upload(sha256, name));
      return item && readItem(UploadSchema, item);
    },
    async saveUpload(upload) {
      const expires = Math.floor(clock().getTime() / 1000) + KEPT_SECONDS;
      const item = toItem(itemKey.upload(upload.sha256, upload.name), { ...upload, [TTL_ATTRIBUTE]: expires });
      try {
        await client.send(new PutItemCommand({ TableName: evidenceTable, Item: item }));
      } catch (error) {
        unavailable('DynamoDB', error);
      }
    },
  };
}
