import { randomUUID } from 'node:crypto';
import { CreateTableCommand, DynamoDBClient, type KeySchemaElement } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { beforeAll, inject } from 'vitest';
import { dynamoDeliveries } from '../../lib/adapters/dynamodb/deliveries.ts';
import { dynamoDirectory } from '../../lib/adapters/dynamodb/directory.ts';
import { dynamoEndpoints } from '../../lib/adapters/dynamodb/endpoints.ts';
import { holds } from '../../lib/adapters/dynamodb/holds.ts';
import { dynamoLedger, type LedgerConfig } from '../../lib/adapters/dynamodb/ledger.ts';
import { dynamoRegistry } from '../../lib/adapters/dynamodb/registry.ts';
import { dynamoSubscriptions } from '../../lib/adapters/dynamodb/subscriptions.ts';
import { s3EvidenceStore } from '../../lib/adapters/s3/evidence-store.ts';
import { PARTITION_KEY, SORT_KEY, WORKFLOW_INDEX } from '../../lib/contracts/storage.ts';
import { objectKey } from '../../lib/core/layout.ts';
import { directoryContract } from '../contract/directory.ts';
import { endpointsContract } from '../contract/endpoints.ts';
import { evidenceStoreContract, freshDigest } from '../contract/evidence-store.ts';
import { holdsContract, ledgerContract, registryContract, type Tables } from '../contract/tables.ts';
import { webhooksContract } from '../contract/webhooks.ts';
import { clientConfig } from './support/clients.ts';

/** The adapters of S3 and DynamoDB keep the same contract as the memory ones, over tables and a bucket of their own. */

const local = inject('local');
const config = { ...clientConfig(local, 'administrator'), maxAttempts: 3 };
const s3 = new S3Client({ ...config, forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED' });
const client = new DynamoDBClient(config);
const bucket = `contract-${randomUUID()}`;
const store = s3EvidenceStore({ client: s3, bucket, mode: 'GOVERNANCE' });

beforeAll(async () => {
  await s3.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
});

/** Like the workflow table, which has the most: no other one's items have the keys of the index. */
async function emptyTable(): Promise<string> {
  const TableName = `contract-${randomUUID()}`;
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [PARTITION_KEY, SORT_KEY, WORKFLOW_INDEX.partitionKey, WORKFLOW_INDEX.sortKey].map(
        (AttributeName) => ({ AttributeName, AttributeType: 'S' }),
      ),
      KeySchema: keysOf(PARTITION_KEY, SORT_KEY),
      GlobalSecondaryIndexes: [
        {
          IndexName: WORKFLOW_INDEX.name,
          KeySchema: keysOf(WORKFLOW_INDEX.partitionKey, WORKFLOW_INDEX.sortKey),
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  );
  return TableName;
}

function keysOf(partitionKey: string, sortKey: string): KeySchemaElement[] {
  return [
    { AttributeName: partitionKey, KeyType: 'HASH' },
    { AttributeName: sortKey, KeyType: 'RANGE' },
  ];
}

async function openTables(): Promise<Tables> {
  const tables: LedgerConfig = { client, evidenceTable: await emptyTable(), registryTable: await emptyTable() };
  const placeObject = async () => {
    const key = objectKey.receipt(freshDigest());
    const retainUntil = new Date(Date.now() + 60_000);
    const versionId = await store.putOnce(key, Buffer.from('held'), { contentType: 'text/plain', retainUntil });
    if (versionId === undefined) throw new Error(`${key} is taken`);
    return { key, versionId };
  };
  return {
    ledger: dynamoLedger(tables),
    registry: dynamoRegistry(tables),
    holds: holds(tables, s3, bucket),
    placeObject,
  };
}

evidenceStoreContract(async () => store);
ledgerContract(openTables);
registryContract(openTables);
webhooksContract(async () => {
  const tables: LedgerConfig = { client, evidenceTable: await emptyTable(), registryTable: await emptyTable() };
  return {
    registry: dynamoRegistry(tables),
    subscriptions: dynamoSubscriptions(client, tables.registryTable),
    deliveries: dynamoDeliveries(client, await emptyTable()),
  };
});
directoryContract(async () => {
  const tables: LedgerConfig = { client, evidenceTable: await emptyTable(), registryTable: await emptyTable() };
  return { registry: dynamoRegistry(tables), directory: dynamoDirectory(client, tables.registryTable) };
});
holdsContract(openTables);
endpointsContract(async () => dynamoEndpoints(client, await emptyTable()));
