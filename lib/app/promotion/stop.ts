import { DomainError } from '../../core/errors.ts';
import { isBeforeDeployment, isOver, type Promotion, type Requester } from '../../core/promotion.ts';
import type { Announcer } from '../announce-waivers.ts';
import { originOf } from '../origin.ts';
import type { Caller } from '../submit-evidence.ts';
import { type AbortDeps, abortPromotion } from './abort.ts';
import { type Incidents, openReviews } from './incidents.ts';
import { changeByEvent } from './record.ts';
import { goOn, requireRequester, type StartDeps } from './start.ts';
import { requirePromotion } from './state.ts';

export interface StopDeps extends AbortDeps, StartDeps {
  readonly announcer: Announcer;
  readonly incidents: Incidents;
}

/**
 * Cancels a promotion in the name of who asked for it. An approver ends it by rejecting it on their page.
 *
 * @throws DomainError ACCESS_DENIED for anybody else; PROMOTION_STATE_CONFLICT once something is deployed
 */
export async function cancelOwnPromotion(
  deps: StopDeps,
  id: string,
  reason: string,
  caller: Caller,
): Promise<Promotion> {
  const promotion = await requirePromotion(deps.promotions, id);
  if (promotion.requester.unique_id !== caller.uniqueId) {
    throw new DomainError('ACCESS_DENIED', 'who asked for a promotion cancels it; an approver rejects it', {
      hint: 'to take back what serves: `countersign rollback ENDPOINT --reason …`',
    });
  }
  const cancelled = await cancelPromotion(deps, promotion, reason, await requireRequester(deps, caller));
  await endUnstarted(deps, cancelled);
  return cancelled;
}

/**
 * What waits for its second person runs nowhere, nor does what whoever asked for it died before it was started: its execution
 * finds the note, and ends it as any other. One that is there already is the one that is meant.
 */
async function endUnstarted({ executions }: StopDeps, { id, kind, state }: Promotion): Promise<void> {
  if (state === 'requested') await executions.start(id, { promotion: id, kind });
}

/**
 * Cancels a promotion of which nothing is deployed; told again, it finds it cancelled. A rollback goes on: what leads back heeds no
 * note.
 *
 * @throws DomainError PROMOTION_STATE_CONFLICT
 */
export async function cancelPromotion(
  deps: AbortDeps,
  promotion: Promotion,
  reason: string,
  by: Requester | null,
): Promise<Promotion> {
  if (promotion.kind === 'rollback') {
    throw new DomainError(
      'PROMOTION_STATE_CONFLICT',
      `the promotion ${promotion.id} is a rollback, which is not cancelled`,
    );
  }
  const noted = await abortPromotion(deps, promotion, { cause: 'cancelled', by, reason });
  if (noted.abort?.cause === 'cancelled' || isBeforeDeployment(noted)) return noted;
  throw new DomainError('PROMOTION_STATE_CONFLICT', `the promotion ${noted.id} is ${noted.state}`, {
    ...(isOver(noted) ? {} : { hint: 'to take it back: `countersign rollback ENDPOINT --reason …`' }),
  });
}

/** A break-glass promotion that nobody confirms for so long is not one any more. */
export const CONFIRM_WITHIN_MS = 3_600_000;

/**
 * The second person's word for a promotion past the gate. It is reviewed afterwards.
 *
 * Crash after the event: the same call again starts it.
 *
 * @throws DomainError DUTIES_NOT_SEPARATE for who asked for it; PROMOTION_STATE_CONFLICT when there is nothing to confirm
 */
export async function confirmPromotion(deps: StopDeps, id: string, reason: string, caller: Caller): Promise<Promotion> {
  const standing = await requirePromotion(deps.promotions, id);
  const { kind, requester, confirmed_by, abort } = standing;
  if (kind !== 'break_glass' || isOver(standing) || abort) {
    throw new DomainError(
      'PROMOTION_STATE_CONFLICT',
      `the promotion ${id} is ${abort?.cause ?? standing.state} and waits for no second person`,
    );
  }
  if (requester.unique_id === caller.uniqueId) {
    throw new DomainError('DUTIES_NOT_SEPARATE', 'who asked for a promotion past the gate does not confirm it', {
      hint: 'another person with the role break-glass-promoter confirms it',
    });
  }
  const confirmer = await requireRequester(deps, caller);
  if (!confirmed_by) await requireInTime(deps, standing);
  const confirmed = confirmed_by
    ? standing
    : await changeByEvent(
        deps,
        standing,
        'promotion-confirmed',
        { confirmed_by: { ...confirmer, reason } },
        originOf(deps, caller).by,
      );
  await openReviews(deps.incidents, confirmed);
  await goOn(deps, confirmed);
  return confirmed;
}

async function requireInTime(deps: StopDeps, promotion: Promotion): Promise<void> {
  const { id, requested_at } = promotion;
  if (deps.clock().getTime() - Date.parse(requested_at) <= CONFIRM_WITHIN_MS) return;
  const reason = 'nobody confirmed it within an hour';
  await endUnstarted(deps, await abortPromotion(deps, promotion, { cause: 'cancelled', by: null, reason }));
  throw new DomainError('PROMOTION_STATE_CONFLICT', `the promotion ${id} was asked for more than an hour ago`, {
    hint: 'ask again, under another `request`',
  });
}
