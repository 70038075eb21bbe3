import { CODE_TRIES, type Link } from '../../core/approvals/link.ts';
import { type Ask, isBeforeDeployment, isOver, type Promotion } from '../../core/promotion.ts';
import type { Clock } from '../ports.ts';
import type { Promotions } from '../promotion/ports.ts';
import type { Links, Visits } from './ports.ts';

export interface VisitDeps {
  readonly links: Links;
  readonly visits: Visits;
  readonly promotions: Pick<Promotions, 'find'>;
  readonly clock: Clock;
}

/** A link that somebody came by, and what it is about as that stands now. */
export interface Visit {
  readonly link: Link;
  readonly promotion: Promotion;
  /** What the link's role is asked, in whichever round. */
  readonly ask: Ask | undefined;
  readonly others: readonly Ask[];
}

export async function visitOf(promotions: Pick<Promotions, 'find'>, link: Link): Promise<Visit | undefined> {
  const found = await promotions.find(link.promotion);
  return found && visitIn(link, found);
}

/** @returns undefined where the link is not of that promotion */
export function visitIn(
  link: Link,
  { promotion, asks }: { readonly promotion: Promotion; readonly asks: readonly Ask[] },
): Visit | undefined {
  if (promotion.id !== link.promotion || promotion.model !== link.model) return undefined;
  const ask = asks.find(({ role }) => role === link.role);
  return { link, promotion, ask, others: asks.filter(({ role }) => role !== link.role) };
}

/**
 * - `open`: its bearer may decide. `claimed`: they have, and it is not evidence yet. `decided`: they have.
 * - `used`: somebody else decided for the role. `dead`: too many wrong codes.
 * - `changed`, `revoked`: the role is asked otherwise now, or not any more.
 */
export type LinkStanding =
  | 'open'
  | 'claimed'
  | 'decided'
  | 'used'
  | 'dead'
  | 'expired'
  | 'ended'
  | 'changed'
  | 'revoked';

export function standingOf({ link, promotion, ask }: Visit, now: Date): LinkStanding {
  const isAsked = ask?.round === link.round && ask.state === 'asked';
  if (link.given) return isAsked && ask.deciding?.link === link.id ? 'claimed' : 'decided';
  if (link.state === 'dead') return 'dead';
  if (isOver(promotion)) return 'ended';
  // Nothing closes an ask when the next round begins: it stays as it was until its role is asked anew.
  if (!ask || ask.round !== link.round || promotion.round !== link.round || ask.state === 'closed') {
    return promotion.changes.length > 0 ? 'changed' : 'revoked';
  }
  if (!isAsked) return 'used';
  if (now.toISOString() >= link.until) return 'expired';
  return promotion.state === 'awaiting_approval' && !promotion.abort ? 'open' : 'revoked';
}

/** Whether what was decided by the link may still be taken back: not with one at which too many codes were tried. */
export function isWithdrawable({ link, promotion, ask }: Visit): boolean {
  const isOfRound = ask?.round === link.round && promotion.round === link.round;
  const isStanding = isOfRound && ask.state === 'approved' && ask.decided?.person === link.person;
  const isGiven = link.given?.decision === 'approved' && link.tries < CODE_TRIES;
  return isGiven && isStanding && isBeforeDeployment(promotion) && !promotion.abort;
}

/** Whether the bearer may prove who they are, in order to do something. */
export function isActionable(visit: Visit, now: Date): boolean {
  return standingOf(visit, now) === 'open' || isWithdrawable(visit);
}
