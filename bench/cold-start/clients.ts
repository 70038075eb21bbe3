import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';

/** The least that a function with these clients can be: it makes them as lib/runtime does, and has nothing to do. */

const CLIENT = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 5000, throwOnRequestTimeout: true, socketTimeout: 5000 },
} as const;
const clients = [
  new S3Client({ ...CLIENT, requestChecksumCalculation: 'WHEN_REQUIRED' }),
  new KMSClient(CLIENT),
  new DynamoDBClient(CLIENT),
];

export const handler = async (): Promise<number> => clients.length;
