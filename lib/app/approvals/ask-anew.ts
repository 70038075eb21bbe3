import { PromotionError } from '../../contracts/promotion.ts';
import type { Ask, Change, Promotion } from '../../core/promotion.ts';
import type { Tokens, Waits } from '../promotion/ports.ts';
import { type ReopenDeps, reopenPromotion } from '../promotion/reopen.ts';
import { unlessConflict } from '../promotion/state.ts';
import { tokenContext } from './record.ts';

export interface AskAnewDeps extends ReopenDeps {
  readonly tokens: Pick<Tokens, 'open'>;
  readonly waits: Pick<Waits, 'fail'>;
}

/**
 * Has everybody asked anew, with the reason: begins the next round, and ends the waits for answers in this one. A promotion that
 * is not waiting for people is left alone: its gate sees for itself what has changed.
 *
 * Crash before the waits are ended: the first answer, or reminder, meets a round that is over, and ends its wait so.
 */
export async function askAnew(
  deps: AskAnewDeps,
  promotion: Promotion,
  asks: readonly Ask[],
  changes: readonly Change[],
): Promise<void> {
  if (promotion.state !== 'awaiting_approval' || promotion.abort) return;
  // It may have begun to deploy since it was read.
  if (!(await unlessConflict(reopenPromotion(deps, promotion, changes)))) return;
  for (const ask of asks) {
    if (ask.state !== 'asked' || ask.token === null) continue;
    await deps.waits.fail(await deps.tokens.open(ask.token, tokenContext(ask)), PromotionError.changed);
  }
}
