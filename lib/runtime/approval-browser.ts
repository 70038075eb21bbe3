import type { RandomBytes } from '../app/approvals/ports.ts';
import { formToken, isSame, type Link, SECRET_BYTES } from '../core/approvals/link.ts';
import { renderApprovalPage } from '../core/pages/approval/page.ts';
import { type ApprovalPage, FIELD, type Form } from '../core/pages/model.ts';
import type { PageAnswer, PageRequest } from './page-requests.ts';

/** What became of a request: a page, or the way to the link's own. */
export type PageOutcome = PageAnswer | 'home';

/** The forms of a link, each with tokens of its own. */
export type Step = 'code' | 'session' | 'choose' | 'confirm' | 'finish' | 'sign-in';

/** Fields that nobody fills in. */
export const FIELDS = { token: 'token', step: 'step', confirm: 'confirm' } as const;

/** One browser at one link: what it sent, and the forms that only it can send. */
export class Browser {
  readonly request: PageRequest;
  /** What it showed; undefined when nothing of ours. */
  readonly cookie: string | undefined;
  readonly #link: Pick<Link, 'id'>;
  #secret: string;

  constructor({ random }: { readonly random: RandomBytes }, request: PageRequest, link: Pick<Link, 'id'>) {
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
    const token = this.field(FIELDS.token);
    if (this.cookie === undefined || token === undefined) return false;
    return this.isFromUs && isSame(token, formToken(this.cookie, this.#link.id, step));
  }

  /** False where the browser says that another site had it send this. */
  get isFromUs(): boolean {
    const { from } = this.request;
    return from === undefined || from === 'same-origin';
  }

  /** What was chosen and typed. Browsers send a line's end as two characters, and count it as one. */
  decision(): { readonly choice: string | undefined; readonly comment: string } {
    const comment = (this.field(FIELD.comment) ?? '').replaceAll('\r\n', '\n');
    return { choice: this.field(FIELD.decision), comment };
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

  /** What this browser goes on with, whether it showed it or is about to be given it. */
  get secret(): string {
    return this.#secret;
  }

  page(page: ApprovalPage): PageAnswer {
    return { ...answer(page), cookies: [[this.#name, this.#secret]] };
  }

  stale(): PageAnswer {
    return answer({ state: 'stale_form', back: this.request.home });
  }
}

export function answer(page: ApprovalPage): PageAnswer {
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
  no_more_codes: 429,
  sign_in_failed: 403,
};
