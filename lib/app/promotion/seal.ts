import { OwnPredicate } from '../../contracts/predicates.ts';
import { parseBundle } from '../../core/bundle.ts';
import { openCountersigned } from '../../core/countersigned.ts';
import { DomainError } from '../../core/errors.ts';
import type { EvidenceKey } from '../../core/evidence-key.ts';
import { parseStrictJson } from '../../core/json.ts';
import { CONTROL_PLANE, objectKey } from '../../core/layout.ts';
import { isOver, type Promotion } from '../../core/promotion.ts';
import { parseRelease, type RecordedRelease, type Release, releasePayload } from '../../core/release.ts';
import { parseStatement } from '../../core/statement.ts';
import {
  type CountersignDeps,
  countersign,
  putSigned,
  requestIdOf,
  requireEvidenceKey,
  retainUntil,
} from '../countersign.ts';
import { ownKeys } from '../gate/judge.ts';
import type { GateLedger } from '../gate/ports.ts';
import { type GateRows, rowsOf } from '../gate/record.ts';
import type { Registry } from '../ports.ts';
import type { SignedObject } from '../record-event.ts';
import { draftRelease } from './draft-release.ts';
import type { Promotions, StatedPromotions } from './ports.ts';
import { LOOKED_BACK, type Releases } from './releases.ts';
import { conflict, honourAbort, requirePromotion } from './state.ts';

export interface SealDeps extends CountersignDeps {
  readonly promotions: Pick<Promotions, 'find'>;
  readonly releases: Pick<Releases, 'list'>;
  readonly stated: Pick<StatedPromotions, 'seal'>;
  readonly registry: Pick<Registry, 'evidenceKey' | 'evidenceKeys'>;
  readonly ledger: Pick<GateLedger, 'findMany'>;
}

/** How often a promotion that others change meanwhile is sealed anew. */
const ATTEMPTS = 5;

/**
 * Signs who released what, from what, under which policies and approved by whom, and ends the promotion with it. The statement
 * lies under the promotion's id, so that a promotion has one release, however often this runs.
 *
 * Crash after its put: a statement without a row; the next run adopts it. Where none comes and what serves is taken back, the
 * promotion ends otherwise, by a signed event, and the statement counts for nothing: readers believe the row, which is written
 * in one transaction with the promotion's end, and a reindex believes the event.
 *
 * @throws PromotionFailure when it was aborted meanwhile; DomainError PROMOTION_STATE_CONFLICT when it is over, about to
 *   end, or on its way back
 */
export async function sealRelease(deps: SealDeps, id: string): Promise<void> {
  let sealed: Sealed | undefined;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const promotion = await requirePromotion(deps.promotions, id);
    if (promotion.release !== null) return;
    if (isOver(promotion) || promotion.ended_at !== null) throw conflict(promotion);
    if (promotion.kind !== 'rollback') {
      // A rollback is what an abort asks for.
      honourAbort(promotion);
      // The state machine gave this step up, and takes back what would be sealed.
      if (promotion.deployment?.way_back) throw conflict(promotion);
    }
    sealed ??= await signRelease(deps, promotion);
    const { release, model, ...evidence } = sealed;
    const ended: Promotion = {
      ...promotion,
      state: 'released',
      release: release.evidence,
      ended_at: release.released_at,
      updated_at: deps.clock().toISOString(),
      revision: promotion.revision + 1,
    };
    if (await deps.stated.seal(ended, evidence, release, model)) return;
  }
  throw new DomainError('REVISION_CONFLICT', `the promotion ${id} changes all the time`, { retryAfterMs: 1000 });
}

interface Sealed extends GateRows {
  readonly release: RecordedRelease;
  readonly model: string;
}

async function signRelease(deps: SealDeps, promotion: Promotion): Promise<Sealed> {
  const [{ items: earlier }, evidenceKey] = await Promise.all([
    deps.releases.list(promotion.endpoint, { limit: LOOKED_BACK }),
    deps.registry.evidenceKey(),
  ]);
  const key = requireEvidenceKey(evidenceKey, deps.signer);
  const { release, model } = await draftRelease(deps, promotion, earlier, key);
  const stored = await putRelease(deps, releasePayload(model, release), release, key);
  const read = readRelease(stored, objectKey.release(promotion.id));
  return { ...read, release: { ...read.release, evidence: read.record.sha256 } };
}

async function putRelease(
  deps: SealDeps,
  payload: Buffer,
  { promotion, environment, released_at }: Release,
  key: EvidenceKey,
): Promise<SignedObject> {
  const signed = await countersign(deps, payload, key);
  const until = retainUntil(deps.retention, environment, new Date(released_at));
  const lost = objectKey.lostRelease(promotion, signed.requestId);
  const put = await putSigned(deps, objectKey.release(promotion), signed, until, lost);
  if (put.isOurs) {
    return { bytes: signed.bytes, versionId: put.versionId, retainUntil: until, requestId: signed.requestId };
  }
  // Lying under the right name is no proof. The evidence key may have changed since a run that died.
  openCountersigned(put.first.bytes, await ownKeys(deps.registry, undefined)([]));
  return { ...put.first, requestId: requestIdOf(put.first) };
}

/**
 * The index rows of a release follow from its object alone. The signature is for the caller to check where the object is not
 * our own write.
 *
 * @throws DomainError INTEGRITY_FAILURE when it is not what its name says
 */
export function readRelease(object: SignedObject, name: string): GateRows & ReturnType<typeof parseRelease> {
  const signed = parseBundle(parseStrictJson(object.bytes));
  const { model, release } = parseRelease(parseStatement(parseStrictJson(signed.payload)));
  if (name !== objectKey.release(release.promotion)) {
    throw new DomainError('INTEGRITY_FAILURE', `${name} holds another release than its name says`);
  }
  const rows = rowsOf(object, {
    name,
    signed,
    at: release.released_at,
    by: CONTROL_PLANE,
    predicateType: OwnPredicate.release,
    environment: release.environment,
    model,
    result: resultOf(release),
  });
  return { ...rows, model, release };
}

function resultOf({ kind, served }: Release): 'RELEASED' | 'ROLLED_BACK' | 'REMOVED' {
  if (!served) return 'REMOVED';
  return kind === 'rollback' ? 'ROLLED_BACK' : 'RELEASED';
}
