import { PromotionError, type PromotionInput, type Taken } from '../../contracts/promotion.ts';
import { isBeforeDeployment, isOver, type Promotion } from '../../core/promotion.ts';
import { type AbortDeps, abortPromotion, endWait, queueContext } from './abort.ts';
import { PromotionFailure } from './failure.ts';
import type { Lease, Waiting } from './ports.ts';
import { changePromotion, honourAbort, requirePromotion } from './state.ts';

export interface LeaseDeps extends AbortDeps {
  /** How long an endpoint stays a promotion's without a sign of life. */
  readonly leaseSeconds: number;
  /** After this long whoever waits for an endpoint looks by itself, and takes its place in the line anew. */
  readonly endpointWaitSeconds: number;
}

/**
 * Takes the endpoint for a promotion, if nobody else has it and nobody asked earlier. A newer request that shall supersede ends
 * the holder and all who asked earlier; nothing is taken from one that deploys, nor from one that leads back.
 *
 * Crash after the take: the endpoint is the promotion's, and the same call finds it so.
 *
 * @throws PromotionFailure when the promotion shall not go on
 */
export async function takeEndpoint(
  deps: LeaseDeps,
  { promotion: id, kind }: Pick<PromotionInput, 'promotion' | 'kind'>,
): Promise<Taken> {
  const promotion = await requirePromotion(deps.promotions, id);
  requireOwn(promotion, kind);
  // What leads back is what an abort asks for.
  if (kind !== 'recovery' && kind !== 'rollback') honourAbort(promotion);
  if (await isTaken(deps, promotion)) {
    await changePromotion(deps, promotion, (now) =>
      now.state === 'requested' || now.state === 'waiting_for_endpoint' ? { state: 'evaluating' } : undefined,
    );
    return { taken: 'yes' };
  }
  await deps.endpoints.enqueue(promotion.endpoint, waiterOf(deps, promotion, null));
  await changePromotion(deps, promotion, (now) =>
    now.state === 'requested' ? { state: 'waiting_for_endpoint' } : undefined,
  );
  return { taken: 'no' };
}

/** What an execution may do follows from its input, which whoever may start one writes. The record says what it is. */
function requireOwn(promotion: Promotion, kind: PromotionInput['kind']): void {
  if (kind === 'recovery' ? promotion.deployment : kind === promotion.kind) return;
  const detail = `an execution as ${kind} of the promotion ${promotion.id}, which is a ${promotion.kind}`;
  throw new PromotionFailure(PromotionError.foreign, 'foreign_execution', detail);
}

/**
 * Waits for the endpoint: whoever gives it back answers by the token.
 *
 * Crash after the enqueueing: the wait ends by itself, and the state machine looks again.
 */
export async function awaitEndpoint(deps: LeaseDeps, id: string, token: string): Promise<void> {
  const promotion = await requirePromotion(deps.promotions, id);
  const sealed = await deps.tokens.seal(token, queueContext(id));
  await deps.endpoints.enqueue(promotion.endpoint, waiterOf(deps, promotion, sealed));
  // What was given back, or stopped, before the token lay there told nobody.
  const now = await requirePromotion(deps.promotions, id);
  // What leads back is what an abort asks for.
  if (now.abort && isBeforeDeployment(now)) await endWait(deps, token, now.abort);
  else await wakeNext(deps, promotion.endpoint);
}

/** Gives the endpoint back and tells who waits first. It may be told again. */
export async function leaveEndpoint(deps: LeaseDeps, promotion: Pick<Promotion, 'id' | 'endpoint'>): Promise<void> {
  await deps.endpoints.giveBack(promotion.endpoint, promotion.id);
  await wakeNext(deps, promotion.endpoint);
}

async function isTaken(deps: LeaseDeps, promotion: Promotion): Promise<boolean> {
  const { id, endpoint } = promotion;
  const { lease, waiting } = await deps.endpoints.find(endpoint);
  if (lease?.promotion === id) return true;
  const holder = lease && (await holderOf(deps, lease));
  if (promotion.on_busy === 'supersede') await supersede(deps, promotion, holder, waiting);
  if (holder) return false;
  if (promotion.kind !== 'rollback' && (await firstWaiting(deps, endpoint, waiting, id)) !== undefined) return false;
  const until = new Date(deps.clock().getTime() + deps.leaseSeconds * 1000).toISOString();
  const taken = await deps.endpoints.take(
    { endpoint, promotion: id, until, revision: (lease?.revision ?? 0) + 1 },
    lease,
  );
  const own = waiting.find((one) => one.promotion === id);
  if (taken && own) await deps.endpoints.dequeue(endpoint, own);
  return taken;
}

/**
 * Ends those that a newer promotion takes the place of; each gives up its place by itself, at its next step. What leads back passes
 * those who wait, and leaves them waiting.
 */
async function supersede(
  deps: LeaseDeps,
  { id, kind, requested_at, requester }: Promotion,
  holder: Promotion | undefined,
  waiting: readonly Waiting[],
): Promise<void> {
  const earlier = holder ? [holder] : [];
  for (const one of kind === 'rollback' ? [] : waiting) {
    if (one.promotion === id || one.requested_at > requested_at) continue;
    const promotion = (await deps.promotions.find(one.promotion))?.promotion;
    if (promotion) earlier.push(promotion);
  }
  for (const one of earlier) {
    if (one.kind === 'rollback' || !isBeforeDeployment(one)) continue;
    const reason = `superseded by the promotion ${id}`;
    await abortPromotion(deps, one, { cause: 'superseded', by: requester, reason });
  }
}

/**
 * Who has the endpoint: undefined of a lease that ran out, or whose promotion is over. What changes a promotion before it deploys,
 * such as another round of asking, is a sign of life too.
 */
async function holderOf({ promotions, clock, leaseSeconds }: LeaseDeps, lease: Lease): Promise<Promotion | undefined> {
  const holder = (await promotions.find(lease.promotion))?.promotion;
  if (!holder || isOver(holder)) return undefined;
  const now = clock();
  if (lease.until > now.toISOString()) return holder;
  const alive = Date.parse(holder.updated_at) + leaseSeconds * 1000 > now.getTime();
  return alive && isBeforeDeployment(holder) ? holder : undefined;
}

/**
 * Who waits first, up to a promotion's own place; what leads back passes all. Those who are over are taken out, and those who have
 * not looked for twice as long as they wait at a time: they were stopped past us.
 */
async function firstWaiting(
  { endpoints, promotions, clock }: AbortDeps,
  endpoint: string,
  waiting: readonly Waiting[],
  before?: string,
): Promise<Waiting | undefined> {
  const now = clock().toISOString();
  for (const one of waiting.toSorted((a, b) => Number(isRollback(b)) - Number(isRollback(a)))) {
    if (one.promotion === before) return undefined;
    const promotion = one.until > now ? (await promotions.find(one.promotion))?.promotion : undefined;
    if (promotion && !isOver(promotion)) return one;
    await endpoints.dequeue(endpoint, one);
  }
  return undefined;
}

const isRollback = ({ kind }: Pick<Waiting, 'kind'>): boolean => kind === 'rollback';

/** Wakes who waits first where nobody has the endpoint. That one takes it by itself; what is lost is noticed by its own clock. */
async function wakeNext(deps: LeaseDeps, endpoint: string): Promise<void> {
  const { lease, waiting } = await deps.endpoints.find(endpoint);
  if (lease && (await holderOf(deps, lease))) return;
  const next = await firstWaiting(deps, endpoint, waiting);
  if (!next?.token) return;
  await deps.waits.succeed(await deps.tokens.open(next.token, queueContext(next.promotion)), {});
}

function waiterOf({ clock, endpointWaitSeconds }: LeaseDeps, promotion: Promotion, token: string | null): Waiting {
  const { id, kind, requested_at } = promotion;
  const until = new Date(clock().getTime() + 2 * endpointWaitSeconds * 1000).toISOString();
  return { promotion: id, kind, requested_at, until, token };
}
