import { DynamoDBClient, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { IntakeCalls } from '../recording.ts';

/** The four calls of one accepted manifest and nothing around them, with clients made as lib/runtime makes them. */

const CLIENT = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 5000, throwOnRequestTimeout: true, socketTimeout: 5000 },
} as const;
const s3 = new S3Client({ ...CLIENT, requestChecksumCalculation: 'WHEN_REQUIRED' });
const kms = new KMSClient(CLIENT);
const dynamodb = new DynamoDBClient(CLIENT);

export async function bareCalls({ attestation, sign, receipt, transaction }: IntakeCalls): Promise<void> {
  await s3.send(new PutObjectCommand(attestation));
  await kms.send(new SignCommand(sign));
  await s3.send(new PutObjectCommand(receipt));
  await dynamodb.send(new TransactWriteItemsCommand(transaction));
}
