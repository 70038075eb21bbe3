import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SFNClient } from '@aws-sdk/client-sfn';
import { dynamoEndpoints } from '../adapters/dynamodb/endpoints.ts';
import { dynamoAsks, dynamoPromotions } from '../adapters/dynamodb/promotions.ts';
import { dynamoReleases } from '../adapters/dynamodb/releases.ts';
import { eventBridgeAnnouncer } from '../adapters/eventbridge/announcer.ts';
import { kmsTokens } from '../adapters/kms/tokens.ts';
import { sfnExecutions } from '../adapters/sfn/executions.ts';
import { sfnWaits } from '../adapters/sfn/waits.ts';
import { Env } from '../contracts/env.ts';
import type { IncidentFacts } from '../core/incident.ts';
import { incidentId } from '../core/incident.ts';
import { clientConfig, countersignDeps, kms, sleep, tableConfig, tables } from './composition.ts';
import { required } from './environment.ts';

/** What starts promotions, and what stops and ends them. */
export function promotionDeps() {
  const client = kms();
  const config = tableConfig();
  const base = countersignDeps(client);
  const workflowTable = required(Env.WORKFLOW_TABLE);
  const stepFunctions = new SFNClient(clientConfig());
  return {
    ...base,
    ...tables(config),
    promotions: dynamoPromotions(config.client, workflowTable),
    asks: dynamoAsks(config.client, workflowTable),
    releases: dynamoReleases(config.client, workflowTable),
    endpoints: dynamoEndpoints(config.client, workflowTable),
    executions: sfnExecutions(stepFunctions, required(Env.PROMOTION_MACHINE_ARN)),
    waits: sfnWaits(stepFunctions),
    tokens: kmsTokens(client, required(Env.DATA_KEY_ARN)),
    announcer: announcer(),
    incidents: {
      open: async (facts: IncidentFacts) => {
        base.log.warn('incident-opened', { kind: facts.kind, subject: facts.subject });
        return incidentId(facts);
      },
    },
  };
}

export const announcer = () => eventBridgeAnnouncer(new EventBridgeClient(clientConfig()), sleep);
