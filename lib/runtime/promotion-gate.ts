import { dynamoDirectory } from '../adapters/dynamodb/directory.ts';
import { dynamoPromotions } from '../adapters/dynamodb/promotions.ts';
import { dynamoStatedPromotions } from '../adapters/dynamodb/stated-promotions.ts';
import { s3Artifacts } from '../adapters/s3/artifacts.ts';
import { type RunPromotionGateDeps, runPromotionGate } from '../app/promotion/run-promotion-gate.ts';
import { Env } from '../contracts/env.ts';
import type { PromotionGateTask } from '../contracts/promotion.ts';
import { s3, tableConfig, tables } from './composition.ts';
import { required } from './environment.ts';
import { deciderDeps } from './gate-deps.ts';
import { announcer } from './incident-deps.ts';
import { stateTasks } from './state-tasks.ts';

/** A model is read whole: S3 may pause, and a retry by the state machine begins anew. */
const S3_IDLE_MS = 30_000;

export function promotionGateDeps(): RunPromotionGateDeps {
  const config = tableConfig();
  const gate = deciderDeps();
  const workflowTable = required(Env.WORKFLOW_TABLE);
  const bucket = { client: s3(S3_IDLE_MS), bucket: required(Env.EVIDENCE_BUCKET), mode: gate.retention.mode };
  return {
    ...gate,
    ledger: { ...tables(config).ledger, ...gate.ledger },
    directory: dynamoDirectory(config.client, config.registryTable),
    promotions: dynamoPromotions(config.client, workflowTable),
    stated: dynamoStatedPromotions(config, workflowTable),
    artifacts: s3Artifacts(bucket, gate.clock),
    announcer: announcer(),
  };
}

export function promotionGate(deps: RunPromotionGateDeps) {
  return stateTasks<PromotionGateTask>(
    (task) => runPromotionGate(deps, task),
    ({ promotion }) => ({ promotion }),
  );
}
