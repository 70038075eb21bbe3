import { randomBytes } from 'node:crypto';
import { dynamoDeliveries } from '../adapters/dynamodb/deliveries.ts';
import { dynamoSubscriptions } from '../adapters/dynamodb/subscriptions.ts';
import { kmsTokens } from '../adapters/kms/tokens.ts';
import { addWebhook, changeWebhook, requireSubscription, rotateSecret } from '../app/webhooks/manage-webhooks.ts';
import { replay } from '../app/webhooks/replay.ts';
import { Env } from '../contracts/env.ts';
import { parseWith } from '../core/schema.ts';
import { AddWebhookSchema, ChangeWebhookSchema, ReplaySchema, WebhookIdSchema } from '../core/webhooks/subscription.ts';
import { changedAnswer, cursorOf, paging } from './answers.ts';
import { countersignDeps, kms, tableConfig, tables } from './composition.ts';
import { required, sendsToLoopback } from './environment.ts';
import { jsonBody, type Request, type RouteTable } from './http.ts';

/** Standard Webhooks wants 24 to 64. */
const SECRET_BYTES = 32;

/** Where announcements are sent, and what became of them. Secrets are told by the call that makes them, and by no other. */
export function webhookRoutes(): RouteTable {
  const config = tableConfig();
  const client = kms();
  const deps = {
    ...countersignDeps(client),
    registry: tables(config).registry,
    subscriptions: dynamoSubscriptions(config.client, config.registryTable),
    deliveries: dynamoDeliveries(config.client, required(Env.WORKFLOW_TABLE)),
    secrets: kmsTokens(client, required(Env.DATA_KEY_ARN)),
    newSecret: () => randomBytes(SECRET_BYTES),
    loopback: sendsToLoopback(),
  };
  return {
    'POST /v1/webhooks': async (request) =>
      changedAnswer(await addWebhook(deps, jsonBody(AddWebhookSchema, request), request.caller)),
    'POST /v1/webhooks/{id}': async (request) =>
      changedAnswer(
        await changeWebhook(deps, idParameter(request), jsonBody(ChangeWebhookSchema, request), request.caller),
      ),
    'POST /v1/webhooks/{id}/rotate': async (request) =>
      changedAnswer(await rotateSecret(deps, idParameter(request), request.caller)),
    'POST /v1/webhooks/{id}/replay': async (request) => ({
      status: 200,
      body: await replay(deps, idParameter(request), jsonBody(ReplaySchema, request).since),
    }),
    'GET /v1/webhooks': async () => ({
      status: 200,
      body: { webhooks: (await deps.subscriptions.all()).map(({ subscription }) => subscription) },
    }),
    'GET /v1/webhooks/{id}': async (request) => {
      const { subscription } = await requireSubscription(deps.subscriptions, idParameter(request));
      const stops = await deps.deliveries.stops();
      const gone = stops.find(
        ({ webhook, revision }) => webhook === subscription.id && revision === subscription.revision,
      );
      return { status: 200, body: { ...subscription, gone_at: gone?.at ?? null } };
    },
    'GET /v1/webhooks/{id}/deliveries': async (request) => {
      const { subscription } = await requireSubscription(deps.subscriptions, idParameter(request));
      const { deliveries, next } = await deps.deliveries.page(subscription.id, paging(request, DELIVERY));
      return { status: 200, body: { deliveries, next: cursorOf(next) } };
    },
  };
}

/** How the sort keys of deliveries look. */
const DELIVERY = /^[0-9T:.Z-]{24}#msg_[0-9a-f]{64}$/;

function idParameter(request: Request): string {
  return parseWith(WebhookIdSchema, request.path.id, 'REQUEST_INVALID');
}
