import { type ApprovalDeskTask, PromotionError, type PromotionErrorName } from '../../contracts/promotion.ts';
import { isRole } from '../../core/approvals/approval.ts';
import { type Link, newLink, SECRET_BYTES } from '../../core/approvals/link.ts';
import { type MailAbout, mailTags } from '../../core/approvals/mail-tags.ts';
import { type MailFacts, questionMail } from '../../core/approvals/mails.ts';
import type { AskablePerson } from '../../core/approver.ts';
import { DomainError } from '../../core/errors.ts';
import type { MailContent, RenderedMail } from '../../core/mail/model.ts';
import { type Ask, closed, isOver, type Promotion } from '../../core/promotion.ts';
import type { ApproversOfDeps } from '../directory/approvers-of.ts';
import type { Registry } from '../ports.ts';
import { PromotionFailure } from '../promotion/failure.ts';
import type { Incidents } from '../promotion/incidents.ts';
import type { Asks, Promotions, Tokens } from '../promotion/ports.ts';
import { honourAbort, noteFailure, requireStanding } from '../promotion/state.ts';
import type { ReadFacts } from './facts.ts';
import { reportUnreached } from './feedback.ts';
import { awaitMail, noteOutage, unlessDown } from './mail-outage.ts';
import { askablePeople } from './people.ts';
import type { Mailer, RandomBytes } from './ports.ts';
import { answerWait, endApproval, type RecordDeps, recordDecision, tokenContext } from './record.ts';

export interface AskDeps extends Omit<RecordDeps, 'registry'>, Pick<ApproversOfDeps, 'directory' | 'ledger'> {
  readonly registry: Pick<Registry, 'evidenceKey' | 'evidenceKeys'>;
  readonly promotions: Pick<Promotions, 'find' | 'save'>;
  readonly asks: Pick<Asks, 'save'>;
  readonly tokens: Pick<Tokens, 'seal'>;
  readonly facts: ReadFacts;
  readonly mailer: Mailer;
  readonly render: (mail: MailContent) => RenderedMail;
  readonly incidents: Incidents;
  readonly random: RandomBytes;
  readonly settings: AskSettings;
}

export interface AskSettings {
  /** Seconds between two reminders, and how many there are. */
  readonly reminderSeconds: number;
  readonly reminders: number;
  /** From this reminder on those on standby are asked too, and those mailed at once who prefer one mail a day. */
  readonly escalateAfter: number;
  /** Base of the pages, with a slash at its end. */
  readonly pagesUrl: string;
}

/**
 * Asks one role for its approval: everybody who holds it, has no other duty in the promotion, and is there, or their deputies.
 * Who decides first decides; the wait is answered by then.
 *
 * May run twice and die anywhere. Before the ask is written with its links nobody was told. After a mail and before it is noted:
 * whoever got it gets another with a link of its own, and either link serves; so mails come at least once.
 *
 * @throws PromotionFailure NobodyToAsk; MailUnavailable, worth hours of retries; what ends a promotion that is cancelled or superseded
 * @throws DomainError worth a retry when the ask is busy
 */
export async function askApproval(deps: AskDeps, task: ApprovalDeskTask): Promise<void> {
  const found = await deps.promotions.find(task.promotion);
  if (!found) throw new DomainError('NOT_FOUND', `there is no promotion ${task.promotion}`);
  const { promotion, asks } = found;
  const read = asks.find(({ role }) => role === task.role);
  if (isOver(promotion)) return await endAsk(deps, task, read);
  honourAbort(promotion);
  const known = await settled(deps, promotion, read);
  // A newer round has begun, and whoever began it died before this wait was ended.
  if (promotion.round > task.round) return await endWait(deps, task, PromotionError.changed);
  if (known?.round === task.round && known.state !== 'asked') {
    return await answerWait(deps, promotion, known, task.token);
  }
  const at = deps.clock();
  // The map of waits has begun again in the round, or mail was down for all of it: its links hold no more, whatever its reminders count.
  if (known?.round === task.round && known.until <= at.toISOString()) {
    await noteOutage(deps, promotion, known);
    return await endWait(deps, task, PromotionError.expired);
  }
  // What was approved in an earlier round is asked anew, so it counts no more.
  if (known?.state === 'approved') await endApproval(deps, promotion, known, { decision: 'fallen', method: null });
  const others = asks.filter(({ role }) => role !== task.role);
  const facts = await deps.facts(promotion);
  const isLate = task.reminder >= deps.settings.escalateAfter;
  const people = isRole(task.role)
    ? await askablePeople(deps, { role: task.role, round: task.round, at, isLate }, facts, others)
    : [];
  if (people.length === 0) await nobody(deps, promotion, task.role);

  const isAsRead = known === read && known?.state !== 'approved';
  const standing = isAsRead ? read : await current(deps, task);
  const ask: Ask = {
    ...(standing?.round === task.round ? standing : freshAsk(deps, task)),
    people: people.map(({ id, deputy_for }) => ({ person: id, deputy_for })),
    reminders: task.reminder,
    mailed: standing?.round === task.round && standing.reminders === task.reminder ? standing.mailed : [],
    token: await deps.tokens.seal(task.token, tokenContext(task)),
    revision: (standing?.revision ?? 0) + 1,
  };
  const letters = people
    .filter(({ id, mail }) => (mail !== 'daily' || isLate) && !ask.mailed.includes(id))
    .map((person) => ({ person, ...linkFor(deps, promotion, ask, person) }));
  const links = letters.map(({ link }) => link);
  if (!(await deps.approvals.ask(ask, links.slice(0, LINKS_AT_ONCE), promotion))) return await endUnasked(deps, task);
  for (const link of links.slice(LINKS_AT_ONCE)) await savedLink(deps, link);
  await mailAll(deps, { promotion, facts, ask, known }, letters);
}

/** Links that are written with what is asked: a transaction takes a hundred items. */
const LINKS_AT_ONCE = 90;

/** Whoever stopped the promotion, or had everybody asked anew, before the token lay there could not end this wait. */
async function endUnasked(deps: AskDeps, task: ApprovalDeskTask): Promise<void> {
  const { promotion, asks } = await requireStanding(deps.promotions, task.promotion);
  const ask = asks.find(({ role }) => role === task.role);
  if (isOver(promotion)) return await endAsk(deps, task, ask);
  honourAbort(promotion);
  if (promotion.round > task.round) return await endWait(deps, task, PromotionError.changed);
  throw new DomainError('REVISION_CONFLICT', 'the promotion, or what is asked in it, changed meanwhile', {
    retryAfterMs: 500,
  });
}

/** Of a promotion that ended past this wait. Its end closes what is asked, and may have done so before this was. */
async function endAsk(deps: AskDeps, task: ApprovalDeskTask, ask: Ask | undefined): Promise<void> {
  if (ask?.state === 'asked') await saved(deps, closed(ask));
  await endWait(deps, task, PromotionError.cancelled);
}

async function endWait({ waits }: AskDeps, { token }: ApprovalDeskTask, error: PromotionErrorName): Promise<void> {
  await waits.fail(token, error);
}

/** The ask with its decision recorded, where somebody who decided died before that. */
async function settled(deps: AskDeps, promotion: Promotion, ask: Ask | undefined): Promise<Ask | undefined> {
  return ask?.state === 'asked' && ask.deciding ? await recordDecision(deps, promotion, ask) : ask;
}

async function current(deps: AskDeps, { promotion, role }: ApprovalDeskTask): Promise<Ask | undefined> {
  return (await deps.promotions.find(promotion))?.asks.find((ask) => ask.role === role);
}

function freshAsk({ clock, settings }: AskDeps, { promotion, role, round }: ApprovalDeskTask) {
  const now = clock();
  const until = new Date(now.getTime() + settings.reminderSeconds * 1000 * (settings.reminders + 1));
  const dates = { asked_at: now.toISOString(), until: until.toISOString() };
  return { promotion, role, round, state: 'asked' as const, ...dates, deciding: null, decided: null };
}

export async function saved(deps: Pick<AskDeps, 'asks'>, ask: Ask): Promise<Ask> {
  if (await deps.asks.save(ask)) return ask;
  throw new DomainError('REVISION_CONFLICT', 'the ask changed meanwhile', { retryAfterMs: 500 });
}

async function nobody(deps: AskDeps, promotion: Promotion, role: string): Promise<never> {
  const failure = new PromotionFailure(
    PromotionError.nobody,
    'NOBODY_TO_ASK',
    `nobody may be asked as ${role}: the directory names nobody who is there, or all have another duty in this promotion`,
  );
  await noteFailure(deps, promotion, failure);
  throw failure;
}

interface Asked {
  readonly promotion: Promotion;
  readonly facts: MailFacts['facts'];
  readonly ask: Ask;
  /** What this role was asked before. */
  readonly known: Ask | undefined;
}

/** A link and whom it is for. One that was made and never mailed opens nothing: nobody knows its secret. */
interface Letter {
  readonly person: AskablePerson;
  readonly url: string;
}

async function mailAll(deps: AskDeps, asked: Asked, letters: readonly Letter[]): Promise<void> {
  let { ask } = asked;
  for (const letter of letters) {
    const { person } = letter;
    const about = { person: person.id, promotion: ask.promotion, role: ask.role };
    const isTaken = await mailLink(deps, { ...asked, ask }, letter, about);
    if (isTaken === undefined) return await awaitMail(deps, ask);
    if (!isTaken) await reportUnreached(deps.incidents, 'refused', about);
    ask = await saved(deps, { ...ask, mailed: [...ask.mailed, person.id], revision: ask.revision + 1 });
  }
  if (ask.mail_down_since) await saved(deps, { ...ask, mail_down_since: null, revision: ask.revision + 1 });
}

/** @returns as {@link unlessDown} */
async function mailLink(
  deps: AskDeps,
  { promotion, facts, ask, known }: Asked,
  { person, url: link }: Letter,
  about: MailAbout,
): Promise<boolean | undefined> {
  const isNew = known?.round === ask.round && !known.people.some((one) => one.person === person.id);
  const mail = questionMail({ promotion, facts, ask, person, link, isNew });
  return await unlessDown(deps.log, deps.mailer.send(person.email, deps.render(mail), mailTags(about)));
}

type LinkDeps = Pick<AskDeps, 'links' | 'random' | 'clock'> & { readonly settings: Pick<AskSettings, 'pagesUrl'> };

/** @returns its address */
export async function makeLink(
  deps: LinkDeps,
  promotion: Pick<Promotion, 'id' | 'model'>,
  ask: Pick<Ask, 'role' | 'round' | 'until'>,
  person: Pick<AskablePerson, 'id' | 'deputy_for'>,
): Promise<string> {
  const { link, url } = linkFor(deps, promotion, ask, person);
  await savedLink(deps, link);
  return url;
}

async function savedLink({ links }: Pick<AskDeps, 'links'>, link: Link): Promise<void> {
  if (!(await links.save(link))) throw new Error('a link of the same secret is there');
}

/** A link that is not there yet, with its address. */
function linkFor(
  { random, settings, clock }: Omit<LinkDeps, 'links'>,
  { id, model }: Pick<Promotion, 'id' | 'model'>,
  { role, round, until }: Pick<Ask, 'role' | 'round' | 'until'>,
  { id: person, deputy_for }: Pick<AskablePerson, 'id' | 'deputy_for'>,
): { readonly link: Link; readonly url: string } {
  const secret = random(SECRET_BYTES).toString('base64url');
  const made_at = clock().toISOString();
  const terms = { promotion: id, model, role, round, person, deputy_for: [...deputy_for], made_at, until };
  return { link: newLink(secret, terms), url: `${settings.pagesUrl}approve/${secret}` };
}
