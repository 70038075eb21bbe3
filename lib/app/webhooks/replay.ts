import type { Clock } from '../ports.ts';
import { requireSubscription } from './manage-webhooks.ts';
import type { Deliveries, Subscriptions } from './ports.ts';

export interface ReplayDeps {
  readonly subscriptions: Pick<Subscriptions, 'find'>;
  readonly deliveries: Pick<Deliveries, 'save' | 'since'>;
  readonly clock: Clock;
}

/** What one call makes due again. */
const MAX_REPLAYED = 500;

export interface Replayed {
  readonly replayed: number;
  /** Where to go on from, when there is more than one call takes. */
  readonly next: string | null;
}

/**
 * Makes everything due again that was announced since a time, whatever became of it: what was delivered is sent again under
 * its id, by which consumers tell.
 */
export async function replay(
  { subscriptions, deliveries, clock }: ReplayDeps,
  id: string,
  since: string,
): Promise<Replayed> {
  await requireSubscription(subscriptions, id);
  const found = await deliveries.since(id, since, MAX_REPLAYED + 1);
  const some = found.slice(0, MAX_REPLAYED);
  let replayed = 0;
  for (const delivery of some) {
    const due = clock().toISOString();
    const again = { ...delivery, state: 'pending', attempts: 0, due, revision: delivery.revision + 1 } as const;
    // One that is changed at this moment is being sent.
    if (await deliveries.save(again)) replayed++;
  }
  return { replayed, next: found[MAX_REPLAYED]?.time ?? null };
}
