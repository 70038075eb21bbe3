import * as z from 'zod/mini';
import { dynamoDeliveries } from '../adapters/dynamodb/deliveries.ts';
import { dynamoSubscriptions } from '../adapters/dynamodb/subscriptions.ts';
import { poster } from '../adapters/https/poster.ts';
import { kmsTokens } from '../adapters/kms/tokens.ts';
import { type DeliverDeps, deliverAnnounced, sweep } from '../app/webhooks/deliver.ts';
import { EVENT_SOURCE } from '../contracts/announcements.ts';
import { Env } from '../contracts/env.ts';
import { AnnouncedSchema } from '../core/webhooks/delivery.ts';
import { dynamo, kms, log, sleep } from './composition.ts';
import { required, sendsToLoopback } from './environment.ts';

export function webhookSenderDeps(): DeliverDeps {
  const client = dynamo();
  const loopback = sendsToLoopback();
  return {
    subscriptions: dynamoSubscriptions(client, required(Env.REGISTRY_TABLE)),
    deliveries: dynamoDeliveries(client, required(Env.WORKFLOW_TABLE)),
    secrets: kmsTokens(kms(), required(Env.DATA_KEY_ARN)),
    poster: poster({ loopback }),
    clock: () => new Date(),
    sleep,
    log,
    chance: Math.random,
    loopback,
  };
}

/** What EventBridge hands over: something that was announced, or the tick of the schedule. */
const EventSchema = z.union([
  z.looseObject({ source: z.literal(EVENT_SOURCE), detail: AnnouncedSchema }),
  z.looseObject({ source: z.literal('aws.events') }),
]);

/** @returns how many deliveries were due; of an announcement nothing */
export async function sendWebhooks(deps: DeliverDeps, event: unknown): Promise<{ readonly due?: number }> {
  const parsed = EventSchema.parse(event);
  if (parsed.source === 'aws.events') return { due: await sweep(deps) };
  await deliverAnnounced(deps, parsed.detail);
  return {};
}
