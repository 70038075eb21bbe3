import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { dynamoLedger } from '../adapters/dynamodb/ledger.ts';
import { dynamoRegistry } from '../adapters/dynamodb/registry.ts';
import { kmsSigner } from '../adapters/kms/signer.ts';
import { s3EvidenceStore } from '../adapters/s3/evidence-store.ts';
import type { CountersignDeps } from '../app/countersign.ts';
import type { Ledger, Registry } from '../app/ports.ts';
import { Env } from '../contracts/env.ts';
import { required, retention } from './environment.ts';
import { logger } from './http.ts';

/** Two retries with backoff stay far below the API's 29 seconds; after that the caller is told to come again. */
const CLIENT = { maxAttempts: 3, requestHandler: { connectionTimeout: 1000, requestTimeout: 5000 } } as const;

export const s3 = (): S3Client => new S3Client(CLIENT);
export const kms = (): KMSClient => new KMSClient(CLIENT);
const dynamo = (): DynamoDBClient => new DynamoDBClient(CLIENT);

export interface Tables {
  readonly ledger: Ledger;
  readonly registry: Registry;
}

export function tables(): Tables {
  const config = {
    client: dynamo(),
    evidenceTable: required(Env.EVIDENCE_TABLE),
    registryTable: required(Env.REGISTRY_TABLE),
  };
  return { ledger: dynamoLedger(config), registry: dynamoRegistry(config) };
}

/** What every function that countersigns needs. */
export function countersignDeps(kmsClient: KMSClient = kms(), s3Client: S3Client = s3()): CountersignDeps {
  const policy = retention();
  return {
    store: s3EvidenceStore({ client: s3Client, bucket: required(Env.EVIDENCE_BUCKET), mode: policy.mode }),
    signer: kmsSigner(kmsClient, required(Env.EVIDENCE_KEY_ARN)),
    clock: () => new Date(),
    log: {
      info: (event, fields) => logger.info(event, { ...fields }),
      warn: (event, fields) => logger.warn(event, { ...fields }),
    },
    retention: policy,
    stage: required(Env.STAGE),
  };
}

export { sleep };
