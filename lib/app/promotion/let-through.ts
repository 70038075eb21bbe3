import { PromotionError } from '../../contracts/promotion.ts';
import { DECISION_DIFFERS } from '../../core/deployment-progress.ts';
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

/**
 * The row of a promotion is not signed: the decision that it names is read again, and must let through this very promotion.
 *
 * @param read - believes a decision by its signature
 * @throws PromotionFailure FactsChanged as {@link requireGate}, IntegrityFailure when it is a decision about something else
 */
export async function requireLetThrough(
  read: (decision: DecisionRef) => Promise<Signed>,
  promotion: Promotion,
): Promise<void> {
  const { id, kind, model, environment, endpoint } = promotion;
  const ref = requireGate(promotion);
  const { decision, facts } = await read(ref);
  const asked = parseAsked(facts);
  const isOfIt =
    asked.promotion === id && asked.endpoint === endpoint && asked.image_digest === imageDigestOf(promotion);
  const isOfModel = decision.model === model && decision.environment === environment;
  const isPassed = kind === 'break_glass' || (asked.phase === 'release' && isPassedByAll(decision));
  if (isOfIt && isOfModel && isPassed) return;
  const detail = `the decision ${ref.evidence} does not let the promotion ${id} through`;
  throw new PromotionFailure(PromotionError.integrity, DECISION_DIFFERS, detail);
}
