import { PromotionError } from '../../contracts/promotion.ts';
import type { DecisionRef, Promotion } from '../../core/promotion.ts';
import { PromotionFailure } from './failure.ts';

/**
 * The decision that a promotion may be deployed by, as its record has it: of the gate after people were asked, or past the gate
 * what it said before. An emergency rollback is never deployed: it leads back.
 *
 * @throws PromotionFailure FactsChanged when there is none, or none any more: the gate is to be asked again
 */
export function requireGate({ id, kind, confirmed_by, request_decision, release_decision }: Promotion): DecisionRef {
  const isConfirmed = kind === 'break_glass' && confirmed_by !== null;
  const decision = kind === 'promotion' && release_decision?.passed ? release_decision : undefined;
  const found = decision ?? (isConfirmed ? request_decision : undefined);
  if (found) return found;
  const detail = `nothing lets the promotion ${id} through as it stands`;
  throw new PromotionFailure(PromotionError.changed, 'not_let_through', detail);
}
