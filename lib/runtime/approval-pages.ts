import {
  type ChoiceProblem,
  choiceProblem,
  confirmDecision,
  type DecideDeps,
  finishDecision,
  prepareDecision,
  revisit,
} from '../app/approvals/decide.ts';
import { linkOpener } from '../app/approvals/open-link.ts';
import { ownDecision, type PageFactsDeps, shownFacts } from '../app/approvals/page-facts.ts';
import { enterCode, sendCode } from '../app/approvals/prove.ts';
import { isActionable, isWithdrawable, standingOf, type Visit } from '../app/approvals/visit.ts';
import { isSessionOf } from '../core/approvals/link.ts';
import { approvalFacts } from '../core/approvals/view/page.ts';
import { changeSentences, OUTCOMES, promotionSummary } from '../core/approvals/view/summary.ts';
import { type ApprovalFacts, type Choice, type Ended, FIELD, type LinkState } from '../core/pages/model.ts';
import { isOver, type Promotion } from '../core/promotion.ts';
import { answer, Browser, FIELDS, type PageOutcome } from './approval-browser.ts';
import type { PageAnswer, PageRequest } from './page-requests.ts';
import { proofOf, showSignedIn, signedIn, signIn, signInPage } from './sign-in-pages.ts';

export type ApprovalPagesDeps = DecideDeps & PageFactsDeps;

type ShowDeps = ApprovalPagesDeps & { readonly shownFacts: ReturnType<typeof shownFacts> };

/** Pages behind the links of mails. Nothing but a POST with the tokens of a page that this browser was given changes anything. */
export function approvalPages(given: ApprovalPagesDeps) {
  const deps: ShowDeps = { ...given, shownFacts: shownFacts(given) };
  const openLink = linkOpener(given);
  return async (request: PageRequest): Promise<PageOutcome> => {
    if (request.route === 'GET /signed-in') return await showSignedIn(deps, request);
    const visit = await openLink(request.secret);
    if (!visit) return answer({ state: 'unknown' });
    const browser = new Browser(deps, request, visit.link);
    if (request.route.startsWith('GET ')) return await show(deps, visit, browser);
    switch (request.route) {
      case 'POST /signed-in':
        return await signedIn(deps, visit, browser);
      case 'POST /approve/{link}/code':
        return browser.sent('code') ? await askForCode(deps, visit, browser) : browser.stale();
      case 'POST /approve/{link}/session':
        return browser.sent('session') ? await openSession(deps, visit, browser) : browser.stale();
      case 'POST /approve/{link}/decision':
        return await decide(deps, visit, browser);
      default:
        return answer({ state: 'unknown' });
    }
  };
}

async function show(deps: ShowDeps, visit: Visit, browser: Browser): Promise<PageOutcome> {
  const { link } = visit;
  const standing = standingOf(visit, deps.clock());
  // Nothing is carried on by a page of what is over.
  if (standing === 'claimed' && isOver(visit.promotion)) return answer(closed(visit, 'ended'));
  if (standing !== 'open' && standing !== 'claimed' && standing !== 'decided') return answer(closed(visit, standing));
  if (standing === 'decided') return browser.page(await decidedPage(deps, visit, browser));
  const facts = await deps.shownFacts(visit);
  if (link.given && standing === 'claimed') {
    const choice: Choice = link.given.decision === 'approved' ? 'approve' : 'reject';
    const { comment, method } = link.given;
    return browser.page({
      state: 'confirm',
      facts: approvalFacts(facts, link, 'not_by_code'),
      choice,
      comment,
      method: method.kind,
      confirm: browser.form('finish'),
      back: browser.request.home,
    });
  }
  const proof = await proofOf(deps, visit, browser);
  if (proof.method === 'oidc') return signInPage(browser, facts, link, proof);
  if (isSessionOf(link, browser.cookie, deps.clock().toISOString())) {
    return decidePage(browser, approvalFacts(facts, link, 'by_code'));
  }
  return browser.page({ state: 'asked', facts: approvalFacts(facts, link, 'not_by_code'), code: proof.form });
}

type Closed = Exclude<ReturnType<typeof standingOf>, 'open' | 'claimed' | 'decided'>;

function closed({ link, promotion }: Visit, standing: Closed): LinkState {
  switch (standing) {
    case 'dead':
      return { state: 'too_many_tries' };
    case 'expired':
      return { state: 'expired', until: link.until };
    case 'changed':
      return { state: 'changed', changed: changeSentences(promotion.changes) };
    case 'ended':
      return { state: 'ended', ...outcomeOf(promotion) };
    case 'used':
    case 'revoked':
      return { state: standing };
  }
}

function outcomeOf({ id, state, ended_at, updated_at }: Promotion): Ended {
  return { promotion: id, outcome: OUTCOMES[state] ?? 'failed', at: ended_at ?? updated_at };
}

async function decidedPage(deps: ShowDeps, visit: Visit, browser: Browser): Promise<LinkState> {
  const decision = await ownDecision(deps, visit);
  if (!decision) return { state: 'revoked' };
  const { promotion } = visit;
  const isEnded = isOver(promotion);
  const about = isEnded ? outcomeOf(promotion) : promotionSummary(promotion, (await deps.facts(promotion)).input);
  const withdraw = isWithdrawable(visit) ? await proofOf(deps, visit, browser) : undefined;
  return { state: 'decided', about, decision, withdraw };
}

async function askForCode(deps: ShowDeps, visit: Visit, browser: Browser): Promise<PageOutcome> {
  if (!isActionable(visit, deps.clock())) return 'home';
  const sent = await sendCode(deps, visit);
  if (!sent.sent) {
    if ('until' in sent) return answer({ state: 'wait', until: sent.until });
    if ('spent' in sent) return answer({ state: 'no_more_codes' });
    return sent.bar === 'sign_in' ? 'home' : answer({ state: 'barred', because: sent.bar });
  }
  return await codePage(deps, visit, browser, undefined);
}

async function codePage(deps: ShowDeps, visit: Visit, browser: Browser, triesLeft: number | undefined) {
  const facts = approvalFacts(await deps.shownFacts(visit), visit.link, 'not_by_code');
  return browser.page({
    state: 'code',
    facts,
    enter: browser.form('session'),
    resend: browser.form('code'),
    triesLeft,
  });
}

async function openSession(deps: ShowDeps, visit: Visit, browser: Browser): Promise<PageOutcome> {
  if (!isActionable(visit, deps.clock())) return 'home';
  const entered = await enterCode(deps, visit.link, (browser.field(FIELD.code) ?? '').replaceAll(/\s/g, ''));
  if (!entered.right) {
    if (entered.triesLeft === 0) return 'home';
    return entered.triesLeft === undefined ? browser.stale() : await codePage(deps, visit, browser, entered.triesLeft);
  }
  browser.renew(entered.cookie);
  const proven = { ...visit, link: entered.link };
  if (isWithdrawable(proven)) return await confirmPage(deps, proven, browser, 'withdraw', '');
  return decidePage(browser, approvalFacts(await deps.shownFacts(visit), entered.link, 'by_code'));
}

function decidePage(browser: Browser, facts: ApprovalFacts, comment = '', problem?: ChoiceProblem): PageAnswer {
  return browser.page({
    state: 'decide',
    facts,
    provider: undefined,
    decide: browser.form('choose'),
    comment,
    problem,
  });
}

async function decide(deps: ShowDeps, visit: Visit, browser: Browser): Promise<PageOutcome> {
  const step = browser.field(FIELDS.step);
  if (step === 'sign-in' && browser.sent('sign-in')) return await signIn(deps, visit, browser);
  const standing = standingOf(visit, deps.clock());
  if (step === 'finish' && browser.sent('finish')) {
    // Decided by now, it is sent again: whoever waits is told again, as the first time may have got lost.
    if (standing === 'claimed' || standing === 'decided') await finishDecision(deps, visit);
    return 'home';
  }
  if ((step !== 'choose' && step !== 'confirm') || !browser.sent(step)) return browser.stale();
  if (standing === 'decided' && !visit.link.confirm) {
    await finishDecision(deps, visit);
    return 'home';
  }
  if (!isActionable(visit, deps.clock())) return 'home';
  if (!isSessionOf(visit.link, browser.cookie, deps.clock().toISOString())) return browser.stale();
  return step === 'choose' ? await choose(deps, visit, browser) : await confirm(deps, visit, browser);
}

async function choose(deps: ShowDeps, visit: Visit, browser: Browser): Promise<PageOutcome> {
  const { choice, comment } = browser.decision();
  const problem = choiceProblem(choice, comment);
  if (!problem && (choice === 'approve' || choice === 'reject'))
    return await confirmPage(deps, visit, browser, choice, comment);
  const facts = approvalFacts(await deps.shownFacts(visit), visit.link, 'by_code');
  return { ...decidePage(browser, facts, comment, problem), status: 422 };
}

async function confirmPage(
  deps: ShowDeps,
  visit: Visit,
  browser: Browser,
  choice: Choice | 'withdraw',
  comment: string,
): Promise<PageOutcome> {
  const token = await prepareDecision(deps, visit.link, choice, comment);
  if (token === undefined) return browser.stale();
  const facts = approvalFacts(await deps.shownFacts(visit), visit.link, 'by_code');
  const form = browser.form('confirm', { [FIELDS.confirm]: token });
  return browser.page({
    state: 'confirm',
    facts,
    choice,
    comment,
    method: 'code',
    confirm: form,
    back: browser.request.home,
  });
}

async function confirm(deps: ShowDeps, visit: Visit, browser: Browser): Promise<PageOutcome> {
  const decided = await confirmDecision(deps, visit, browser.field(FIELDS.confirm) ?? '');
  if (decided.done) return 'home';
  if (decided.bar) return answer({ state: 'barred', because: decided.bar });
  const now = await revisit(deps, visit.link);
  return now && isActionable(now, deps.clock()) ? browser.stale() : 'home';
}
