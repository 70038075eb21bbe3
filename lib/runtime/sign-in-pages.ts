import { choiceProblem, type DecideDeps } from '../app/approvals/decide.ts';
import type { shownFacts } from '../app/approvals/page-facts.ts';
import type { Bar } from '../app/approvals/people.ts';
import { mustSignIn, personOf } from '../app/approvals/prove.ts';
import {
  finishSignIn,
  linkOfState,
  type SignInFailure,
  type SigningBrowser,
  signingFor,
  startSignIn,
} from '../app/approvals/sign-in.ts';
import { isActionable, isWithdrawable, type Visit, visitOf } from '../app/approvals/visit.ts';
import type { Link } from '../core/approvals/link.ts';
import { approvalFacts, type PageFacts } from '../core/approvals/view/page.ts';
import { type Choice, FIELD, type Form, type Proof } from '../core/pages/model.ts';
import { answer, type Browser, type PageOutcome } from './approval-browser.ts';
import { type PageAnswer, type PageRequest, returnCookie } from './page-requests.ts';

type SignInPagesDeps = DecideDeps & { readonly shownFacts: ReturnType<typeof shownFacts> };

const SIGNED_IN = '/signed-in';

/** What providers call what they send people back with. */
const RETURNED = { state: 'state', code: 'code', iss: 'iss' } as const;

/** Longest parameter that is handed on. Codes have some hundred characters, at times a thousand. */
const MAX_PARAMETER = 4096;

/** How the bearer of a link is to prove who they are, with the form that begins it. */
export async function proofOf(deps: SignInPagesDeps, visit: Visit, browser: Browser): Promise<Proof> {
  const { provider } = deps;
  const person = provider && (await personOf(deps, visit, deps.clock()));
  // Who may not act at all is told so when they do.
  if (!provider || person === undefined || typeof person === 'string' || !mustSignIn(deps, person)) {
    return { method: 'code', form: browser.form('code') };
  }
  const withdrawal = isWithdrawable(visit) ? { [FIELD.decision]: 'withdraw' } : {};
  return { method: 'oidc', provider: new URL(provider.issuer).host, form: browser.form('sign-in', withdrawal) };
}

/** The first step of who signs in: all facts, and the decision that they will sign in for. */
export function signInPage(
  browser: Browser,
  facts: PageFacts,
  link: Link,
  { provider, form: decide }: Extract<Proof, { readonly method: 'oidc' }>,
  comment = '',
  problem: ReturnType<typeof choiceProblem> = undefined,
): PageAnswer {
  const shown = approvalFacts(facts, link, 'not_signed_in');
  return browser.page({ state: 'decide', facts: shown, provider, decide, comment, problem });
}

/** The second step: the form of the first was sent, and a link leads to the provider. */
export async function signIn(deps: SignInPagesDeps, visit: Visit, browser: Browser): Promise<PageOutcome> {
  if (!isActionable(visit, deps.clock())) return 'home';
  const { choice, comment } = browser.decision();
  const wanted = choiceOf(visit, choice);
  const problem = wanted === 'withdraw' ? undefined : choiceProblem(choice, comment);
  const facts = await deps.shownFacts(visit);
  if (problem || !wanted) {
    const proof = await proofOf(deps, visit, browser);
    if (proof.method === 'code') return 'home';
    return { ...signInPage(browser, facts, visit.link, proof, comment, problem), status: 422 };
  }
  const started = await startSignIn(deps, visit, { choice: wanted, comment }, signing(browser));
  if (!started.started) return failed(started.because, browser.request.home);
  const { url } = started;
  const page = browser.page({
    state: 'sign_in',
    facts: approvalFacts(facts, visit.link, 'not_signed_in'),
    choice: wanted,
    comment,
    provider: url.host,
    url: url.href,
    back: browser.request.home,
  });
  const way = [returnCookie(url.searchParams.get(RETURNED.state) ?? ''), browser.request.secret] as const;
  return { ...page, cookies: [...(page.cookies ?? []), way] };
}

/**
 * Where the provider sends the browser back to. It is a request of another site, so it has no cookie; it shows what a form
 * would do, and does nothing: not even the code is redeemed.
 */
export async function showSignedIn(deps: SignInPagesDeps, { query, base }: PageRequest): Promise<PageOutcome> {
  const state = query.get(RETURNED.state) ?? '';
  const id = linkOfState(state);
  const link = id === undefined ? undefined : await deps.links.find(id);
  const visit = link && (await visitOf(deps.promotions, link));
  const pending = link && signingFor(link, state, deps.clock());
  if (!visit || !pending || !isActionable(visit, deps.clock())) return failed('stale', undefined);
  const code = query.get(RETURNED.code);
  // Of an error that the provider tells instead, nothing is shown: anybody can write one into an address.
  if (code === undefined || [...query.values()].some(({ length }) => length > MAX_PARAMETER)) {
    return failed('refused', undefined);
  }
  const iss = query.get(RETURNED.iss);
  const confirm: Form = {
    action: base + SIGNED_IN,
    hidden: { [RETURNED.state]: state, [RETURNED.code]: code, ...(iss === undefined ? {} : { [RETURNED.iss]: iss }) },
  };
  const facts = approvalFacts(await deps.shownFacts(visit), visit.link, 'not_signed_in');
  const { choice, comment } = pending;
  // No cookie is given out: the browser has the one that this was begun with.
  return answer({ state: 'confirm', facts, choice, comment, method: 'oidc', confirm, back: undefined });
}

/** The last step, by the form that {@link showSignedIn} showed. Its token is the state, which follows from the browser's cookie. */
export async function signedIn(deps: SignInPagesDeps, visit: Visit, browser: Browser): Promise<PageOutcome> {
  const [state, code] = [browser.field(RETURNED.state), browser.field(RETURNED.code)];
  if (!browser.isFromUs || state === undefined || code === undefined || linkOfState(state) !== visit.link.id) {
    return failed('stale', browser.request.home);
  }
  const finished = await finishSignIn(deps, visit, { state, code, iss: browser.field(RETURNED.iss) }, signing(browser));
  return finished.done || finished.because === null ? 'home' : failed(finished.because, browser.request.home);
}

function choiceOf(visit: Visit, choice: string | undefined): Choice | 'withdraw' | undefined {
  if (isWithdrawable(visit)) return choice === 'withdraw' ? choice : undefined;
  return choice === 'approve' || choice === 'reject' ? choice : undefined;
}

function signing({ secret, request: { base } }: Browser): SigningBrowser {
  return { cookie: secret, redirectUri: base + SIGNED_IN };
}

function failed(because: SignInFailure | { readonly bar: Bar }, back: string | undefined): PageAnswer {
  return answer(
    typeof because === 'string'
      ? { state: 'sign_in_failed', because, back }
      : { state: 'barred', because: because.bar },
  );
}
