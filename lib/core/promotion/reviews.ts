import type { IncidentKind } from '../../contracts/incidents.ts';
import type { IncidentFacts } from '../incident.ts';
import type { Promotion, Requester } from '../promotion.ts';

/** What somebody else looks at afterwards: what people did past the gate, or without asking anybody. */
export function reviewsOf(promotion: Promotion): readonly IncidentFacts[] {
  const { id, endpoint, model, requester, confirmed_by } = promotion;
  const review = (kind: IncidentKind, detail: string, people: readonly Requester[]): IncidentFacts => ({
    kind,
    subject: id,
    endpoint,
    model,
    detail,
    evidence: [],
    actors: people.map(({ unique_id }) => unique_id),
  });
  const reviews: IncidentFacts[] = [];
  if (promotion.kind === 'break_glass' && confirmed_by) {
    reviews.push(review('break_glass_review', 'two people release a model past its gate', [requester, confirmed_by]));
  }
  const takenBackBy = whoTookBack(promotion);
  if (takenBackBy) {
    const detail = 'somebody took back what serves, at once and past the gate';
    reviews.push(review('emergency_rollback_review', detail, [takenBackBy]));
  }
  return reviews;
}

function whoTookBack({ kind, requester, abort }: Promotion): Requester | null {
  if (kind === 'rollback') return requester;
  return abort?.cause === 'emergency_rollback' ? abort.by : null;
}
