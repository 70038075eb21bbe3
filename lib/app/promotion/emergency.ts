import { isBeforeDeployment, isOver, type Promotion, promotionId, type Requester } from '../../core/promotion.ts';
import { wayBack } from '../../core/release.ts';
import { originOf, personOf } from '../origin.ts';
import type { Caller } from '../submit-evidence.ts';
import { abortPromotion } from './abort.ts';
import type { Releases } from './releases.ts';
import { begin, newPromotion } from './start.ts';
import { requirePromotion } from './state.ts';
import type { StopDeps } from './stop.ts';

export interface EmergencyDeps extends StopDeps {
  readonly releases: Pick<Releases, 'list'>;
}

/** Releases that are looked through for what served before. */
const HISTORY = 100;

/**
 * Puts back what served on an endpoint before, at once. While something is deployed there, that is taken back; otherwise a
 * promotion of its own leads back. Nobody is asked: somebody reviews it afterwards.
 *
 * Crash anywhere: the same call again finds what was begun. The review is opened before a rollback begins, so that none begins
 * without; of a deployment that is stopped, after it is told to.
 *
 * @throws DomainError RELEASE_UNKNOWN where there is nothing to go back from
 */
export async function rollBackEndpoint(
  deps: EmergencyDeps,
  endpoint: string,
  reason: string,
  caller: Caller,
): Promise<{ readonly created: boolean; readonly promotion: Promotion }> {
  const { principal } = await deps.registry.context(caller.uniqueId);
  const requester: Requester = { ...personOf(deps, caller), principal: principal?.name ?? null };
  const deploying = await deployingOn(deps, endpoint);
  if (deploying?.kind === 'rollback') {
    await openReview(deps, deploying, deploying.requester);
    return { created: false, promotion: deploying };
  }
  const stopped =
    deploying && (await abortPromotion(deps, deploying, { cause: 'emergency_rollback', by: requester, reason }));
  // Sealed this very moment, it is a release like others.
  if (stopped?.abort && !isOver(stopped)) {
    await openReview(deps, stopped, requester);
    return { created: false, promotion: stopped };
  }
  const rollback = await rollbackOf(deps, endpoint, reason, requester);
  await openReview(deps, rollback, rollback.requester);
  return await begin(deps, rollback, originOf(deps, caller).by);
}

async function deployingOn({ endpoints, promotions }: EmergencyDeps, endpoint: string): Promise<Promotion | undefined> {
  const { lease } = await endpoints.find(endpoint);
  const holder = lease && (await promotions.find(lease.promotion))?.promotion;
  return holder && !isOver(holder) && !isBeforeDeployment(holder) ? holder : undefined;
}

/** The promotion that leads back from the release that stands; the same one for whoever asks while it is under way. */
async function rollbackOf(
  deps: EmergencyDeps,
  endpoint: string,
  reason: string,
  requester: Requester,
): Promise<Promotion> {
  const { items } = await deps.releases.list(endpoint, { limit: HISTORY });
  const target = wayBack(items);
  const [newest] = items;
  if (!newest) throw new Error(`nothing leads back on ${endpoint}, which has no release`);
  const served = await requirePromotion(deps.promotions, (target ?? newest).promotion);
  const asked = {
    ...served,
    kind: 'rollback' as const,
    reason,
    on_busy: 'supersede' as const,
    requester,
    requested_at: requester.at,
  };
  for (let attempt = 1; ; attempt++) {
    const request = `rollback/${newest.evidence}/${attempt}`;
    const id = promotionId({ ...asked, request });
    const before = (await deps.promotions.find(id))?.promotion;
    // One that ended without putting anything back may be tried again.
    if (!before || !isOver(before)) return before ?? newPromotion(id, { ...asked, request });
  }
}

async function openReview({ incidents }: EmergencyDeps, promotion: Promotion, { unique_id }: Requester): Promise<void> {
  const { id, endpoint, model } = promotion;
  await incidents.open({
    kind: 'emergency_rollback_review',
    subject: id,
    endpoint,
    model,
    detail: 'somebody took back what serves, at once and past the gate',
    evidence: [],
    actors: [unique_id],
  });
}
