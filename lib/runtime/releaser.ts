import { dynamoGateLedger } from '../adapters/dynamodb/gate-ledger.ts';
import { dynamoPromotions } from '../adapters/dynamodb/promotions.ts';
import { dynamoReleases } from '../adapters/dynamodb/releases.ts';
import { dynamoStatedPromotions } from '../adapters/dynamodb/stated-promotions.ts';
import { knownEvidence, knownEvidenceKey } from '../app/known-evidence.ts';
import { extendRetention, type RetainDeps } from '../app/promotion/retain.ts';
import { type SealDeps, sealRelease } from '../app/promotion/seal.ts';
import { Env } from '../contracts/env.ts';
import type { ReleaserTask } from '../contracts/promotion.ts';
import { countersignDeps, kms, s3, tableConfig, tables } from './composition.ts';
import { required } from './environment.ts';
import { stateTasks } from './state-tasks.ts';

export type ReleaserDeps = SealDeps & RetainDeps;

/** A retry by the state machine begins a task anew: S3 may take its time within one. */
const S3_IDLE_MS = 30_000;

/** What a round of locks may take at most, each of them being tried three times. */
const ROUND_MS = 120_000;

export function releaserDeps(): ReleaserDeps {
  const config = tableConfig();
  const workflowTable = required(Env.WORKFLOW_TABLE);
  const base = countersignDeps(kms(), s3(S3_IDLE_MS));
  return {
    ...base,
    registry: knownEvidenceKey(tables(config).registry, base),
    ledger: knownEvidence(dynamoGateLedger(config)),
    promotions: dynamoPromotions(config.client, workflowTable),
    releases: dynamoReleases(config.client, workflowTable),
    stated: dynamoStatedPromotions(config, workflowTable),
  };
}

export function releaser(deps: ReleaserDeps) {
  return stateTasks<ReleaserTask>(
    async (task, context) => {
      if (task.task === 'seal') {
        await sealRelease(deps, task.promotion);
        return {};
      }
      const hasTime = () => context.getRemainingTimeInMillis() > ROUND_MS;
      return await extendRetention(deps, task.promotion, task.cursor, hasTime);
    },
    ({ promotion }) => ({ promotion }),
  );
}
