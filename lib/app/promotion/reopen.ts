import { Announcement } from '../../contracts/announcements.ts';
import { promotionEvent } from '../../core/announcement.ts';
import type { Change, Promotion } from '../../core/promotion.ts';
import type { Announcer } from '../announce-waivers.ts';
import { changeByEvent, type RecordDeps } from './record.ts';
import type { PromotionStateDeps } from './state.ts';

export interface ReopenDeps extends RecordDeps, PromotionStateDeps {
  readonly announcer: Announcer;
}

/** Asks people anew, and says why: the next round begins. Whoever waits for an answer must be told by the caller. */
export async function reopenPromotion(
  deps: ReopenDeps,
  promotion: Promotion,
  changes: readonly Change[],
): Promise<Promotion> {
  const reopened = await changeByEvent(deps, promotion, 'promotion-reopened', {
    state: 'evaluating',
    round: promotion.round + 1,
    changes: changes.slice(0, MAX_CHANGES),
  });
  const news = String(reopened.round);
  const told = { stage: deps.stage, time: deps.clock().toISOString(), news };
  await deps.announcer.announce([promotionEvent(Announcement.promotionReopened, reopened, told)]);
  return reopened;
}

/** As many as people read; each is evidence on its own. */
const MAX_CHANGES = 50;
