import { PromotionError } from '../../contracts/promotion.ts';
import type { Ask, Change, Promotion } from '../../core/promotion.ts';
import type { Tokens, Waits } from '../promotion/ports.ts';
import { announceReopened, type ReopenDeps, reopenPromotion } from '../promotion/reopen.ts';
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
 * Crash before the waits are ended: {@link finishAskingAnew} ends them, or the next reminder, which meets a round that is over.
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
  await endWaits(deps, asks);
}

/** What a run that died left to do of {@link askAnew}: its round has begun, and people are waited for in the one before. */
export async function finishAskingAnew(deps: AskAnewDeps, promotion: Promotion, asks: readonly Ask[]): Promise<void> {
  const left = asks.filter(({ round }) => round < promotion.round);
  if (promotion.state !== 'evaluating' || promotion.abort || !left.some(isWaitedFor)) return;
  await announceReopened(deps, promotion);
  await endWaits(deps, left);
}

async function endWaits({ tokens, waits }: Pick<AskAnewDeps, 'tokens' | 'waits'>, asks: readonly Ask[]): Promise<void> {
  for (const ask of asks.filter(isWaitedFor)) {
    await waits.fail(await tokens.open(ask.token, tokenContext(ask)), PromotionError.changed);
  }
}

function isWaitedFor(ask: Ask): ask is Ask & { readonly token: string } {
  return ask.state === 'asked' && ask.token !== null;
}
