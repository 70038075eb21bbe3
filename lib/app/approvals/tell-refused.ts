import { mailTags } from '../../core/approvals/mail-tags.ts';
import { refusedMail } from '../../core/approvals/mails.ts';
import type { Ask, Change, Promotion } from '../../core/promotion.ts';
import type { AskDeps } from './ask.ts';
import { reportUnreached } from './feedback.ts';
import { unlessDown } from './mail-outage.ts';
import { findReach } from './people.ts';
import { note, type TellEndedDeps } from './tell-ended.ts';

export type TellDeps = TellEndedDeps & Pick<AskDeps, 'clock'>;

/**
 * Mails those who are asked in this round that a gate is closed now: nobody is asked again, and what they approved comes to
 * nothing. Also those who prefer one mail a day, as the ask does not tell which of them had theirs. While SES takes no mail nothing
 * waits for it: who had approved hears of the end.
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
    const isTaken = reach && (await unlessDown(deps.log, deps.mailer.send(reach.email, mail, mailTags(about))));
    if (isTaken === undefined) continue;
    if (!isTaken) await reportUnreached(deps.incidents, 'refused', about);
    // They need not hear of the end as well, which follows at once.
    for (const ask of standing.filter(({ state, decided }) => state === 'approved' && decided?.person === person)) {
      await note(deps, ask, 'yes');
    }
  }
}
