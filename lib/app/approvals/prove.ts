import {
  CODE_MINUTES,
  CODE_PAUSE_SECONDS,
  CODE_TRIES,
  CODES_PER_LINK,
  codeText,
  hashCode,
  isSame,
  type Link,
  SECRET_BYTES,
  SESSION_MINUTES,
} from '../../core/approvals/link.ts';
import { mailTags } from '../../core/approvals/mail-tags.ts';
import { codeMail } from '../../core/approvals/mails.ts';
import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import type { MailContent, RenderedMail } from '../../core/mail/model.ts';
import type { ApproversOfDeps } from '../directory/approvers-of.ts';
import type { ReadFacts } from './facts.ts';
import { type Acting, type Bar, findPerson, findReach, type Reach } from './people.ts';
import type { IdentityProvider, Mailer, RandomBytes } from './ports.ts';
import { isWithdrawable, type Visit, type VisitDeps } from './visit.ts';

export interface ProveDeps extends VisitDeps, ApproversOfDeps {
  readonly facts: ReadFacts;
  readonly mailer: Mailer;
  readonly render: (mail: MailContent) => RenderedMail;
  readonly random: RandomBytes;
  /** A whole number from 0 to 99,999,999, each as likely as the other. */
  readonly randomCode: () => number;
  /** Undefined where nobody signs in, and a code has to do. */
  readonly provider: IdentityProvider | undefined;
}

/** Whether somebody has to sign in. Who can prove it in the stronger way is not heard in the weaker one: their mail may be read by others. */
export function mustSignIn({ provider }: Pick<ProveDeps, 'provider'>, { oidc_subject }: Reach): boolean {
  return provider !== undefined && oidc_subject !== undefined;
}

export type Sent =
  | { readonly sent: true }
  /** The code before it was sent too short a while ago. */
  | { readonly sent: false; readonly until: string }
  /** All codes of the link were sent: the last of them still serves for its time. */
  | { readonly sent: false; readonly spent: true }
  | { readonly sent: false; readonly bar: Bar | 'sign_in' };

/**
 * Sends a code to the address that the directory has for the person, wherever the link went. The code before it ends.
 *
 * Crash after the link was saved: no mail comes; another is asked for after the pause. So it is where SES takes none.
 */
export async function sendCode(deps: ProveDeps, visit: Visit): Promise<Sent> {
  const { link, promotion } = visit;
  const now = deps.clock();
  if (link.codes >= CODES_PER_LINK) return { sent: false, spent: true };
  const wait = waitUntil(link, now);
  if (wait !== undefined) return { sent: false, until: wait };
  const found = await personOf(deps, visit, now);
  if (typeof found === 'string') return { sent: false, bar: found };
  if (mustSignIn(deps, found)) return { sent: false, bar: 'sign_in' };
  const code = codeText(deps.randomCode());
  const salt = deps.random(SECRET_BYTES).toString('base64url');
  const sent: Link = {
    ...link,
    deputy_for: [...found.deputy_for],
    code: { salt, hash: hashCode(code, salt), until: after(now, CODE_MINUTES) },
    codes: link.codes + 1,
    code_sent_at: now.toISOString(),
    revision: link.revision + 1,
  };
  // Whoever pressed the button twice gets one mail.
  if (!(await deps.links.save(sent))) return { sent: true };
  const mail = deps.render(codeMail({ promotion, facts: await deps.facts(promotion) }, code));
  const about = mailTags({ person: found.id, promotion: promotion.id, role: link.role });
  try {
    await deps.mailer.send(found.email, mail, about);
  } catch (error) {
    // No mail brings it, so it is none of those that the link has; the pause stays.
    await deps.links.save({ ...sent, code: null, codes: link.codes, revision: sent.revision + 1 });
    throw error;
  }
  if (sent.codes === CODES_PER_LINK) reportDead(deps.log, sent);
  return { sent: true };
}

/** Who the link is for, if they may still act by it. An approval may be taken back by whoever gave it, with the role or without. */
export async function personOf(
  deps: Omit<ProveDeps, 'links' | 'promotions' | 'provider'>,
  visit: Visit,
  at: Date,
): Promise<Acting | Bar> {
  const { link, promotion, others } = visit;
  if (isWithdrawable(visit)) {
    const reach = await findReach(deps, link.person);
    return reach ? { ...reach, deputy_for: [] } : 'role';
  }
  const asked = { person: link.person, role: link.role, round: promotion.round, at };
  const found = await findPerson(deps, asked, await deps.facts(promotion), others);
  return found ? (found.bar ?? found.person) : ('role' as const);
}

/** When another code may be asked for; undefined when one may be at once. */
function waitUntil({ code_sent_at }: Link, now: Date): string | undefined {
  if (code_sent_at === null) return undefined;
  const next = new Date(Date.parse(code_sent_at) + CODE_PAUSE_SECONDS * 1000);
  return now < next ? next.toISOString() : undefined;
}

export type Entered =
  /** The cookie of the session that begins. */
  | { readonly right: true; readonly cookie: string; readonly link: Link }
  /** 0: the link is dead. */
  | { readonly right: false; readonly triesLeft: number }
  /** There is no code to be entered, or its time is over. */
  | { readonly right: false; readonly triesLeft: undefined };

/** Races of one link are settled this often; more at a time is an attack. */
const ATTEMPTS = 5;

/**
 * Checks a code. What comes of it is told only when it was written, in one write: so however many are tried at once, each that
 * is answered has cost a try.
 */
export async function enterCode(
  deps: Pick<ProveDeps, 'links' | 'clock' | 'random' | 'log'>,
  link: Link,
  code: string,
): Promise<Entered> {
  let standing: Link | undefined = link;
  for (let attempt = 0; attempt < ATTEMPTS && standing; attempt++) {
    const now = deps.clock();
    const { code: wanted, tries }: Link = standing;
    if (!wanted || now.toISOString() >= wanted.until || tries >= CODE_TRIES) {
      return { right: false, triesLeft: undefined };
    }
    const cookie = deps.random(SECRET_BYTES).toString('base64url');
    const isRight = isSame(hashCode(code, wanted.salt), wanted.hash);
    const outcome: Link = isRight
      ? { ...standing, code: null, session: { hash: sha256Hex(cookie), until: after(now, SESSION_MINUTES) } }
      : { ...standing, ...wrongTry(standing) };
    const written = { ...outcome, revision: standing.revision + 1 };
    if (await deps.links.save(written)) {
      if (!isRight) reportWrong(deps.log, written);
      return isRight ? { right: true, cookie, link: written } : { right: false, triesLeft: CODE_TRIES - tries - 1 };
    }
    standing = await deps.links.find(link.id);
  }
  throw new DomainError('REVISION_CONFLICT', 'the link is busy', { retryAfterMs: 1000 });
}

/** Whoever tries codes at a link has it from somebody's mail. Never the code, or the link. */
function reportWrong(log: ProveDeps['log'], link: Link): void {
  const { promotion, role, person, tries } = link;
  if (tries < CODE_TRIES) log.info('code-wrong', { promotion, role, person, tries });
  else reportDead(log, link);
}

/** Of wrong codes, or of codes that were asked for again and again: whoever has the link can do both without being its owner. */
function reportDead(log: ProveDeps['log'], { promotion, role, person, tries, codes }: Link): void {
  log.warn('link-dead', { promotion, role, person, tries, codes });
}

function wrongTry({ tries, state }: Link): Partial<Link> {
  const isLast = tries + 1 >= CODE_TRIES;
  // What was decided by the link stays decided; only taking it back is over then.
  return { tries: tries + 1, ...(isLast ? { code: null, state: state === 'open' ? 'dead' : state } : {}) };
}

function after(now: Date, minutes: number): string {
  return new Date(now.getTime() + minutes * 60_000).toISOString();
}
