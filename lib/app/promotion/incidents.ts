import type { IncidentFacts } from '../../core/incident.ts';
import { reviewsOf } from '../../core/promotion/reviews.ts';
import type { Promotion } from '../../core/promotion.ts';

export interface Incidents {
  /**
   * Opens an incident, or finds it open; it is evidence and announced when this resolves.
   *
   * @returns its id
   */
  open(facts: IncidentFacts): Promise<string>;
}

/**
 * Opens what somebody else reviews of a promotion, or finds it there.
 *
 * Who did what is to be reviewed may die before it is opened: the end of the promotion opens it as well.
 */
export async function openReviews(incidents: Incidents, promotion: Promotion): Promise<void> {
  for (const review of reviewsOf(promotion)) await incidents.open(review);
}
