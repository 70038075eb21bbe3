import { DomainError } from '../../core/errors.ts';
import { isSameEndpoint } from '../../core/layout.ts';
import { type RollBack, rollbackRequest } from '../../core/promotion/requests.ts';
import { isBeforeDeployment, isOver, type Promotion, promotionId, type Requester } from '../../core/promotion.ts';
import { type RecordedRelease, wayBack } from '../../core/release.ts';
import { originOf, personOf } from '../origin.ts';
import type { Caller } from '../submit-evidence.ts';
import { abortPromotion } from './abort.ts';
import { openReviews } from './incidents.ts';
import { LOOKED_BACK, LOOKED_BACK_ENDED, type Releases } from './releases.ts';
import { begin, newPromotion } from './start.ts';
import { requirePromotion } from './state.ts';
import type { StopDeps } from './stop.ts';

export interface EmergencyDeps extends StopDeps {
  readonly releases: Pick<Releases, 'list'>;
}

/**
 * Puts back what served on an endpoint before, at once. While something is deployed there, that is taken back; otherwise a
 * promotion of its own leads back. Nobody is asked: somebody reviews it afterwards.
 *
 * Crash anywhere: the same call again finds what was begun. What was begun comes to its end also when nobody calls again, and no
 * end is without its review.
 *
 * @throws DomainError RELEASE_UNKNOWN where there is nothing to go back from; PROMOTION_STATE_CONFLICT where it is not `from` that
 *   would be left, or where nothing is named and somebody has gone back already
 */
export async function rollBackEndpoint(
  deps: EmergencyDeps,
  endpoint: string,
  { reason, from }: RollBack,
  caller: Caller,
): Promise<{ readonly created: boolean; readonly promotion: Promotion }> {
  const { principal } = await deps.registry.context(caller.uniqueId);
  const requester: Requester = { ...personOf(deps, caller), principal: principal?.name ?? null };
  const deploying = await deployingOn(deps, endpoint);
  const released = await releasesOf(deps, endpoint);
  const left = from && (await alreadyLeft(deps, { endpoint, from, deploying }, released[0]));
  if (left) return { created: false, promotion: left };
  if (!from && !deploying) await requireNotBack(deps, endpoint, released[0]);
  if (deploying?.kind === 'rollback') {
    await openReviews(deps.incidents, deploying);
    return { created: false, promotion: deploying };
  }
  const stopped =
    deploying && (await abortPromotion(deps, deploying, { cause: 'emergency_rollback', by: requester, reason }));
  if (stopped?.abort && !isOver(stopped)) {
    await openReviews(deps.incidents, stopped);
    return { created: false, promotion: stopped };
  }
  // Sealed this very moment, it is a release like others.
  const standing = deploying ? await releasesOf(deps, endpoint) : released;
  const rollback = await rollbackOf(deps, standing, reason, requester);
  const begun = await begin(deps, rollback, originOf(deps, caller).by, requireRollback);
  await openReviews(deps.incidents, begun.promotion);
  return begun;
}

/** @returns the promotion that has left it before: whoever did not hear the answer asks again, and goes back once */
async function alreadyLeft(
  { promotions }: EmergencyDeps,
  { endpoint, from, deploying }: { endpoint: string; from: string; deploying: Promotion | undefined },
  newest: RecordedRelease | undefined,
): Promise<Promotion | undefined> {
  const found = (await promotions.find(from))?.promotion;
  const named = found && isSameEndpoint(found.endpoint, endpoint) ? found : undefined;
  if (deploying?.id === from || deploying?.request.startsWith(rollbackRequest(from))) return undefined;
  if (named?.abort?.cause === 'emergency_rollback' && named.state === 'rolled_back') return named;
  // It could not be taken back, and may serve still.
  if (!deploying && named && isStuckSince(named, newest)) return undefined;
  const release = named?.release ?? from;
  if (!deploying && newest?.evidence === release) return undefined;
  if (newest?.kind === 'rollback' && newest.previous === release) {
    return await requirePromotion(promotions, newest.promotion);
  }
  throw new DomainError('PROMOTION_STATE_CONFLICT', `it is not ${from} that would be taken off the endpoint`, {
    pointer: '/from',
    hint: 'see what serves by `countersign releases ENDPOINT`, and what is deployed by `countersign promotion list`',
  });
}

/** Whoever did not hear the answer, and names nothing, does not go back twice: what was put back is left only by its name. */
async function requireNotBack(
  { promotions, log }: EmergencyDeps,
  endpoint: string,
  newest: RecordedRelease | undefined,
): Promise<void> {
  if (!newest) return;
  const ended = await promotions.ended(endpoint, LOOKED_BACK_ENDED, log);
  const since = ended.filter(({ ended_at }) => ended_at !== null && ended_at > newest.released_at);
  const last = since.find((one) => isStuckSince(one, newest) || one.abort?.cause === 'emergency_rollback');
  // What serves now is then not what was put back.
  if (last?.state === 'rollback_failed') return;
  if (!last && newest.kind !== 'rollback') return;
  const at = last?.ended_at ?? newest.released_at;
  throw new DomainError('PROMOTION_STATE_CONFLICT', `somebody went back on ${endpoint} at ${at}`, {
    pointer: '/from',
    hint: `to go on, name the newest release: --from ${newest.evidence}; it is left, or put back where something else serves`,
  });
}

/** Whether something was deployed, could not be taken back, and nothing was released since. */
function isStuckSince({ state, deployment, ended_at }: Promotion, newest: RecordedRelease | undefined): boolean {
  const isStuck = state === 'rollback_failed' && deployment !== null;
  return isStuck && ended_at !== null && ended_at > (newest?.released_at ?? '');
}

async function releasesOf({ releases }: EmergencyDeps, endpoint: string): Promise<readonly RecordedRelease[]> {
  return (await releases.list(endpoint, { limit: LOOKED_BACK })).items;
}

async function deployingOn({ endpoints, promotions }: EmergencyDeps, endpoint: string): Promise<Promotion | undefined> {
  const { lease } = await endpoints.find(endpoint);
  const holder = lease && (await promotions.find(lease.promotion))?.promotion;
  return holder && !isOver(holder) && !isBeforeDeployment(holder) ? holder : undefined;
}

/** The promotion that leads back from the release that stands; the same one for whoever asks while it is under way. */
async function rollbackOf(
  { promotions }: EmergencyDeps,
  releases: readonly RecordedRelease[],
  reason: string,
  requester: Requester,
): Promise<Promotion> {
  const target = wayBack(releases);
  const [newest] = releases;
  if (!newest) throw new Error('nothing leads back from no release');
  const served = await requirePromotion(promotions, (target ?? newest).promotion);
  const asked = {
    ...served,
    kind: 'rollback' as const,
    reason,
    on_busy: 'supersede' as const,
    requester,
    requested_at: requester.at,
  };
  for (let attempt = 1; ; attempt++) {
    const request = `${rollbackRequest(newest.evidence)}${attempt}`;
    const id = promotionId({ ...asked, request });
    const before = (await promotions.find(id))?.promotion;
    // What bears the name and leads nowhere back stands in nobody's way.
    if (before && before.kind !== 'rollback') continue;
    // One that ended without putting anything back may be tried again.
    if (!before || before.state === 'released' || !isOver(before)) {
      return before ?? newPromotion(id, { ...asked, request });
    }
  }
}

/** Under the name of a rollback something else may be stated, by whoever died before its record. */
function requireRollback({ id, kind }: Promotion): void {
  if (kind === 'rollback') return;
  throw new DomainError('INTEGRITY_FAILURE', `what is stated of the rollback ${id} is a ${kind}`);
}
