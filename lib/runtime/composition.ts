import { setTimeout } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { dynamoLedger, type LedgerConfig } from '../adapters/dynamodb/ledger.ts';
import { dynamoRegistry } from '../adapters/dynamodb/registry.ts';
import { kmsSigner } from '../adapters/kms/signer.ts';
import { s3EvidenceStore } from '../adapters/s3/evidence-store.ts';
import { contextCache } from '../app/context-cache.ts';
import type { CountersignDeps } from '../app/countersign.ts';
import type { Clock, Ledger, Log, Registry } from '../app/ports.ts';
import { Env } from '../contracts/env.ts';
import { required, retention } from './environment.ts';
import { logger } from './http.ts';

/** Two retries with backoff stay far below the API's 29 seconds; after that the caller is told to come again. */
const ANSWER_WITHIN_MS = 5000;

/**
 * What every SDK client is made with.
 *
 * @param idleMs - how long AWS may take to begin its answer, and pause within it; by itself the SDK warns and waits on
 */
export function clientConfig(idleMs = ANSWER_WITHIN_MS) {
  return {
    maxAttempts: 3,
    requestHandler: {
      connectionTimeout: 1000,
      requestTimeout: idleMs,
      throwOnRequestTimeout: true,
      socketTimeout: idleMs,
    },
  };
}

/** Checksums are ours to give: the SDK's default CRC32 would be signed into presigned requests for an empty body. */
export const s3 = (idleMs?: number): S3Client =>
  new S3Client({ ...clientConfig(idleMs), requestChecksumCalculation: 'WHEN_REQUIRED' });
export const kms = (): KMSClient => new KMSClient(clientConfig());
export const dynamo = (): DynamoDBClient => new DynamoDBClient(clientConfig());

/** Where the use cases tell what happened: among the lines of the handler. */
export const log: Log = {
  info: (event, fields) => logger.info(event, { ...fields }),
  warn: (event, fields) => logger.warn(event, { ...fields }),
};

/** A cache in front of {@link Registry.context}, as the use cases take it. */
export function cached(registry: Registry, clock: Clock) {
  const cache = contextCache(registry, clock);
  return { cachedContext: cache.get, forgetContext: cache.forget };
}

export function tableConfig(): LedgerConfig {
  return {
    client: dynamo(),
    evidenceTable: required(Env.EVIDENCE_TABLE),
    registryTable: required(Env.REGISTRY_TABLE),
  };
}

export function tables(config: LedgerConfig = tableConfig()): { readonly ledger: Ledger; readonly registry: Registry } {
  return { ledger: dynamoLedger(config), registry: dynamoRegistry(config) };
}

/** What every function that countersigns needs. */
export function countersignDeps(kmsClient: KMSClient = kms(), s3Client: S3Client = s3()): CountersignDeps {
  const policy = retention();
  return {
    store: s3EvidenceStore({ client: s3Client, bucket: required(Env.EVIDENCE_BUCKET), mode: policy.mode }),
    signer: kmsSigner(kmsClient, required(Env.EVIDENCE_KEY_ARN)),
    clock: () => new Date(),
    log,
    retention: policy,
    stage: required(Env.STAGE),
  };
}

export async function sleep(milliseconds: number): Promise<void> {
  await setTimeout(milliseconds);
}
