import { SFNClient } from '@aws-sdk/client-sfn';
import { dynamoEndpoints } from '../adapters/dynamodb/endpoints.ts';
import { dynamoAsks, dynamoPromotions } from '../adapters/dynamodb/promotions.ts';
import { dynamoReleases } from '../adapters/dynamodb/releases.ts';
import { dynamoStatedPromotions } from '../adapters/dynamodb/stated-promotions.ts';
import { kmsTokens } from '../adapters/kms/tokens.ts';
import { sfnExecutions } from '../adapters/sfn/executions.ts';
import { sfnWaits } from '../adapters/sfn/waits.ts';
import { incidentOpener } from '../app/incidents/manage-incidents.ts';
import { knownEvidenceKey } from '../app/known-evidence.ts';
import { Env } from '../contracts/env.ts';
import { clientConfig, countersignDeps, kms, tableConfig, tables } from './composition.ts';
import { required } from './environment.ts';
import { announcer, incidentDeps } from './incident-deps.ts';

/** What starts promotions, and what stops and ends them. */
export function promotionDeps() {
  const client = kms();
  const config = tableConfig();
  const base = countersignDeps(client);
  const { ledger, registry } = tables(config);
  const workflowTable = required(Env.WORKFLOW_TABLE);
  const stepFunctions = new SFNClient(clientConfig());
  return {
    ...base,
    ledger,
    registry: knownEvidenceKey(registry, base),
    promotions: dynamoPromotions(config.client, workflowTable),
    stated: dynamoStatedPromotions(config, workflowTable),
    asks: dynamoAsks(config.client, workflowTable),
    releases: dynamoReleases(config.client, workflowTable),
    endpoints: dynamoEndpoints(config.client, workflowTable),
    executions: sfnExecutions(stepFunctions, required(Env.PROMOTION_MACHINE_ARN)),
    waits: sfnWaits(stepFunctions),
    tokens: kmsTokens(client, required(Env.DATA_KEY_ARN)),
    announcer: announcer(),
    incidents: incidentOpener(incidentDeps(base, config)),
  };
}
