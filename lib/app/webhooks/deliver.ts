import { DomainError } from '../../core/errors.ts';
import {
  type Announced,
  type Attempt,
  afterAttempt,
  type Delivery,
  GONE,
  newDelivery,
  signedHeaders,
} from '../../core/webhooks/delivery.ts';
import { type Subscription, secretContext, webhookUrl } from '../../core/webhooks/subscription.ts';
import type { Clock, Log, Sleep } from '../ports.ts';
import type { Tokens } from '../promotion/ports.ts';
import type { Deliveries, Poster, Stop, Subscribed, Subscriptions } from './ports.ts';

export interface DeliverDeps {
  readonly subscriptions: Pick<Subscriptions, 'all'>;
  readonly deliveries: Pick<Deliveries, 'save' | 'due' | 'stop' | 'stops'>;
  readonly secrets: Pick<Tokens, 'open'>;
  readonly poster: Poster;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly log: Log;
  /** From 0 to 1. */
  readonly chance: () => number;
  /** Whether this deployment sends to its own machine. */
  readonly loopback: boolean;
}

/** Attempts at the same time. */
const SENDERS = 10;

/** Deliveries of one sweep; the rest is due a minute later as well. */
const SWEPT = 100;

/** Longer than one attempt: a delivery whose sender died is due again after it. */
const LEASE_MS = 60_000;

/** What is due so soon is waited for; the rest is for the sweep. */
const SOON_MS = 10_000;

/**
 * Takes in what was announced, for each webhook that wants it, and makes the first attempts.
 *
 * Crash anywhere: Lambda runs it again, and what was taken in is not taken in twice; the sweep finds what is due.
 */
export async function deliverAnnounced(deps: DeliverDeps, event: Announced): Promise<void> {
  const wanted = (await standing(deps)).filter(({ subscription }) =>
    subscription.types.some((type) => type === event.type),
  );
  const taken: Delivery[] = [];
  for (const one of wanted) {
    const delivery = newDelivery(one.subscription.id, event, deps.clock(), isOpen(one) ? 'pending' : 'held');
    if ((await deps.deliveries.save(delivery)) && delivery.state === 'pending') taken.push(delivery);
  }
  await sendAll(deps, wanted, taken);
}

/** Makes the attempts that are due. Started every minute; two that run at once share the work. */
export async function sweep(deps: DeliverDeps): Promise<number> {
  const due = await deps.deliveries.due(deps.clock(), SWEPT);
  if (due.length > 0) await sendAll(deps, await standing(deps), due);
  return due.length;
}

interface Standing extends Subscribed {
  readonly stop: Stop | undefined;
}

async function standing({ subscriptions, deliveries }: DeliverDeps): Promise<readonly Standing[]> {
  const all = await subscriptions.all();
  // Where nobody listens, what is announced costs one read.
  if (all.length === 0) return [];
  const stops = await deliveries.stops();
  return all.map((one) => ({ ...one, stop: stops.find(({ webhook }) => webhook === one.subscription.id) }));
}

function isOpen({ subscription: { state, revision }, stop }: Standing): boolean {
  return state === 'active' && stop?.revision !== revision;
}

async function sendAll(deps: DeliverDeps, known: readonly Standing[], due: readonly Delivery[]): Promise<void> {
  let left = due;
  while (left.length > 0) {
    const again: Delivery[] = [];
    for (let start = 0; start < left.length; start += SENDERS) {
      const wave = left.slice(start, start + SENDERS);
      const settled = await Promise.all(wave.map(async (delivery) => await send(deps, known, delivery)));
      again.push(...settled.flatMap((delivery) => delivery ?? []));
    }
    const until = deps.clock().getTime() + SOON_MS;
    left = again.filter((delivery) => delivery.due !== null && Date.parse(delivery.due) <= until);
    const next = Math.max(0, ...left.map(({ due: at }) => Date.parse(at ?? '') - deps.clock().getTime()));
    if (left.length > 0) await deps.sleep(next);
  }
}

/** @returns the delivery as it stands after the attempt; undefined when none was made, or another sender has it */
async function send(deps: DeliverDeps, known: readonly Standing[], delivery: Delivery): Promise<Delivery | undefined> {
  const target = known.find(({ subscription }) => subscription.id === delivery.webhook);
  if (!target || !isOpen(target)) {
    await deps.deliveries.save({ ...delivery, state: 'held', due: null, revision: delivery.revision + 1 });
    return undefined;
  }
  const lease = new Date(deps.clock().getTime() + LEASE_MS).toISOString();
  const claimed: Delivery = { ...delivery, due: lease, revision: delivery.revision + 1 };
  if (!(await deps.deliveries.save(claimed))) return undefined;
  const outcome = await attempt(deps, target, claimed);
  if (!outcome) return undefined;
  const settled = afterAttempt(claimed, { ...outcome, at: deps.clock().toISOString() }, deps.chance());
  const { id, revision } = target.subscription;
  // Before the delivery is settled: a crash in between makes one attempt more, and the stop is never lost.
  if (outcome.status === GONE) await deps.deliveries.stop({ webhook: id, revision, at: deps.clock().toISOString() });
  await deps.deliveries.save(settled);
  report(deps.log, settled, outcome);
  return settled;
}

/**
 * @returns undefined when secrets cannot be opened just now. That is our fault, and costs the webhook no attempt: the delivery is
 * due again when its lease ends, as where a sender died
 */
async function attempt(
  deps: DeliverDeps,
  { subscription, sealed }: Subscribed,
  delivery: Delivery,
): Promise<Pick<Attempt, 'status' | 'reason'> | undefined> {
  const now = deps.clock();
  const secrets = await openSecrets(deps, subscription, sealed, now);
  if (!secrets) return undefined;
  if (secrets.length === 0) return { status: null, reason: 'no_secret' };
  let url: URL;
  try {
    // Again: the table is no proof that the API let it in.
    url = webhookUrl(subscription.url, deps.loopback);
  } catch (error) {
    if (error instanceof DomainError) return { status: null, reason: 'address_refused' };
    throw error;
  }
  return await deps.poster.post(url, signedHeaders(delivery, secrets, now), delivery.body);
}

/**
 * Those that are in use now, the newest first. One that does not open holds up no other, and no other webhook.
 *
 * @returns undefined when that cannot be told now
 */
async function openSecrets(
  { secrets: seals, log }: DeliverDeps,
  { id: webhook, secrets }: Subscription,
  sealed: Subscribed['sealed'],
  now: Date,
): Promise<readonly string[] | undefined> {
  const inUse = secrets.filter(({ until }) => until === null || now.toISOString() < until).toReversed();
  const opened: string[] = [];
  for (const text of inUse.flatMap(({ sha256 }) => sealed[sha256] ?? [])) {
    try {
      opened.push(await seals.open(text, secretContext(webhook)));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      log.warn('webhook-secret-unopened', { webhook, code: error.code });
      if (error.retryAfterMs !== undefined) return undefined;
    }
  }
  return opened;
}

/** An alarm counts the lines of webhooks that need a person. Never the URL's path, the body, or a signature. */
function report(log: Log, { webhook, message, type, state, attempts }: Delivery, outcome: object): void {
  const fields = { webhook, delivery: message, type, attempts, ...outcome };
  if (state === 'delivered') log.info('webhook-delivered', fields);
  else if (state === 'pending') log.info('webhook-failed', fields);
  else log.warn(state === 'held' ? 'webhook-gone' : 'webhook-given-up', fields);
}
