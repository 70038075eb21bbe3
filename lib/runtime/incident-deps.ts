import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { dynamoIncidents } from '../adapters/dynamodb/incidents.ts';
import type { LedgerConfig } from '../adapters/dynamodb/ledger.ts';
import { eventBridgeAnnouncer } from '../adapters/eventbridge/announcer.ts';
import type { Announcer } from '../app/announce-waivers.ts';
import type { CountersignDeps } from '../app/countersign.ts';
import type { IncidentDeps } from '../app/incidents/manage-incidents.ts';
import { announcementBus } from '../contracts/announcements.ts';
import { Env } from '../contracts/env.ts';
import { clientConfig, sleep, tables } from './composition.ts';
import { required } from './environment.ts';

export const announcer = (): Announcer =>
  eventBridgeAnnouncer(new EventBridgeClient(clientConfig()), announcementBus(required(Env.STAGE)), sleep);

/** What opens incidents, and what people do with them. */
export function incidentDeps(base: CountersignDeps, config: LedgerConfig): IncidentDeps {
  const { registry } = tables(config);
  const incidents = dynamoIncidents({ ...config, workflowTable: required(Env.WORKFLOW_TABLE) });
  return { ...base, registry, incidents, announcer: announcer() };
}
