import { PromotionError, TOKEN_PURPOSE } from '../../contracts/promotion.ts';
import { type Abort, isBeforeDeployment, isOver, type Promotion } from '../../core/promotion.ts';
import { tokenContext } from '../approvals/record.ts';
import type { Endpoints, Promotions, Tokens, Waits } from './ports.ts';
import { changePromotion, type PromotionStateDeps } from './state.ts';

export interface AbortDeps extends PromotionStateDeps {
  readonly promotions: Promotions;
  readonly endpoints: Endpoints;
  readonly tokens: Tokens;
  readonly waits: Waits;
}

/** Context that the token of a wait for an endpoint is sealed in. */
export function queueContext(promotion: string): Readonly<Record<string, string>> {
  return { purpose: TOKEN_PURPOSE, promotion, waits_for: 'endpoint' };
}

/**
 * Notes that a promotion shall not go on, and ends what it waits for. Who is about to act sees the note at the next step, or
 * poll; the first note stays. One that deploys is neither cancelled nor superseded any more.
 *
 * Crash after the note: a wait that goes on. The same call again ends it.
 *
 * @returns the promotion as it stands afterwards
 */
export async function abortPromotion(
  deps: AbortDeps,
  promotion: Promotion,
  abort: Omit<Abort, 'at'>,
): Promise<Promotion> {
  const takesBack = abort.cause === 'emergency_rollback' || abort.cause === 'integrity';
  const noted = await changePromotion(deps, promotion, (now) =>
    now.abort || isOver(now) || !(takesBack || isBeforeDeployment(now))
      ? undefined
      : { abort: { ...abort, at: deps.clock().toISOString() } },
  );
  if (noted.abort && !isOver(noted)) {
    if (noted.state === 'waiting_for_endpoint') await endQueueing(deps, noted, noted.abort);
    else await endAsks(deps, noted.id, noted.abort);
  }
  return noted;
}

/** Ends a wait as the note says. That nobody waits by the token any more is no error. */
export async function endWait({ waits }: Pick<AbortDeps, 'waits'>, token: string, { cause }: Abort): Promise<void> {
  await waits.fail(token, cause === 'superseded' ? PromotionError.superseded : PromotionError.cancelled);
}

async function endQueueing(deps: AbortDeps, { id, endpoint }: Promotion, abort: Abort): Promise<void> {
  const { waiting } = await deps.endpoints.find(endpoint);
  const token = waiting.find(({ promotion }) => promotion === id)?.token;
  if (token) await endWait(deps, await deps.tokens.open(token, queueContext(id)), abort);
}

/** Ends the waits for people's answers. */
async function endAsks(deps: AbortDeps, id: string, abort: Abort): Promise<void> {
  const { asks = [] } = (await deps.promotions.find(id)) ?? {};
  for (const ask of asks) {
    const { state, token } = ask;
    if (state === 'asked' && token !== null)
      await endWait(deps, await deps.tokens.open(token, tokenContext(ask)), abort);
  }
}
