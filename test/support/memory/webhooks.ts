import type { RegistryChange } from '../../../lib/app/ports.ts';
import type { Deliveries, Stop, Subscribed, Subscriptions } from '../../../lib/app/webhooks/ports.ts';
import type { Delivery } from '../../../lib/core/webhooks/delivery.ts';
import type { RecordedSubscription, SealedSecrets } from '../../../lib/core/webhooks/subscription.ts';
import { InvariantBroken, type Steps } from './steps.ts';

/** The webhooks of the registry table. */
export class MemorySubscriptions implements Subscriptions {
  readonly records = new Map<string, RecordedSubscription>();
  readonly sealed = new Map<string, SealedSecrets>();
  readonly #steps: Steps;

  constructor(steps: Steps) {
    this.#steps = steps;
  }

  readonly all: Subscriptions['all'] = () =>
    this.#steps.read(() =>
      structuredClone(
        [...this.records.values()]
          .toSorted((a, b) => (a.id < b.id ? -1 : 1))
          .map((subscription): Subscribed => ({ subscription, sealed: this.sealed.get(subscription.id) ?? {} })),
      ),
    );

  readonly find: Subscriptions['find'] = async (id) =>
    (await this.all()).find(({ subscription }) => subscription.id === id);

  fits({ id, revision }: RecordedSubscription): boolean {
    return (this.records.get(id)?.revision ?? 0) === revision - 1;
  }

  write({ webhook, sealed }: Extract<RegistryChange, { kind: 'webhook-changed' }>): void {
    this.records.set(webhook.id, structuredClone(webhook));
    if (sealed) this.sealed.set(webhook.id, structuredClone(sealed));
  }
}

/** The deliveries of the workflow table: revisions only count up. */
export class MemoryDeliveries implements Deliveries {
  readonly items = new Map<string, Delivery>();
  readonly #stops = new Map<string, Stop>();
  readonly #steps: Steps;

  constructor(steps: Steps) {
    this.#steps = steps;
  }

  readonly save: Deliveries['save'] = (delivery) =>
    this.#steps.take('save-delivery', () => {
      const key = keyOf(delivery);
      const standing = this.items.get(key);
      if ((standing?.revision ?? 0) !== delivery.revision - 1) return false;
      if (standing && standing.body !== delivery.body) throw new InvariantBroken(`${key} changes what it delivers`);
      if ((delivery.due === null) === (delivery.state === 'pending')) {
        throw new InvariantBroken(`${key} is ${delivery.state} and due ${delivery.due}`);
      }
      this.items.set(key, structuredClone(delivery));
      return true;
    });

  readonly due: Deliveries['due'] = (at, limit) =>
    this.#steps.read(() =>
      structuredClone(
        [...this.items.values()]
          .filter(({ due }) => due !== null && due <= at.toISOString())
          .toSorted((a, b) => ((a.due ?? '') < (b.due ?? '') ? -1 : 1))
          .slice(0, limit),
      ),
    );

  readonly page: Deliveries['page'] = (webhook, { limit, after }) =>
    this.#steps.read(() => {
      const left = this.#of(webhook)
        .toReversed()
        .filter((one) => after === undefined || sortKeyOf(one) < after);
      const deliveries = left.slice(0, limit);
      const last = deliveries.at(-1);
      return { deliveries, next: last && left.length >= limit ? sortKeyOf(last) : undefined };
    });

  readonly since: Deliveries['since'] = (webhook, time, limit) =>
    this.#steps.read(() =>
      this.#of(webhook)
        .filter((one) => one.time >= time)
        .slice(0, limit),
    );

  readonly stop: Deliveries['stop'] = (stop) =>
    this.#steps.take('stop-webhook', () => void this.#stops.set(stop.webhook, { ...stop }));

  readonly stops: Deliveries['stops'] = () => this.#steps.read(() => [...this.#stops.values()]);

  #of(webhook: string): Delivery[] {
    const own = [...this.items.values()].filter((one) => one.webhook === webhook);
    return structuredClone(own.toSorted((a, b) => (sortKeyOf(a) < sortKeyOf(b) ? -1 : 1)));
  }
}

const sortKeyOf = ({ time, message }: Delivery): string => `${time}#${message}`;
const keyOf = (delivery: Delivery): string => `${delivery.webhook} ${sortKeyOf(delivery)}`;
