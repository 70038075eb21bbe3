import { describe, expect, it } from 'vitest';
import type { Registry } from '../../lib/app/ports.ts';
import type { Deliveries, Subscriptions } from '../../lib/app/webhooks/ports.ts';
import { Announcement } from '../../lib/contracts/announcements.ts';
import { afterAttempt, type Delivery, newDelivery } from '../../lib/core/webhooks/delivery.ts';
import type { RecordedSubscription } from '../../lib/core/webhooks/subscription.ts';
import { digestOf } from '../support/manifests.ts';
import { anEvent } from '../support/records.ts';
import { announced } from '../support/webhooks.ts';

export interface WebhookTables {
  readonly registry: Pick<Registry, 'apply'>;
  readonly subscriptions: Subscriptions;
  readonly deliveries: Deliveries;
}

const NOW = new Date();
const minutes = (count: number) => new Date(NOW.getTime() + count * 60_000);
const aDelivery = (id: string, minute = 0, webhook = 'siem'): Delivery =>
  newDelivery(webhook, announced(id, minutes(minute)), minutes(minute), 'pending');

function aSubscription(id: string, changes: Partial<RecordedSubscription> = {}): RecordedSubscription {
  return {
    id,
    url: 'https://hooks.example.org/',
    types: [Announcement.released],
    state: 'active',
    secrets: [{ sha256: digestOf('secret'), since: NOW.toISOString(), until: null }],
    revision: 1,
    event: digestOf(`event of ${id}`),
    ...changes,
  };
}

/** What {@link Subscriptions} and {@link Deliveries} promise. */
export function webhooksContract(open: () => Promise<WebhookTables>): void {
  describe('subscriptions', () => {
    it('are told with their secrets, which stay through a change that brings none', async () => {
      const { registry, subscriptions } = await open();
      let events = 0;
      const apply = async (webhook: RecordedSubscription, sealed?: Record<string, string>) =>
        await registry.apply(anEvent(`change ${++events} of a webhook`), [], {
          kind: 'webhook-changed',
          webhook,
          sealed,
        });
      expect(await subscriptions.find('siem')).toBeUndefined();
      const sealed = { [digestOf('secret')]: 'c2VhbGVk' };
      expect(await apply(aSubscription('siem'), sealed)).toBe('committed');
      expect(await apply(aSubscription('siem'), sealed)).toBe('principal-changed');
      const disabled = aSubscription('siem', { state: 'disabled', revision: 2 });
      expect(await apply(disabled)).toBe('committed');
      await apply(aSubscription('archive'));
      expect(await subscriptions.find('siem')).toEqual({ subscription: disabled, sealed });
      expect(await subscriptions.all()).toEqual([
        { subscription: aSubscription('archive'), sealed: {} },
        { subscription: disabled, sealed },
      ]);
    });
  });

  describe('deliveries', () => {
    it('are written once a revision, and are due until they are settled', async () => {
      const { deliveries } = await open();
      const first = aDelivery('r-1');
      expect(await deliveries.save(first)).toBe(true);
      expect(await deliveries.save(first)).toBe(false);
      await deliveries.save(aDelivery('r-2', 1));
      expect(await deliveries.due(minutes(-1), 10)).toEqual([]);
      expect(await deliveries.due(minutes(0), 10)).toEqual([first]);
      expect(await deliveries.due(minutes(1), 1)).toEqual([first]);
      const settled = afterAttempt(first, { at: NOW.toISOString(), status: 204, reason: null }, 0.5);
      expect(await deliveries.save({ ...settled, revision: 3 })).toBe(false);
      expect(await deliveries.save(settled)).toBe(true);
      expect((await deliveries.due(minutes(1), 10)).map(({ message }) => message)).toEqual([aDelivery('r-2').message]);
    });

    it('of one webhook are told newest first in pages, and since a time oldest first', async () => {
      const { deliveries } = await open();
      for (const minute of [2, 1, 3]) await deliveries.save(aDelivery(`r-${minute}`, minute));
      await deliveries.save(aDelivery('r-1', 1, 'another'));
      const first = await deliveries.page('siem', { limit: 2, after: undefined });
      expect(first.deliveries).toEqual([aDelivery('r-3', 3), aDelivery('r-2', 2)]);
      const rest = await deliveries.page('siem', { limit: 2, after: first.next });
      expect(rest).toEqual({ deliveries: [aDelivery('r-1', 1)], next: undefined });
      expect(await deliveries.since('siem', minutes(2).toISOString(), 10)).toEqual([
        aDelivery('r-2', 2),
        aDelivery('r-3', 3),
      ]);
      expect(await deliveries.since('siem', minutes(0).toISOString(), 1)).toEqual([aDelivery('r-1', 1)]);
    });

    it('know of one stop a webhook, the newest', async () => {
      const { deliveries } = await open();
      const stop = { webhook: 'siem', revision: 1, at: NOW.toISOString() };
      await deliveries.stop(stop);
      await deliveries.stop({ ...stop, revision: 2 });
      expect(await deliveries.stops()).toEqual([{ ...stop, revision: 2 }]);
    });
  });
}
