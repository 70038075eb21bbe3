import { createHmac } from 'node:crypto';
import * as z from 'zod/mini';
import { sha256Hex } from '../digest.ts';
import { DAY_MS } from '../time.ts';

/** As far as what is announced is looked into here; the whole of it is sent on as it came. */
export const AnnouncedSchema = z.looseObject({
  specversion: z.literal('1.0'),
  id: z.string(),
  source: z.string(),
  type: z.string(),
  subject: z.exactOptional(z.string()),
  time: z.iso.datetime(),
});
export type Announced = z.output<typeof AnnouncedSchema>;

/** One announcement on its way to one webhook. */
export const DeliverySchema = z.object({
  webhook: z.string(),
  /** `webhook-id` of every attempt. */
  message: z.string(),
  type: z.string(),
  /** When it was announced. */
  time: z.string(),
  /** The CloudEvent, as it is sent. */
  body: z.string(),
  /** `held`: nothing is tried while the webhook is disabled, or has said that it is gone. `failed`: given up. */
  state: z.enum(['pending', 'delivered', 'held', 'failed']),
  /** Those that were made. */
  attempts: z.number(),
  /** When the next attempt is due; only while it is pending. */
  due: z.nullable(z.string()),
  /** How the last attempt ended. */
  last: z.nullable(
    z.object({
      at: z.string(),
      /** What was answered; null when nothing was. */
      status: z.nullable(z.number()),
      reason: z.nullable(z.enum(['address_refused', 'unresolved', 'unreachable', 'timed_out', 'no_secret'])),
    }),
  ),
  revision: z.number(),
});
export type Delivery = z.output<typeof DeliverySchema>;
export type Attempt = NonNullable<Delivery['last']>;

/** How long deliveries are kept, and may be replayed. */
export const KEPT_DAYS = 30;

/** When a delivery is forgotten, in seconds of the epoch. */
export function expiresAt({ time }: Delivery): number {
  return Math.floor((Date.parse(time) + KEPT_DAYS * DAY_MS) / 1000);
}

/** A new delivery, due at once, or held. */
export function newDelivery(webhook: string, event: Announced, now: Date, state: 'pending' | 'held'): Delivery {
  return {
    webhook,
    message: messageId(event),
    type: event.type,
    time: new Date(event.time).toISOString(),
    body: JSON.stringify(event),
    state,
    attempts: 0,
    due: state === 'pending' ? now.toISOString() : null,
    last: null,
    revision: 1,
  };
}

/**
 * Standard Webhooks wants an id without a dot. The same event has the same one however often it is announced: source and id
 * tell CloudEvents apart.
 */
function messageId({ source, id }: Announced): string {
  return `msg_${sha256Hex(`${source}\n${id}`)}`;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Standard Webhooks, "Retry schedule": how long after each failed attempt the next one is due. Three days and some hours in all. */
const PAUSES_MS = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

/** Pauses vary by so much, so that what failed together does not come back together. */
const JITTER = 0.1;

/**
 * A delivery after an attempt.
 *
 * @param chance - from 0 to 1
 */
export function afterAttempt(delivery: Delivery, last: Attempt, chance: number): Delivery {
  const attempts = delivery.attempts + 1;
  const next = { ...delivery, attempts, last, due: null, revision: delivery.revision + 1 };
  if (last.status !== null && last.status >= 200 && last.status < 300) return { ...next, state: 'delivered' };
  if (last.status === GONE) return { ...next, state: 'held' };
  const pause = PAUSES_MS[delivery.attempts];
  if (pause === undefined) return { ...next, state: 'failed' };
  const due = Date.parse(last.at) + pause * (1 + JITTER * (2 * chance - 1));
  return { ...next, state: 'pending', due: new Date(due).toISOString() };
}

/** By which a consumer says that it wants nothing more. */
export const GONE = 410;

/** How Standard Webhooks writes secrets. */
export function secretText(bytes: Uint8Array): string {
  return `whsec_${Buffer.from(bytes).toString('base64')}`;
}

/**
 * The headers of one attempt (Standard Webhooks, "Signature scheme"): one `v1` signature, HMAC-SHA256, a secret, so that
 * whoever checks with the old one or the new one finds theirs.
 */
export function signedHeaders(
  { message, body }: Pick<Delivery, 'message' | 'body'>,
  secrets: readonly string[],
  at: Date,
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const sign = (secret: string) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    return `v1,${createHmac('sha256', key).update(`${message}.${timestamp}.${body}`).digest('base64')}`;
  };
  return {
    'content-type': 'application/cloudevents+json; charset=utf-8',
    'webhook-id': message,
    'webhook-timestamp': timestamp,
    'webhook-signature': secrets.map(sign).join(' '),
  };
}
