import { randomUUID } from 'node:crypto';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { dynamoUploads } from '../adapters/dynamodb/uploads.ts';
import { startVerifier } from '../adapters/lambda/start-verifier.ts';
import { s3Artifacts } from '../adapters/s3/artifacts.ts';
import { s3Staging } from '../adapters/s3/staging.ts';
import type { ArtifactDeps } from '../app/put-artifact.ts';
import { Env } from '../contracts/env.ts';
import { cached, clientConfig, countersignDeps, kms, s3, tableConfig, tables } from './composition.ts';
import { required } from './environment.ts';

/**
 * What the artifacts function and its verifier share.
 *
 * @param stagingIdleMs - how long S3 may take to answer what moves many bytes: closing an upload, copying a part
 */
export function artifactDeps(stagingIdleMs: number): Omit<ArtifactDeps, 'singlePutMax'> {
  const client = s3();
  const config = tableConfig();
  const base = countersignDeps(kms(), client);
  const { ledger, registry } = tables(config);
  const bucket = { client, bucket: required(Env.EVIDENCE_BUCKET), mode: base.retention.mode };
  return {
    ...base,
    ledger,
    ...cached(registry, base.clock),
    uploads: dynamoUploads(config, base.clock),
    artifacts: s3Artifacts(bucket, base.clock),
    staging: s3Staging(
      { ...bucket, client: s3(stagingIdleMs), stagingBucket: required(Env.STAGING_BUCKET) },
      base.clock,
    ),
    newName: randomUUID,
    startVerifier: startVerifier(new LambdaClient(clientConfig()), required(Env.ARTIFACT_VERIFIER)),
  };
}
