import { PromotionError } from '../../contracts/promotion.ts';
import { canonicalBytes } from '../../core/canonical.ts';
import { DECISION_DIFFERS } from '../../core/deployment-progress.ts';
import type { PromotionEvent } from '../../core/events.ts';
import { isPassedByAll } from '../../core/gate/decision.ts';
import { parseAsked } from '../../core/promotion/facts.ts';
import { type DecisionRef, imageDigestOf, type Promotion } from '../../core/promotion.ts';
import type { Signed } from './decided.ts';
import { PromotionFailure } from './failure.ts';

/**
 * The decision that lets a promotion through, as its record has it: of the gate after people were asked, or past the gate what it
 * said before. Nothing lets an emergency rollback through: it leads back.
 */
export function gateOf(promotion: Promotion): DecisionRef | null {
  const { kind, confirmed_by, request_decision, release_decision } = promotion;
  switch (kind) {
    case 'promotion':
      return release_decision?.passed ? release_decision : null;
    case 'break_glass':
      return confirmed_by ? request_decision : null;
    case 'rollback':
      return null;
  }
}

/** @throws PromotionFailure FactsChanged when there is none, or none any more: the gate is to be asked again */
export function requireGate(promotion: Promotion): DecisionRef {
  const decision = gateOf(promotion);
  if (decision) return decision;
  const detail = `nothing lets the promotion ${promotion.id} through as it stands`;
  throw new PromotionFailure(PromotionError.changed, 'not_let_through', detail);
}

/** What is signed about promotions, believed by its signature. */
export interface SignedAbout {
  readonly decided: (decision: DecisionRef) => Promise<Signed>;
  /** How a second person confirmed a promotion past the gate; undefined: nobody did. */
  readonly confirmed: (promotion: string) => Promise<PromotionEvent | undefined>;
}

/**
 * The row of a promotion is not signed: the decision that it names is read again, and must let through this very promotion.
 *
 * @returns the decision
 * @throws PromotionFailure FactsChanged as {@link requireGate}, IntegrityFailure when it is a decision about something else, or as
 *   {@link requireConfirmed}
 */
export async function requireLetThrough({ decided, confirmed }: SignedAbout, promotion: Promotion): Promise<Signed> {
  const { id, kind, model, environment, endpoint } = promotion;
  const ref = requireGate(promotion);
  const signed = await decided(ref);
  const { decision, facts } = signed;
  const asked = parseAsked(facts);
  const isOfIt =
    asked.promotion === id && asked.endpoint === endpoint && asked.image_digest === imageDigestOf(promotion);
  const isOfModel = decision.model === model && decision.environment === environment;
  const isPassed = kind === 'break_glass' || (asked.phase === 'release' && isPassedByAll(decision));
  if (!isOfIt || !isOfModel || !isPassed) {
    const detail = `the decision ${ref.evidence} does not let the promotion ${id} through`;
    throw new PromotionFailure(PromotionError.integrity, DECISION_DIFFERS, detail);
  }
  await requireConfirmed(confirmed, promotion);
  return signed;
}

/**
 * Past the gate a promotion goes by the word of two people, and the row could tell of one who never said it: the signed event must
 * say the same.
 *
 * @throws PromotionFailure IntegrityFailure when it does not
 */
async function requireConfirmed(read: SignedAbout['confirmed'], promotion: Promotion): Promise<void> {
  if (promotion.kind !== 'break_glass') return;
  const event = await read(promotion.id);
  const said = event && wantedBy(event.promotion);
  const isOfIt = said && canonicalBytes(said).equals(canonicalBytes(wantedBy(promotion)));
  const second = said?.confirmed_by?.unique_id;
  if (isOfIt && second === event.by.unique_id && second !== said.requester.unique_id) return;
  const detail = `no second person is on record as having confirmed the promotion ${promotion.id} as it stands`;
  throw new PromotionFailure(PromotionError.integrity, DECISION_DIFFERS, detail);
}

/** Who wants what past the gate. */
function wantedBy({ kind, image, requester, confirmed_by }: Promotion) {
  return { kind, image, requester, confirmed_by };
}
