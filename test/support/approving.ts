import { type AskDeps, askApproval } from '../../lib/app/approvals/ask.ts';
import type { DigestDeps } from '../../lib/app/approvals/digest.ts';
import { decisionFacts } from '../../lib/app/approvals/facts.ts';
import type { FallEarlyDeps } from '../../lib/app/approvals/fall-early.ts';
import type { IdentityProvider } from '../../lib/app/approvals/ports.ts';
import { Recent } from '../../lib/app/recent.ts';
import { type ApprovalDeskTask, PromotionError } from '../../lib/contracts/promotion.ts';
import { DomainError } from '../../lib/core/errors.ts';
import type { IncidentFacts } from '../../lib/core/incident.ts';
import type { MailContent } from '../../lib/core/mail/model.ts';
import { renderMail } from '../../lib/core/mail/render.ts';
import { isOver, type Promotion } from '../../lib/core/promotion.ts';
import type { CloudEvent } from '../../lib/core/waiver-ending.ts';
import { type ApprovalPagesDeps, approvalPages } from '../../lib/runtime/approval-pages.ts';
import { type PageAnswer, type PageEvent, type PageRequest, pageRequest } from '../../lib/runtime/page-requests.ts';
import { approverDeps, enlist } from './approvers.ts';
import type { ControlPlane } from './control-plane.ts';
import { MemoryApprovals } from './memory/approvals.ts';
import { MODEL, releasing } from './releasing.ts';

export { MODEL };

export interface SentMail {
  readonly to: string;
  readonly content: MailContent;
  readonly text: string;
}

/** How a wait of the state machine was ended, by its token. */
export type Answered = 'succeeded' | string;

const PAGES = 'https://pages.example.org/local/';

/** A control plane in memory on which a promotion waits for people. */
export function approving(plane: ControlPlane, provider?: IdentityProvider) {
  const table = new MemoryApprovals(plane.steps, plane.ledger);
  const world = releasing(plane);
  const mails: SentMail[] = [];
  const incidents: IncidentFacts[] = [];
  const announced: CloudEvent[] = [];
  const answers = new Map<string, Answered>();
  let secrets = 0;
  let codes = 41_000_000;
  const rendered: MailContent[] = [];
  /** An address that SES refuses. */
  const refused = new Set<string>();
  const mailService = { isDown: false };

  const end = (token: string, answer: Answered) =>
    plane.steps.take('answer-wait', () => {
      if (answers.has(token)) return false;
      answers.set(token, answer);
      return true;
    });
  const deps: AskDeps & ApprovalPagesDeps = {
    ...plane.submitDeps,
    ledger: plane.ledger,
    directory: plane.registry.directory,
    promotions: table.promotionPort,
    asks: table.askPort,
    links: table.linkPort,
    visits: table.visits,
    approvals: table,
    tokens: {
      seal: async (token, context) => JSON.stringify({ token, context }),
      open: async (sealed, context) => {
        const { token, context: sealedFor } = JSON.parse(sealed);
        if (JSON.stringify(sealedFor) !== JSON.stringify(context)) throw new Error('sealed for something else');
        return token;
      },
    },
    waits: {
      succeed: (token) => end(token, 'succeeded'),
      fail: (token, error) => end(token, error),
    },
    facts: decisionFacts({ store: plane.bucket, ledger: plane.ledger, registry: plane.registry }),
    mailer: {
      send: (to, { text }) =>
        plane.steps.take('send-mail', () => {
          const content = rendered.at(-1);
          if (mailService.isDown) throw new DomainError('DEPENDENCY_UNAVAILABLE', 'no mail', { retryAfterMs: 1000 });
          if (refused.has(to) || !content) return false;
          mails.push({ to, content, text });
          return true;
        }),
    },
    render: (content) => {
      rendered.push(content);
      return renderMail(content);
    },
    announcer: { announce: (events) => plane.steps.take('announce', () => void announced.push(...events)) },
    incidents: {
      open: async (facts) => {
        incidents.push(facts);
        return 'incident';
      },
    },
    random: (count) => Buffer.alloc(count, ++secrets),
    randomCode: () => ++codes,
    provider,
    settings: { reminderSeconds: 24 * 3600, reminders: 4, escalateAfter: 2, pagesUrl: PAGES },
  };

  /** A promotion whose gate passed and whose people are to be asked. */
  async function awaiting(request: string, changes: Partial<Promotion> = {}): Promise<Promotion> {
    const promotion: Promotion = {
      ...(await world.deployed(request)),
      state: 'awaiting_approval',
      roles: ['model-owner', 'privacy-officer'],
      release_decision: null,
      deployment: null,
      ...changes,
    };
    table.promotions.set(promotion.id, promotion);
    return promotion;
  }

  const change = (id: string, changes: Partial<Promotion>): void => {
    const standing = table.promotions.get(id);
    if (!standing) throw new Error(`there is no promotion ${id}`);
    table.promotions.set(id, { ...standing, ...changes, revision: standing.revision + 1 });
  };

  let waitsMade = 0;
  /** One run of the desk. @returns the token of its wait */
  async function ask({ id }: Promotion, role: string, changes: Partial<ApprovalDeskTask> = {}): Promise<string> {
    const token = `token ${++waitsMade}`;
    await askApproval(deps, {
      task: 'ask',
      kind: 'promotion',
      promotion: id,
      role,
      round: 1,
      reminder: 0,
      token,
      ...changes,
    });
    return token;
  }

  /** The secrets of the links that somebody was mailed, the newest last. */
  const linksOf = (person: string): readonly string[] =>
    mails.flatMap(({ to, text }) =>
      to === `${person}@example.org` ? (text.match(/approve\/([\w-]+)/)?.slice(1) ?? []) : [],
    );
  const codeOf = (person: string): string =>
    mails
      .findLast(({ to, content }) => to === `${person}@example.org` && content.kind === 'code')
      ?.text.match(/\d{8}/)?.[0] ?? '';

  const { announcer, tokens, waits } = deps;
  const watchDeps: FallEarlyDeps = {
    concerned: new Recent(10),
    ...world.gateDeps,
    announcer,
    tokens,
    waits,
    people: deps,
    promotions: {
      ...table.promotionPort,
      open: async () => [...table.promotions.values()].filter((one) => !isOver(one)),
    },
  };

  const digestDeps: DigestDeps = {
    ...deps,
    asks: {
      ...table.askPort,
      open: async () => [...table.asks.values()].filter(({ state }) => state === 'asked'),
      untold: async () => [...table.asks.values()].filter(({ end_told }) => end_told === 'with_digest'),
    },
  };

  return {
    table,
    deps,
    watchDeps,
    digestDeps,
    mails,
    incidents,
    announced,
    answers,
    refused,
    mailService,
    awaiting,
    change,
    ask,
    linksOf,
    codeOf,
    enlist: (id: string, ...rest: readonly [Parameters<typeof enlist>[2]?]) => enlist(approverDeps(plane), id, ...rest),
    browser: () => new TestBrowser(deps),
  };
}

export type Approving = ReturnType<typeof approving>;

/** A browser without scripts: it keeps cookies, and sends the forms of the page that it shows. */
export class TestBrowser {
  readonly cookies = new Map<string, string>();
  page = '';
  status = 0;
  headers: Readonly<Record<string, string>> = {};
  readonly #serve: (request: PageRequest) => Promise<PageAnswer | 'home'>;

  constructor(deps: ApprovalPagesDeps) {
    this.#serve = approvalPages(deps);
  }

  async get(secret: string): Promise<string> {
    await this.#request('GET /approve/{link}', secret, undefined);
    return this.page;
  }

  /** The fields of the form that posts to a step of the link, as the page has them. */
  form(step: string, nth = 0): Map<string, string> {
    const forms = [...this.page.matchAll(/<form[^>]*action="[^"]*\/([a-z-]+)"[^>]*>([\s\S]*?)<\/form>/g)];
    const found = forms.filter(([, path]) => path === step)[nth];
    if (!found?.[2]) throw new Error(`the page has no form for ${step}: ${this.page.match(/<h1>.*<\/h1>/)?.[0]}`);
    return new Map(
      [...found[2].matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)].map(
        ([, name = '', value = '']) => [name, value],
      ),
    );
  }

  async post(secret: string, step: string, fields: Readonly<Record<string, string>> = {}): Promise<string> {
    return await this.send(secret, step, new Map([...this.form(step), ...Object.entries(fields)]));
  }

  /** Sends what a page need not have offered. */
  async send(secret: string, step: string, form: ReadonlyMap<string, string>, from?: string): Promise<string> {
    await this.#request(`POST /approve/{link}/${step}`, secret, form, from);
    return this.page;
  }

  /** Comes back from a provider: another site leads here, so no cookie goes along. */
  async comeBack(query: Readonly<Record<string, string>>): Promise<string> {
    await this.#serveTo(eventOf('GET', '/signed-in', { query }));
    return this.page;
  }

  /** Sends the form of the page that {@link comeBack} showed, or another. */
  async goOn(form: ReadonlyMap<string, string> = this.form('signed-in'), from?: string): Promise<string> {
    await this.#serveTo(eventOf('POST', '/signed-in', { form, cookies: this.cookies, from }));
    return this.page;
  }

  async #request(route: string, secret: string, form: PageRequest['form'], from?: string): Promise<void> {
    const [method = '', resource = ''] = route.split(' ');
    await this.#serveTo(eventOf(method, resource, { secret, form, cookies: this.cookies, from }));
  }

  async #serveTo(event: PageEvent): Promise<void> {
    const request = pageRequest(event);
    const outcome = await this.#serve(request);
    if (outcome === 'home') {
      await this.get(request.secret);
      return;
    }
    this.status = outcome.status;
    this.page = outcome.page.html;
    this.headers = outcome.page.headers;
    for (const cookie of outcome.cookies ?? []) this.cookies.set(...cookie);
  }
}

interface Sent {
  readonly secret?: string;
  readonly form?: ReadonlyMap<string, string> | undefined;
  readonly cookies?: ReadonlyMap<string, string>;
  readonly query?: Readonly<Record<string, string>>;
  readonly from?: string | undefined;
}

/** As API Gateway hands a browser's request over. */
function eventOf(httpMethod: string, resource: string, { secret, form, cookies, query = {}, from }: Sent): PageEvent {
  return {
    httpMethod,
    resource,
    headers: {
      'X-Forwarded-Proto': 'https',
      ...(cookies && { Cookie: [...cookies].map((pair) => pair.join('=')).join('; ') }),
      ...(from === undefined ? {} : { 'Sec-Fetch-Site': from }),
      ...(form && { 'Content-Type': 'application/x-www-form-urlencoded' }),
    },
    pathParameters: secret === undefined ? null : { link: secret },
    multiValueQueryStringParameters: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, [value]])),
    requestContext: { path: `/local${resource.replace('{link}', secret ?? '')}`, domainName: 'pages.example.org' },
    body: form ? new URLSearchParams([...form]).toString() : null,
    isBase64Encoded: false,
  };
}

/** The whole way of one approver, from the link in the mail to the last form. */
export async function decideBy(
  world: Approving,
  person: string,
  decision: 'approve' | 'reject',
  comment = '',
  secret = world.linksOf(person).at(-1) ?? '',
): Promise<TestBrowser> {
  const browser = world.browser();
  await browser.get(secret);
  await browser.post(secret, 'code');
  await browser.post(secret, 'session', { code: world.codeOf(person) });
  await browser.post(secret, 'decision', { decision, comment });
  await browser.post(secret, 'decision');
  return browser;
}

export { PromotionError };
