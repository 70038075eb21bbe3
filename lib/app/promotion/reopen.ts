import { Announcement } from '../../contracts/announcements.ts';
import { promotionEvent } from '../../core/announcement.ts';
import { type Change, isBeforeDeployment, type Promotion } from '../../core/promotion.ts';
import type { Announcer } from '../announce-waivers.ts';
import { changeByEvent, type RecordDeps } from './record.ts';
import { changePromotion, conflict, type PromotionStateDeps } from './state.ts';

export interface ReopenDeps extends RecordDeps, PromotionStateDeps {
  readonly announcer: Announcer;
}

/**
 * Has what was let through before now deployed no more: whoever is about to deploy, or judges it this moment, asks the gate again.
 *
 * @throws DomainError PROMOTION_STATE_CONFLICT when something is deployed already
 */
export async function withholdRelease(deps: PromotionStateDeps, promotion: Promotion): Promise<Promotion> {
  return await changePromotion(deps, promotion, (now) => {
    if (!isBeforeDeployment(now)) throw conflict(now);
    // Written though it is null: a gate that is about to conclude must meet another revision.
    return { release_decision: null };
  });
}

/**
 * Asks people anew, and says why: the next round begins. Whoever waits for an answer must be told by the caller.
 *
 * @throws DomainError PROMOTION_STATE_CONFLICT when something is deployed already
 */
export async function reopenPromotion(
  deps: ReopenDeps,
  read: Promotion,
  changes: readonly Change[],
): Promise<Promotion> {
  const promotion = await withholdRelease(deps, read);
  // Begun by somebody else since it was read.
  if (promotion.round !== read.round) return promotion;
  const reopened = await changeByEvent(deps, promotion, 'promotion-reopened', {
    state: 'evaluating',
    round: promotion.round + 1,
    changes: changes.slice(0, MAX_CHANGES),
  });
  await announceReopened(deps, reopened);
  return reopened;
}

/** Tells of the round that a promotion is in. May be told again: it is one piece of news. */
export async function announceReopened(
  deps: Pick<ReopenDeps, 'announcer' | 'stage' | 'clock'>,
  reopened: Promotion,
): Promise<void> {
  const told = { stage: deps.stage, time: deps.clock().toISOString(), news: String(reopened.round) };
  await deps.announcer.announce([promotionEvent(Announcement.promotionReopened, reopened, told)]);
}

/** As many as people read; each is evidence on its own. */
const MAX_CHANGES = 50;
