import { Announcement } from '../../contracts/announcements.ts';
import { promotionEvent } from '../../core/announcement.ts';
import { isOver } from '../../core/promotion.ts';
import type { Announcer } from '../announce-waivers.ts';
import { unlessBroken } from '../unless-broken.ts';
import type { Promotions } from './ports.ts';
import { applyStated, type RecordDeps, statePromotion } from './record.ts';
import { changePromotion, requirePromotion } from './state.ts';
import { CONFIRM_WITHIN_MS } from './stop.ts';

export interface ExpireDeps extends RecordDeps {
  readonly promotions: Promotions;
  readonly announcer: Announcer;
}

/**
 * Ends the promotions past the gate that no second person confirmed in time. No execution of theirs runs that could: they have no
 * endpoint, and nobody is asked.
 *
 * Crash anywhere: the next run goes on; one that is confirmed this very moment is left for it, and one that cannot be ended holds
 * up no other.
 *
 * @returns their ids
 */
export async function expireUnconfirmed(deps: ExpireDeps): Promise<readonly string[]> {
  const now = deps.clock();
  const expired: string[] = [];
  for (const { id, kind, requested_at } of await deps.promotions.open(deps.log)) {
    if (kind !== 'break_glass' || now.getTime() - Date.parse(requested_at) <= CONFIRM_WITHIN_MS) continue;
    // What is broken is looked at again tomorrow; what is only busy has the whole run come again.
    if (await unlessBroken(deps.log, { promotion: id }, expire(deps, id, now))) expired.push(id);
  }
  return expired;
}

/** @returns false for one that was confirmed, or ended, since the index was written */
async function expire(deps: ExpireDeps, id: string, now: Date): Promise<boolean> {
  const standing = await requirePromotion(deps.promotions, id);
  if (standing.confirmed_by || isOver(standing)) return false;
  const change = {
    state: standing.abort ? 'cancelled' : 'expired',
    failure: { code: 'not_confirmed', detail: 'no second person confirmed it within an hour' },
    ended_at: now.toISOString(),
  } as const;
  // Announced before the record says so: afterwards no run would find it.
  const promotion = { ...standing, ...change, events: standing.events + 1 };
  const { stated } = await statePromotion(deps, { action: 'promotion-ended', promotion });
  if (stated.action === 'promotion-ended') {
    const told = { stage: deps.stage, time: stated.at };
    await deps.announcer.announce([promotionEvent(Announcement.promotionEnded, stated.promotion, told)]);
  }
  const ended = await applyStated(deps, standing, 'promotion-ended', stated);
  await changePromotion(deps, ended, () => ({ settled: true }));
  return true;
}
