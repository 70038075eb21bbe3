import {
  choiceProblem,
  confirmDecision,
  type DecideDeps,
  finishDecision,
  prepareDecision,
  revisit,
} from '../app/approvals/decide.ts';
import { type PageFactsDeps, shownFacts } from '../app/approvals/page-facts.ts';
import { enterCode, sendCode } from '../app/approvals/prove.ts';
import { isActionable, isWithdrawable, openLink, standingOf, type Visit } from '../app/approvals/visit.ts';
import { formToken, isSame, isSessionOf, type Link, SECRET_BYTES } from '../core/approvals/link.ts';
import { approvalFacts, type PageFacts } from '../core/approvals/view/page.ts';
import { changeSentences, promotionSummary } from '../core/approvals/view/summary.ts';
import { renderApprovalPage } from '../core/pages/approval/page.ts';
import { type ApprovalPage, type Choice, FIELD, type Form, type LinkState, type Outcome } from '../core/pages/model.ts';
import type { PromotionState } from '../core/promotion.ts';
import type { PageAnswer, PageRequest } from './page-requests.ts';

export type ApprovalPagesDeps = DecideDeps & PageFactsDeps;

type ShowDeps = ApprovalPagesDeps & { readonly shownFacts: ReturnType<typeof shownFacts> };

/** What became of a request: a page, or the way to the link's own. */
export type PageOutcome = PageAnswer | 'home';

/** The forms of a link, each with tokens of its own. */
type Step = 'code' | 'session' | 'choose' | 'confirm' | 'finish';

const FIELDS = { token: 'token', step: 'step', confirm: 'confirm' } as const;

/** Pages behind the links of mails. Nothing but a POST with the tokens of a page that this browser was given changes anything. */
export function approvalPages(given: ApprovalPagesDeps) {
  const deps: ShowDeps = { ...given, shownFacts: shownFacts(given) };
  return async (request: PageRequest): Promise<PageOutcome> => {
    const visit = await openLink(deps, request.secret);
    if (!visit) return answer({ state: 'unknown' });
    const browser = new Browser(deps, request, visit.link);
    if (request.route.startsWith('GET ')) return await show(deps, visit, browser);
    switch (request.route) {
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

/** One browser at one link: what it sent, and the forms that only it can send. */
class Browser {
  readonly request: PageRequest;
  /** What it showed; undefined when nothing of ours. */
  readonly cookie: string | undefined;
  readonly #link: Link;
  #secret: string;

  constructor({ random }: Pick<ApprovalPagesDeps, 'random'>, request: PageRequest, link: Link) {
    this.request = request;
    this.#link = link;
    const shown = request.cookies.get(this.#name);
    this.cookie = shown !== undefined && /^[\w-]{43}$/.test(shown) ? shown : undefined;
    this.#secret = this.cookie ?? random(SECRET_BYTES).toString('base64url');
  }

  /** Apart for each link, so that two of them may be open side by side. */
  get #name(): string {
    return `__Host-approval-${this.#link.id.slice(0, 16)}`;
  }

  /** After a proof of who it is, so that nobody else has planted the cookie that it goes on with. */
  renew(cookie: string): void {
    this.#secret = cookie;
  }

  /** Whether a form of ours was sent by this browser, from a page that it was shown. */
  sent(step: Step): boolean {
    const { form, from } = this.request;
    if (from !== undefined && from !== 'same-origin') return false;
    const token = form?.get(FIELDS.token);
    return (
      this.cookie !== undefined && token !== undefined && isSame(token, formToken(this.cookie, this.#link.id, step))
    );
  }

  field(name: string): string | undefined {
    return this.request.form?.get(name);
  }

  form(step: Step, more: Readonly<Record<string, string>> = {}): Form {
    const path = step === 'code' || step === 'session' ? step : 'decision';
    return {
      action: `${this.request.home}/${path}`,
      hidden: { [FIELDS.token]: formToken(this.#secret, this.#link.id, step), [FIELDS.step]: step, ...more },
    };
  }

  page(page: ApprovalPage): PageAnswer {
    return { ...answer(page), cookie: [this.#name, this.#secret] };
  }

  stale(): PageAnswer {
    return answer({ state: 'stale_form', back: this.request.home });
  }
}

function answer(page: ApprovalPage): PageAnswer {
  return { status: STATUS[page.state] ?? 200, page: renderApprovalPage(page) };
}

const STATUS: Readonly<Partial<Record<ApprovalPage['state'], number>>> = {
  unknown: 404,
  expired: 410,
  revoked: 410,
  too_many_tries: 410,
  used: 410,
  ended: 410,
  changed: 410,
  barred: 403,
  stale_form: 403,
  wait: 429,
};

async function show(deps: ShowDeps, visit: Visit, browser: Browser): Promise<PageOutcome> {
  const { link } = visit;
  const standing = standingOf(visit, deps.clock());
  if (standing !== 'open' && standing !== 'claimed' && standing !== 'decided')
    return answer(closed(visit, standing, await deps.facts(visit.promotion)));
  const facts = await deps.shownFacts(visit);
  if (standing === 'decided') return browser.page(decidedPage(visit, facts, browser));
  const shown = approvalFacts(facts, link);
  if (link.given && standing === 'claimed') {
    const choice: Choice = link.given.decision === 'approved' ? 'approve' : 'reject';
    const { comment } = link.given;
    return browser.page({
      state: 'confirm',
      facts: shown,
      choice,
      comment,
      confirm: browser.form('finish'),
      back: browser.request.home,
    });
  }
  if (isSessionOf(link, browser.cookie, deps.clock().toISOString())) {
    return browser.page({
      state: 'decide',
      facts: shown,
      decide: browser.form('choose'),
      comment: '',
      problem: undefined,
    });
  }
  return browser.page({ state: 'asked', facts: shown, proof: { method: 'code', form: browser.form('code') } });
}

type Closed = Exclude<ReturnType<typeof standingOf>, 'open' | 'claimed' | 'decided'>;

function closed({ link, promotion }: Visit, standing: Closed, { input }: Pick<PageFacts, 'input'>): LinkState {
  const summary = promotionSummary(promotion, input);
  switch (standing) {
    case 'dead':
      return { state: 'too_many_tries' };
    case 'expired':
      return { state: 'expired', until: link.until };
    case 'changed':
      return { state: 'changed', summary, changed: changeSentences(promotion.changes) };
    case 'ended':
      return {
        state: 'ended',
        summary,
        outcome: OUTCOMES[promotion.state] ?? 'failed',
        at: promotion.ended_at ?? promotion.updated_at,
      };
    case 'used':
    case 'revoked':
      return { state: standing };
  }
}

const OUTCOMES: Readonly<Partial<Record<PromotionState, Outcome>>> = {
  released: 'released',
  refused: 'refused',
  rejected: 'refused',
  expired: 'expired',
  cancelled: 'cancelled',
  superseded: 'superseded',
  rolled_back: 'rolled_back',
};

function decidedPage(visit: Visit, facts: PageFacts, browser: Browser): LinkState {
  const { link, promotion } = visit;
  const { summary } = approvalFacts(facts, link);
  const decision = facts.decided.find(
    ({ person, role, at }) => person === link.person && role === link.role && at === link.given?.decided_at,
  );
  if (!decision) return { state: 'revoked' };
  const withdraw = isWithdrawable({ ...visit, promotion })
    ? ({ method: 'code', form: browser.form('code') } as const)
    : undefined;
  return { state: 'decided', summary, decision, withdraw };
}

async function askForCode(deps: ShowDeps, visit: Visit, browser: Browser): Promise<PageOutcome> {
  if (!isActionable(visit, deps.clock())) return 'home';
  const sent = await sendCode(deps, visit);
  if (!sent.sent)
    return answer('bar' in sent ? { state: 'barred', because: sent.bar } : { state: 'wait', until: sent.until });
  return await codePage(deps, visit, browser, undefined);
}

async function codePage(deps: ShowDeps, visit: Visit, browser: Browser, triesLeft: number | undefined) {
  const facts = approvalFacts(await deps.shownFacts(visit), visit.link);
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
  const facts = approvalFacts(await deps.shownFacts(visit), entered.link);
  return browser.page({ state: 'decide', facts, decide: browser.form('choose'), comment: '', problem: undefined });
}

async function decide(deps: ShowDeps, visit: Visit, browser: Browser): Promise<PageOutcome> {
  const step = browser.field(FIELDS.step);
  if (step === 'finish' && browser.sent('finish')) {
    await finishDecision(deps, visit);
    return 'home';
  }
  if ((step !== 'choose' && step !== 'confirm') || !browser.sent(step)) return browser.stale();
  // Sent again: it is decided. Whoever waits for it is told again, as the first time may have got lost.
  if (standingOf(visit, deps.clock()) === 'decided' && !visit.link.confirm) {
    await finishDecision(deps, visit);
    return 'home';
  }
  if (!isActionable(visit, deps.clock())) return 'home';
  if (!isSessionOf(visit.link, browser.cookie, deps.clock().toISOString())) return browser.stale();
  return step === 'choose' ? await choose(deps, visit, browser) : await confirm(deps, visit, browser);
}

async function choose(deps: ShowDeps, visit: Visit, browser: Browser): Promise<PageOutcome> {
  const choice = browser.field(FIELD.decision);
  // Browsers send a line's end as two characters, and count it as one.
  const comment = (browser.field(FIELD.comment) ?? '').replaceAll('\r\n', '\n');
  const problem = choiceProblem(choice, comment);
  if (!problem && (choice === 'approve' || choice === 'reject'))
    return await confirmPage(deps, visit, browser, choice, comment);
  const facts = approvalFacts(await deps.shownFacts(visit), visit.link);
  return { ...browser.page({ state: 'decide', facts, decide: browser.form('choose'), comment, problem }), status: 422 };
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
  const facts = approvalFacts(await deps.shownFacts(visit), visit.link);
  const form = browser.form('confirm', { [FIELDS.confirm]: token });
  return browser.page({ state: 'confirm', facts, choice, comment, confirm: form, back: browser.request.home });
}

async function confirm(deps: ShowDeps, visit: Visit, browser: Browser): Promise<PageOutcome> {
  const decided = await confirmDecision(deps, visit, browser.field(FIELDS.confirm) ?? '');
  if (decided.done) return 'home';
  if (decided.bar) return answer({ state: 'barred', because: decided.bar });
  const now = await revisit(deps, visit.link);
  return now && isActionable(now, deps.clock()) ? browser.stale() : 'home';
}
