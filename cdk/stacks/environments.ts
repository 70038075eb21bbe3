import { Env, type EnvName } from '../../lib/contracts/env.ts';
import type { StageConfig } from '../config.ts';
import type { DataStack } from './data-stack.ts';

type Environment = Partial<Readonly<Record<EnvName, string>>>;

/** What a function that reads evidence is told. */
export function evidenceEnvironment(data: DataStack): Environment {
  return {
    [Env.EVIDENCE_BUCKET]: data.evidence.bucket.bucketName,
    [Env.EVIDENCE_TABLE]: data.evidenceTable.table.tableName,
    [Env.REGISTRY_TABLE]: data.registryTable.table.tableName,
  };
}

/** What a function that signs evidence is told. */
export function signingEnvironment(config: StageConfig, data: DataStack): Environment {
  return {
    ...evidenceEnvironment(data),
    [Env.EVIDENCE_KEY_ARN]: data.evidenceKey.key.keyArn,
    [Env.RETENTION]: JSON.stringify(config.retention),
  };
}
