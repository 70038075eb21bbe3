import { mailTags } from '../../core/approvals/mail-tags.ts';
import { endedMail } from '../../core/approvals/mails.ts';
import type { GateInput } from '../../core/gate/input.ts';
import { type Ask, isOver, type Promotion } from '../../core/promotion.ts';
import type { ApproversOfDeps } from '../directory/approvers-of.ts';
import type { Asks, Promotions } from '../promotion/ports.ts';
import { requireStanding } from '../promotion/state.ts';
import { unlessBroken } from '../unless-broken.ts';
import { type AskDeps, saved } from './ask.ts';
import { reportUnreached } from './feedback.ts';
import { findReach } from './people.ts';

export interface TellEndedDeps extends ApproversOfDeps, Pick<AskDeps, 'facts' | 'incidents' | 'mailer' | 'render'> {
  readonly promotions: Pick<Promotions, 'find'>;
  readonly asks: Pick<Asks, 'save'>;
}

/**
 * Mails those whose approvals stood that the promotion ended without a release, and why. Who prefers one mail a day hears of it
 * with the next.
 *
 * Crash after a mail: whoever got it gets it again.
 *
 * @returns the ids of those who were mailed
 * @throws DomainError worth a retry when SES takes no mail
 */
export async function tellEnded(deps: TellEndedDeps, id: string): Promise<readonly string[]> {
  const { promotion, asks } = await requireStanding(deps.promotions, id);
  const told: string[] = [];
  for (const ask of untold(promotion, asks)) {
    const reach = await findReach(deps, ask.decided.person);
    if (!reach) continue;
    if (reach.mail === 'daily') {
      await note(deps, ask, 'with_digest');
      continue;
    }
    const mail = deps.render(endedMail(promotion, await inputOf(deps, promotion), asks));
    const about = { person: reach.id, promotion: id, role: ask.role };
    if (!(await deps.mailer.send(reach.email, mail, mailTags(about)))) {
      await reportUnreached(deps.incidents, 'refused', about);
    }
    await note(deps, ask, 'yes');
    told.push(reach.id);
  }
  return told;
}

/** Notes that whoever approved was told of the end, or will be. */
export async function note(
  deps: Pick<TellEndedDeps, 'asks'>,
  ask: Ask,
  end_told: NonNullable<Ask['end_told']>,
): Promise<void> {
  await saved(deps, { ...ask, end_told, revision: ask.revision + 1 });
}

/**
 * Approvals that stood when the promotion ended, and whose givers have not heard of it: also of an earlier round, where the next
 * ended before their role was asked anew, as that is what takes their place.
 */
function untold(promotion: Promotion, asks: readonly Ask[]) {
  if (!isOver(promotion) || promotion.state === 'released') return [];
  return asks.flatMap((ask) => {
    const { state, decided, end_told } = ask;
    return state === 'approved' && decided && !end_told ? [{ ...ask, decided }] : [];
  });
}

/** What people were asked about; undefined where it cannot be read any more, which may be why the promotion ended. */
export async function inputOf(
  { facts, log }: Pick<TellEndedDeps, 'facts' | 'log'>,
  promotion: Promotion,
): Promise<GateInput | undefined> {
  return (await unlessBroken(log, { promotion: promotion.id }, facts(promotion)))?.input;
}
