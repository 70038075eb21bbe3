import { type ApprovalMethod, approvalNonce, SIGN_IN_MINUTES } from '../../core/approvals/approval.ts';
import { keyThatSigned, mentions } from '../../core/approvals/id-token.ts';
import { formToken, isSame, type Link } from '../../core/approvals/link.ts';
import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import type { Log } from '../ports.ts';
import { type Chosen, commitDecision, type DecideDeps, draftOf } from './decide.ts';
import type { Acting, Bar, Reach } from './people.ts';
import type { IdentityProvider, Redeemed, SignInAnswer, SignInTerms } from './ports.ts';
import { mustSignIn, personOf } from './prove.ts';
import type { Visit } from './visit.ts';

/** The browser that somebody decides with, and where a provider sends it back to. */
export interface SigningBrowser {
  readonly cookie: string;
  readonly redirectUri: string;
}

/**
 * Why a sign-in came to nothing. `stale`: it was made before, by another browser or too long ago, or what it is about has
 * changed. `other_person`: somebody signed in, and not who was asked.
 */
export type SignInFailure = 'stale' | 'refused' | 'unanswered' | 'other_person';

export type Started =
  | { readonly started: true; readonly url: URL }
  | { readonly started: false; readonly because: SignInFailure | { readonly bar: Bar } };

/**
 * Keeps what somebody decides, and says where they sign in for it: the provider is asked to sign the digest of all that is
 * decided. Until they come back, nothing is.
 */
export async function startSignIn(
  deps: DecideDeps,
  visit: Visit,
  chosen: Chosen,
  browser: SigningBrowser,
): Promise<Started> {
  const now = deps.clock();
  const signing = await signingOf(deps, visit, now);
  if (!signing.ok) return { started: false, because: signing.because };
  const { person } = signing;
  const terms = termsOf(visit, person, chosen, now, browser);
  if (!terms) return { started: false, because: 'stale' };
  const url = await signing.provider.authorize(terms);
  if (!url) return { started: false, because: 'unanswered' };
  const { link } = visit;
  const confirm = { hash: sha256Hex(terms.state), ...chosen, decided_at: now.toISOString() };
  const deputy_for = [...person.deputy_for];
  const saved = await deps.links.save({ ...link, deputy_for, confirm, revision: link.revision + 1 });
  return saved ? { started: true, url } : { started: false, because: 'stale' };
}

/** What somebody signs in for by a state, and has to confirm; undefined when there is nothing, or no more. */
export function signingFor({ confirm }: Pick<Link, 'confirm'>, state: string, now: Date) {
  if (confirm?.decided_at === undefined || !isSame(sha256Hex(state), confirm.hash)) return undefined;
  const decidedAt = new Date(confirm.decided_at);
  const isLate = now.getTime() >= decidedAt.getTime() + SIGN_IN_MINUTES * 60_000;
  return isLate ? undefined : { ...confirm, decidedAt };
}

/** Id of the link that a state is about; undefined for what is no state of ours. */
export function linkOfState(state: string): string | undefined {
  return /^([0-9a-f]{64})\.[\w-]{43}$/.exec(state)?.[1];
}

export type Finished =
  | { readonly done: true }
  /** Null: the page says what is so now. */
  | { readonly done: false; readonly because: SignInFailure | { readonly bar: Bar } | null };

/**
 * Redeems what somebody came back with, and does what they signed in for.
 *
 * The state ends before the code is redeemed: of two who come at once one asks the provider, which takes a code that is sent
 * twice for stolen. Crash after that: nothing is decided, and they sign in again.
 */
export async function finishSignIn(
  deps: DecideDeps & { readonly log: Log },
  visit: Visit,
  answer: SignInAnswer,
  browser: SigningBrowser,
): Promise<Finished> {
  const now = deps.clock();
  const pending = signingFor(visit.link, answer.state, now);
  if (!pending) return { done: false, because: 'stale' };
  const signing = await signingOf(deps, visit, now);
  if (!signing.ok) return { done: false, because: signing.because };
  const { provider, person } = signing;
  const terms = termsOf(visit, person, pending, pending.decidedAt, browser);
  // Of another browser, or of what has changed since: its secrets follow from both.
  if (!terms || !isSame(terms.state, answer.state)) return { done: false, because: 'stale' };
  const link: Link = { ...visit.link, confirm: null, revision: visit.link.revision + 1 };
  if (!(await deps.links.save(link))) return { done: false, because: null };
  const redeemed = await provider.redeem(answer, terms);
  if (!redeemed.ok) return { done: false, because: redeemed.because };
  const proven = provenBy(deps, redeemed, provider, person, terms.nonce);
  if (typeof proven === 'string') return { done: false, because: proven };
  const decided = await commitDecision(deps, { ...visit, link }, terms.draft, proven);
  return decided.done ? decided : { done: false, because: decided.bar ? { bar: decided.bar } : null };
}

async function signingOf(deps: DecideDeps, visit: Visit, now: Date) {
  const person = await personOf(deps, visit, now);
  if (typeof person === 'string') return { ok: false, because: { bar: person } } as const;
  const { provider } = deps;
  if (!provider || !mustSignIn(deps, person)) return { ok: false, because: 'stale' } as const;
  return { ok: true, provider, person } as const;
}

/**
 * Everything that a sign-in is bound to. State and verifier follow from the browser's secret, so that no table holds what
 * could redeem a code, and what was begun in one browser ends in no other.
 */
function termsOf(visit: Visit, person: Acting, chosen: Chosen, at: Date, browser: SigningBrowser) {
  const draft = draftOf(visit, person, chosen, at);
  if (!draft) return undefined;
  const { id, model } = visit.link;
  const nonce = approvalNonce(model, draft);
  const secret = (step: string) => formToken(browser.cookie, id, `${step} ${nonce}`);
  const terms: SignInTerms = {
    redirectUri: browser.redirectUri,
    state: `${id}.${secret('state')}`,
    nonce,
    verifier: secret('verifier'),
  };
  return { ...terms, draft };
}

function provenBy(
  { log }: { readonly log: Log },
  { idToken: id_token, jwks }: Extract<Redeemed, { readonly ok: true }>,
  { issuer, clientId: client_id }: IdentityProvider,
  { email, oidc_subject }: Reach,
  nonce: string,
): ApprovalMethod | SignInFailure {
  try {
    const { key, claims } = keyThatSigned(id_token, jwks, { issuer, client_id, nonce });
    if (claims.sub !== oidc_subject) return 'other_person';
    if (!mentions(id_token, email)) return { kind: 'oidc', strength: 'stronger', issuer, client_id, id_token, key };
    log.warn('sign-in-refused', { reason: 'the ID token has an address, which evidence may not hold' });
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    // Never the token: the message says what is wrong with it.
    log.warn('sign-in-refused', { reason: error.message });
  }
  return 'refused';
}
