import { mailTags } from '../../core/approvals/mail-tags.ts';
import { endOf, questionOf } from '../../core/approvals/mails.ts';
import type { ApprovalQuestion, EndNotice } from '../../core/mail/model.ts';
import type { Ask } from '../../core/promotion.ts';
import type { Asks } from '../promotion/ports.ts';
import { unlessBroken } from '../unless-broken.ts';
import { type AskDeps, makeLink } from './ask.ts';
import { reportUnreached } from './feedback.ts';
import { askablePeople, findReach, type Reach } from './people.ts';
import { inputOf, note } from './tell-ended.ts';

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
  readonly asks: Pick<Asks, 'open' | 'save' | 'untold'>;
  readonly settings: Pick<AskDeps['settings'], 'pagesUrl'>;
}

/**
 * Mails everybody who prefers one mail a day all that they are asked, with a link for each, and what ended without a release that
 * they had approved. Run once a day; run twice, they get two mails, whose links serve alike.
 *
 * @returns how many mails went out
 */
export async function sendDigests(deps: DigestDeps): Promise<number> {
  const at = deps.clock();
  const news: News = new Map();
  const about = ({ promotion, role }: Ask) => ({ promotion, role });
  for (const ask of await deps.asks.open(deps.log)) {
    await unlessBroken(deps.log, about(ask), collect(deps, ask, at, news));
  }
  for (const ask of await deps.asks.untold(deps.log)) {
    await unlessBroken(deps.log, about(ask), collectEnd(deps, ask, news));
  }
  for (const [person, { email, asked, ended }] of news) {
    const digest = deps.render({ kind: 'digest', questions: asked, ended: ended.map(({ end }) => end) });
    if (!(await deps.mailer.send(email, digest, mailTags({ person })))) {
      await reportUnreached(deps.incidents, 'refused', { person });
    }
    for (const { ask } of ended) await note(deps, ask, 'yes');
  }
  return news.size;
}

interface OnesNews {
  readonly email: string;
  readonly asked: readonly ApprovalQuestion[];
  readonly ended: readonly { readonly ask: Ask; readonly end: EndNotice }[];
}

/** By the people who are told. */
type News = Map<string, OnesNews>;

function add(news: News, { id, email }: Reach, more: Partial<OnesNews>): void {
  const { asked, ended } = news.get(id) ?? { asked: [], ended: [] };
  news.set(id, { email, asked: [...asked, ...(more.asked ?? [])], ended: [...ended, ...(more.ended ?? [])] });
}

/** Adds an end that one who approved has not heard of. */
async function collectEnd(deps: DigestDeps, { promotion: id, role }: Ask, news: News): Promise<void> {
  const found = await deps.promotions.find(id);
  const ask = found?.asks.find((one) => one.role === role);
  if (!found || ask?.end_told !== 'with_digest' || !ask.decided) return;
  const reach = await findReach(deps, ask.decided.person);
  if (!reach) return await note(deps, ask, 'yes');
  const end = endOf(found.promotion, await inputOf(deps, found.promotion), found.asks);
  add(news, reach, { ended: [{ ask, end }] });
}

/** Adds what one ask has to be told of. */
async function collect(
  deps: DigestDeps,
  { promotion: id, role }: Pick<Ask, 'promotion' | 'role'>,
  at: Date,
  news: News,
): Promise<void> {
  const found = await deps.promotions.find(id);
  const ask = found?.asks.find((one) => one.role === role);
  if (!found || ask?.state !== 'asked' || found.promotion.state !== 'awaiting_approval') return;
  const { promotion, asks } = found;
  const facts = await deps.facts(promotion);
  const others = asks.filter((one) => one.role !== role);
  // Those on standby get no digest, whether it comes to them or not.
  for (const person of await askablePeople(deps, { role, round: promotion.round, at, isLate: true }, facts, others)) {
    if (person.mail !== 'daily') continue;
    const link = await makeLink(deps, promotion, ask, person);
    add(news, person, { asked: [questionOf({ promotion, facts, ask, person, link })] });
  }
}
