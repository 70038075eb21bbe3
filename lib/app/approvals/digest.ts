import { mailTags } from '../../core/approvals/mail-tags.ts';
import { questionOf } from '../../core/approvals/mails.ts';
import { DomainError } from '../../core/errors.ts';
import type { ApprovalQuestion } from '../../core/mail/model.ts';
import type { Ask } from '../../core/promotion.ts';
import type { Asks } from '../promotion/ports.ts';
import { type AskDeps, makeLink } from './ask.ts';
import { reportUnreached } from './feedback.ts';
import { askablePeople } from './people.ts';

export interface DigestDeps
  extends Pick<
    AskDeps,
    | 'clock'
    | 'directory'
    | 'facts'
    | 'incidents'
    | 'ledger'
    | 'links'
    | 'log'
    | 'mailer'
    | 'promotions'
    | 'random'
    | 'registry'
    | 'render'
    | 'store'
  > {
  readonly asks: Pick<Asks, 'open'>;
  readonly settings: Pick<AskDeps['settings'], 'pagesUrl'>;
}

/**
 * Mails everybody who prefers one mail a day all that they are asked, with a link for each. Run once a day; run twice, they get
 * two mails, whose links serve alike.
 *
 * @returns how many mails went out
 */
export async function sendDigests(deps: DigestDeps): Promise<number> {
  const at = deps.clock();
  const questions: Questions = new Map();
  for (const open of await deps.asks.open(deps.log)) {
    try {
      await collect(deps, open, at, questions);
    } catch (error) {
      // What cannot be read is met again by its own reminder; the others are to hear of theirs.
      if (!(error instanceof DomainError) || error.retryAfterMs !== undefined) throw error;
      deps.log.warn(error.code, { promotion: open.promotion, role: open.role, detail: error.message });
    }
  }
  for (const [person, { email, asked }] of questions) {
    const digest = deps.render({ kind: 'digest', questions: asked });
    if (await deps.mailer.send(email, digest, mailTags({ person }))) continue;
    await reportUnreached(deps.incidents, 'refused', { person });
  }
  return questions.size;
}

/** By the people who are asked. */
type Questions = Map<string, { readonly email: string; readonly asked: readonly ApprovalQuestion[] }>;

/** Adds what one ask has to be told of. */
async function collect(
  deps: DigestDeps,
  { promotion: id, role }: Pick<Ask, 'promotion' | 'role'>,
  at: Date,
  questions: Questions,
): Promise<void> {
  const found = await deps.promotions.find(id);
  const ask = found?.asks.find((one) => one.role === role);
  if (!found || ask?.state !== 'asked' || found.promotion.state !== 'awaiting_approval') return;
  const { promotion, asks } = found;
  const facts = await deps.facts(promotion);
  const others = asks.filter((one) => one.role !== role);
  // Those on standby get no digest, whether it comes to them or not.
  for (const person of await askablePeople(deps, { role, at, isLate: true }, facts, others)) {
    if (person.mail !== 'daily') continue;
    const link = await makeLink(deps, promotion, ask, person);
    const { asked } = questions.get(person.id) ?? { asked: [] };
    questions.set(person.id, {
      email: person.email,
      asked: [...asked, questionOf({ promotion, facts, ask, person, link })],
    });
  }
}
