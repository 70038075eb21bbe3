import {
  DynamoDBClient,
  type TransactGetItemsCommandInput,
  type TransactWriteItemsCommandInput,
} from '@aws-sdk/client-dynamodb';
import { KMSClient, type SignCommandInput } from '@aws-sdk/client-kms';
import { type PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import { dynamoLedger } from '../lib/adapters/dynamodb/ledger.ts';
import { dynamoRegistry } from '../lib/adapters/dynamodb/registry.ts';
import { kmsSigner } from '../lib/adapters/kms/signer.ts';
import { s3EvidenceStore } from '../lib/adapters/s3/evidence-store.ts';
import { contextCache } from '../lib/app/context-cache.ts';
import { submitEvidence } from '../lib/app/submit-evidence.ts';
import type { LocalDescription } from '../local/description.ts';
import { type ClientConfig, RETENTION } from './access.ts';

/** Inputs of the four calls that make a manifest evidence, as the adapters give them to the SDK. */
export interface IntakeCalls {
  readonly attestation: PutObjectCommandInput;
  readonly sign: SignCommandInput;
  readonly receipt: PutObjectCommandInput;
  readonly transaction: TransactWriteItemsCommandInput;
}

/** What the recorder has to know of a local AWS; it can be sent to another process. */
export type Recorded = Pick<LocalDescription, 'stage' | 'resources' | 'identities' | 'accountId'>;

/** As long as the version ids of the emulator and of S3. */
const VERSION_ID = 'x'.repeat(32);

/**
 * Makes the recorder of one producer's manifests. It runs the use case with the real adapters and sends no write: S3's and
 * DynamoDB's are noted instead. (KMS does sign, because the signature is checked.) So what is noted is what the handler
 * sends, to the byte, whatever becomes of the adapters.
 */
export function callRecorder(local: Recorded, config: ClientConfig): (manifest: Buffer) => Promise<IntakeCalls> {
  const puts: PutObjectCommandInput[] = [];
  const signs: SignCommandInput[] = [];
  const transactions: TransactWriteItemsCommandInput[] = [];

  const s3 = new S3Client(config);
  s3.middlewareStack.add(
    (next) => async (args) => {
      const { input } = args;
      if (!('Body' in input && 'IfNoneMatch' in input)) return await next(args);
      puts.push(input);
      return { output: { $metadata: {}, VersionId: VERSION_ID }, response: {} };
    },
    { step: 'initialize' },
  );
  const kms = new KMSClient(config);
  kms.middlewareStack.add(
    (next) => async (args) => {
      const { input } = args;
      if ('SigningAlgorithm' in input && 'Message' in input && !('Signature' in input)) signs.push(input);
      return await next(args);
    },
    { step: 'initialize' },
  );
  const dynamodb = new DynamoDBClient(config);
  dynamodb.middlewareStack.add(
    (next) => async (args) => {
      const { input } = args;
      if (!('TransactItems' in input && isWrite(input))) return await next(args);
      transactions.push(input);
      return { output: { $metadata: {} }, response: {} };
    },
    { step: 'initialize' },
  );

  const { resources, accountId, stage } = local;
  const { uniqueId, userArn } = local.identities['training-pipeline'];
  const tables = { client: dynamodb, evidenceTable: resources.evidenceTable, registryTable: resources.registryTable };
  const registry = dynamoRegistry(tables);
  const clock = () => new Date();
  const cache = contextCache(registry, clock);
  const deps = {
    store: s3EvidenceStore({ client: s3, bucket: resources.evidenceBucket, mode: RETENTION.mode }),
    signer: kmsSigner(kms, resources.evidenceKeyArn),
    ledger: dynamoLedger(tables),
    registry,
    cachedContext: cache.get,
    forgetContext: cache.forget,
    clock,
    sleep: async () => {},
    log: { info: () => {}, warn: () => {} },
    retention: RETENTION,
    stage,
    unsignedStages: new Set<never>(),
  };
  const caller = { uniqueId, account: accountId, arn: userArn, session: 'training-pipeline-session' };

  return async (manifest) => {
    await submitEvidence(deps, manifest, 'manifests', caller);
    const [attestation, receipt, ...otherPuts] = puts.splice(0);
    const [sign, ...otherSigns] = signs.splice(0);
    const [transaction, ...otherTransactions] = transactions.splice(0);
    if (!attestation || !receipt || !sign || !transaction) throw new Error('the use case made fewer calls than four');
    if (otherPuts.length + otherSigns.length + otherTransactions.length > 0) {
      throw new Error('the use case made more calls than four');
    }
    return { attestation, sign, receipt, transaction };
  };
}

function isWrite(
  input: TransactWriteItemsCommandInput | TransactGetItemsCommandInput,
): input is TransactWriteItemsCommandInput {
  return (input.TransactItems ?? []).every((item) => 'Put' in item || 'ConditionCheck' in item);
}
