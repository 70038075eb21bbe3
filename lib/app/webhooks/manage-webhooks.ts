import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import type { WebhookEvent } from '../../core/events.ts';
import { DAY_MS } from '../../core/time.ts';
import { secretText } from '../../core/webhooks/delivery.ts';
import {
  type AddWebhook,
  type ChangeWebhook,
  type SealedSecrets,
  type Subscription,
  secretContext,
  webhookUrl,
} from '../../core/webhooks/subscription.ts';
import { type CountersignDeps, requireEvidenceKey } from '../countersign.ts';
import { type Changed, commitChange, registryChange } from '../manage-registry.ts';
import { originOf } from '../origin.ts';
import type { Registry } from '../ports.ts';
import type { Tokens } from '../promotion/ports.ts';
import { storeEvent } from '../record-event.ts';
import type { Caller } from '../submit-evidence.ts';
import type { Subscribed, Subscriptions } from './ports.ts';

export interface WebhookDeps extends CountersignDeps {
  readonly registry: Pick<Registry, 'evidenceKey' | 'evidenceKeys' | 'apply'>;
  readonly subscriptions: Pick<Subscriptions, 'find'>;
  readonly secrets: Pick<Tokens, 'seal'>;
  /** 32 random bytes. */
  readonly newSecret: () => Uint8Array;
  /** Whether this deployment sends to its own machine. */
  readonly loopback: boolean;
}

/** A subscription, and a secret that nobody is ever told again. */
export interface WithSecret extends Subscription {
  readonly secret: string;
}

/** How long a secret goes on signing beside its successor. */
const OVERLAP_MS = DAY_MS;

/** @throws DomainError NOT_FOUND */
export async function requireSubscription(subscriptions: Pick<Subscriptions, 'find'>, id: string): Promise<Subscribed> {
  const found = await subscriptions.find(id);
  if (found) return found;
  throw new DomainError('NOT_FOUND', `there is no webhook ${id}`, { hint: '`countersign webhook list` shows all' });
}

/**
 * Begins to send announcements somewhere. The secret is told once: where the answer is lost, it is rotated.
 *
 * @throws DomainError WEBHOOK_EXISTS
 */
export async function addWebhook(
  deps: WebhookDeps,
  { id, url, types }: AddWebhook,
  by: Caller,
): Promise<Changed<WithSecret>> {
  const known = await deps.subscriptions.find(id);
  if (known) {
    throw new DomainError('WEBHOOK_EXISTS', `the webhook ${id} sends to ${known.subscription.url}`, {
      pointer: '/id',
      hint: 'change it; a secret that was lost is rotated',
    });
  }
  const made = await newSecret(deps, id);
  const subscription: Subscription = {
    id,
    url: webhookUrl(url, deps.loopback).href,
    types,
    state: 'active',
    secrets: [{ sha256: made.sha256, since: deps.clock().toISOString(), until: null }],
    revision: 1,
  };
  const event = await record(deps, 'webhook-added', subscription, { [made.sha256]: made.sealed }, by);
  return { created: true, value: { ...subscription, secret: made.secret }, event };
}

/**
 * Changes where or what is sent, or whether. A consumer that said it was gone is sent to again from then on.
 *
 * @throws DomainError REVISION_CONFLICT
 */
export async function changeWebhook(
  deps: WebhookDeps,
  id: string,
  { revision, url, ...changes }: ChangeWebhook,
  by: Caller,
): Promise<Changed<Subscription>> {
  const { subscription, sealed } = await requireSubscription(deps.subscriptions, id);
  if (revision !== subscription.revision) {
    throw new DomainError('REVISION_CONFLICT', `the webhook ${id} is at revision ${subscription.revision}`, {
      pointer: '/revision',
    });
  }
  const { event: _event, ...standing } = subscription;
  const href = url === undefined ? standing.url : webhookUrl(url, deps.loopback).href;
  const value: Subscription = { ...standing, ...changes, url: href, revision: revision + 1 };
  return { created: false, value, event: await record(deps, 'webhook-changed', value, sealed, by) };
}

/** A new secret. The one before signs beside it for a day, so that the consumer changes when it likes; older ones end at once. */
export async function rotateSecret(deps: WebhookDeps, id: string, by: Caller): Promise<Changed<WithSecret>> {
  const { subscription, sealed } = await requireSubscription(deps.subscriptions, id);
  const { event: _event, ...standing } = subscription;
  const now = deps.clock();
  const until = new Date(now.getTime() + OVERLAP_MS).toISOString();
  const made = await newSecret(deps, id);
  const before = standing.secrets.slice(-1).map((secret) => ({ ...secret, until }));
  const value: Subscription = {
    ...standing,
    secrets: [...before, { sha256: made.sha256, since: now.toISOString(), until: null }],
    revision: standing.revision + 1,
  };
  const kept = Object.entries(sealed).filter(([sha256]) => before.some((secret) => secret.sha256 === sha256));
  const all = { ...Object.fromEntries(kept), [made.sha256]: made.sealed };
  const event = await record(deps, 'webhook-secret-rotated', value, all, by);
  return { created: false, value: { ...value, secret: made.secret }, event };
}

async function newSecret(deps: WebhookDeps, id: string) {
  const secret = secretText(deps.newSecret());
  return { secret, sha256: sha256Hex(secret), sealed: await deps.secrets.seal(secret, secretContext(id)) };
}

/**
 * Crash after the event: the next change commits it first, without the secret that went with the crash. Nothing is signed with
 * one that does not lie in the table, so a rotation mends it.
 */
async function record(
  deps: WebhookDeps,
  action: WebhookEvent['action'],
  webhook: Subscription,
  sealed: SealedSecrets,
  by: Caller,
): Promise<string> {
  const key = requireEvidenceKey(await deps.registry.evidenceKey(), deps.signer);
  const wanted: WebhookEvent = { ...originOf(deps, by), action, revision: webhook.revision, webhook };
  const event = await storeEvent(deps, wanted, webhookDigest(webhook.id), key);
  if (!('webhook' in event.body)) {
    throw new DomainError('INTEGRITY_FAILURE', 'another kind of event lies among those of a webhook');
  }
  const made = registryChange(event.body, undefined, event.record.sha256);
  const change = made.kind === 'webhook-changed' && !event.resumed ? { ...made, sealed } : made;
  return await commitChange(deps.registry, event, change);
}

/** A subscription has no bytes; its id under a digest makes it a subject that can be looked up. */
function webhookDigest(id: string): string {
  return sha256Hex(`countersign-webhook/v1\n${id}\n`);
}
