import { Duration, type Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { EVENT_SOURCE } from '../../lib/contracts/announcements.ts';
import { Env } from '../../lib/contracts/env.ts';
import {
  DELIVERY_PARTITIONS,
  DUE_PARTITIONS,
  EVIDENCE_KEY_PARTITION,
  eventPrefixes,
  WEBHOOK_STOP_PARTITIONS,
  WEBHOOKS,
  WORKFLOW_INDEX,
} from '../../lib/contracts/storage.ts';
import type { StageConfig } from '../config.ts';
import type { Alarms } from '../constructs/alarms.ts';
import { FailedEvents } from '../constructs/failed-events.ts';
import type { Grantee } from '../constructs/policy.ts';
import { API_FUNCTION_TIMEOUT, ServiceFunction } from '../constructs/service-function.ts';
import { type FunctionName, functionName, type WebhookFunctionName } from '../names.ts';
import type { DataStack } from './data-stack.ts';
import { PERIOD, watchFailedEvents } from './function-alarms.ts';

/** In MB, as the functions behind the API have it. */
const MEMORY = 1024;

/** It waits for others most of the time. */
const SENDER_MEMORY = 256;

/** Of a hundred deliveries, ten at a time, each of which may take 15 seconds; once more 5 seconds later. */
const SENDER_TIMEOUT = Duration.minutes(6);

/** The lines of deliveries that nobody will try again by itself. */
const NEEDS_A_PERSON = '{ $.message = "webhook-given-up" || $.message = "webhook-gone" }';

export type WebhookFunctions = Readonly<Record<WebhookFunctionName, ServiceFunction>>;

/** What sends announcements to whoever asked for them, and what lets them ask. */
export function webhookFunctions(
  stack: Stack,
  { config, data, codeOf }: { config: StageConfig; data: DataStack; codeOf: (name: FunctionName) => string },
): WebhookFunctions {
  const common = { config, codeOf, auditKey: data.auditKey.key };
  const environment = {
    [Env.REGISTRY_TABLE]: data.registryTable.table.tableName,
    [Env.WORKFLOW_TABLE]: data.workflowTable.table.tableName,
    [Env.DATA_KEY_ARN]: data.dataKey.key.keyArn,
    ...(config.webhooksToLoopback ? { [Env.WEBHOOK_LOOPBACK]: 'allowed' } : {}),
  };
  const functions = {
    webhooks: new ServiceFunction(stack, 'Webhooks', {
      ...common,
      name: 'webhooks',
      description: 'Keeps where announcements are sent',
      memorySize: MEMORY,
      timeout: API_FUNCTION_TIMEOUT,
      environment: {
        ...environment,
        [Env.EVIDENCE_BUCKET]: data.evidence.bucket.bucketName,
        [Env.EVIDENCE_TABLE]: data.evidenceTable.table.tableName,
        [Env.EVIDENCE_KEY_ARN]: data.evidenceKey.key.keyArn,
        [Env.RETENTION]: JSON.stringify(config.retention),
      },
    }),
    'webhook-sender': new ServiceFunction(stack, 'WebhookSender', {
      ...common,
      name: 'webhook-sender',
      description: 'Sends announcements to webhooks',
      memorySize: SENDER_MEMORY,
      timeout: SENDER_TIMEOUT,
      environment,
    }),
  };
  grantWebhooks(functions.webhooks, data);
  grantWebhookSender(functions['webhook-sender'], data);
  startSender(stack, { config, data }, functions['webhook-sender']);
  return functions;
}

/** By what is announced, and every minute for the attempts that are due. */
function startSender(
  stack: Stack,
  { config, data }: { config: StageConfig; data: DataStack },
  { fn }: ServiceFunction,
): void {
  const targets = [new LambdaFunction(fn)];
  const name = functionName(config.stage, 'webhook-sender');
  new events.Rule(stack, 'SendAnnouncements', {
    ruleName: name,
    description: 'Hands announcements to the webhooks',
    eventBus: data.announcements.bus,
    eventPattern: { source: [EVENT_SOURCE] },
    targets,
  });
  new events.Rule(stack, 'SweepDeliveries', {
    ruleName: `${name}-sweep`,
    description: 'Starts the attempts that are due',
    schedule: events.Schedule.rate(Duration.minutes(1)),
    targets,
  });
}

/** Says of whom announcements are for, and makes deliveries due again. */
function grantWebhooks(grantee: Grantee, data: DataStack): void {
  data.evidence.grantCreate(grantee, eventPrefixes('webhook'));
  data.evidenceKey.grantSign(grantee);
  data.dataKey.grantEncryptDecrypt(grantee, ['s3', 'dynamodb']);
  data.dataKey.grantSealSecrets(grantee);
  data.evidenceTable.grant(grantee, 'RecordEvents', 'PutItem');
  data.registryTable.grantPartitions(grantee, 'ReadEvidenceKeys', [EVIDENCE_KEY_PARTITION], 'GetItem', 'Query');
  data.registryTable.grantPartitions(grantee, 'KeepWebhooks', [WEBHOOKS], 'PutItem', 'Query');
  data.workflowTable.grantPartitions(grantee, 'ReplayDeliveries', DELIVERY_PARTITIONS, 'PutItem', 'Query');
  data.workflowTable.grantPartitions(grantee, 'ReadStops', WEBHOOK_STOP_PARTITIONS, 'Query');
}

/** It talks to hosts that others name: it signs nothing of ours, and changes no record but those of deliveries. */
function grantWebhookSender(grantee: Grantee, data: DataStack): void {
  const partitions = [...DELIVERY_PARTITIONS, ...WEBHOOK_STOP_PARTITIONS];
  data.dataKey.grantEncryptDecrypt(grantee, ['dynamodb', 'sqs']);
  data.dataKey.grantOpenSecrets(grantee);
  data.registryTable.grantPartitions(grantee, 'ReadWebhooks', [WEBHOOKS], 'Query');
  data.workflowTable.grantPartitions(grantee, 'KeepDeliveries', partitions, 'PutItem', 'Query');
  data.workflowTable.grantIndex(grantee, 'FindDueDeliveries', WORKFLOW_INDEX.name, DUE_PARTITIONS);
}

/** Tells a person of what will not be tried again, and of announcements that were never taken in. */
export function watchWebhooks(
  stack: Stack,
  {
    config,
    data,
    alarms,
    functions,
  }: { config: StageConfig; data: DataStack; alarms: Alarms; functions: WebhookFunctions },
): void {
  const source = functions['webhook-sender'];
  alarms.watchLogs('webhooks-failing', [source.logGroup], NEEDS_A_PERSON, PERIOD);
  const { queue } = new FailedEvents(stack, 'FailedAnnouncements', {
    config,
    dataKey: data.dataKey,
    source,
    name: 'webhook-sender',
    holds: 'Announcements that no webhook was told of',
  });
  watchFailedEvents(alarms, queue, 'webhook-sender');
}
