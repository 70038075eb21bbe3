import { mailTags } from '../../core/approvals/mail-tags.ts';
import { refusedMail } from '../../core/approvals/mails.ts';
import type { Ask, Change, Promotion } from '../../core/promotion.ts';
import type { ApproversOfDeps } from '../directory/approvers-of.ts';
import type { AskDeps } from './ask.ts';
import { reportUnreached } from './feedback.ts';
import { findReach } from './people.ts';

export type TellDeps = ApproversOfDeps & Pick<AskDeps, 'clock' | 'facts' | 'incidents' | 'mailer' | 'render'>;

/**
 * Mails those who are asked in this round that a gate is closed now: nobody is asked again, and what they approved comes to
 * nothing. Also those who prefer one mail a day, as the ask does not tell which of them had theirs.
 *
 * Crash in between: whoever was told is told again.
 *
 * @param rules - that do not let the promotion through
 */
export async function tellRefused(
  deps: TellDeps,
  promotion: Promotion,
  asks: readonly Ask[],
  { changes, rules }: { readonly changes: readonly Change[]; readonly rules: readonly string[] },
): Promise<void> {
  const standing = asks.filter(({ round }) => round === promotion.round);
  const told = new Set(
    standing.flatMap(({ people, decided }) => [
      ...people.map(({ person }) => person),
      ...(decided ? [decided.person] : []),
    ]),
  );
  const facts = await deps.facts(promotion);
  const mail = deps.render(refusedMail({ promotion, facts, changes, rules, at: deps.clock().toISOString() }));
  for (const person of told) {
    const reach = await findReach(deps, person);
    const about = { person, promotion: promotion.id };
    if (!reach || (await deps.mailer.send(reach.email, mail, mailTags(about)))) continue;
    await reportUnreached(deps.incidents, 'refused', about);
  }
}
