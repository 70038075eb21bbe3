import { setTimeout as delay } from 'node:timers/promises';
import { LocalControl } from './control.ts';
import type { LocalDescription } from './description.ts';

/** A mail that asks. */
export interface Asked {
  readonly link: string;
  readonly text: string;
}

/** How often a button is pressed that does nothing. */
const PATIENCE = 20;

/** A person with a mailbox and a browser that runs no scripts. */
export class Approver {
  readonly #control: LocalControl;
  readonly #address: string;
  readonly #cookies = new Map<string, string>();
  readonly #pageBytes: number[] = [];
  #url = '';
  #page = '';

  constructor(local: LocalDescription, address: string) {
    this.#control = new LocalControl(local.control);
    this.#address = address;
  }

  /** Size of each page that was shown, in the order of the visits. */
  get pageBytes(): readonly number[] {
    return this.#pageBytes;
  }

  /** Opens a link, proves who they are, and decides. @returns the page that says so */
  async decide(link: string, choice: 'approve' | 'reject', comment = ''): Promise<string> {
    await this.#open(link);
    const before = new Set(await this.#codes());
    await this.#send('Send me a code', {});
    const code = await this.#code(before);
    await this.#send('Go on', { code });
    await this.#send('name="decision"', { comment, decision: choice });
    const button = choice === 'approve' ? 'Approve this release' : 'Reject this release';
    await this.#send(button, {});
    // A page that asks again has not recorded it yet.
    for (let time = 1; this.#formWith(button) && time < PATIENCE; time++) await this.#send(button, {});
    return this.#page;
  }

  /** Of all mails so far. */
  async links(): Promise<readonly string[]> {
    return (await this.#mails()).flatMap((text) => /https?:\/\/\S+\/approve\/[\w-]{43}/.exec(text)?.[0] ?? []);
  }

  /** The first that was not seen; it is waited for. */
  async link(seen: ReadonlySet<string>): Promise<string> {
    for (;;) {
      const fresh = (await this.links()).find((link) => !seen.has(link));
      if (fresh) return fresh;
      await delay(200);
    }
  }

  /** The first mail about a promotion with a link that is not among those seen. */
  async asked(promotion: string, seen: ReadonlySet<string>): Promise<Asked> {
    for (;;) {
      for (const text of (await this.#mails()).filter((one) => one.includes(promotion))) {
        const link = /https?:\/\/\S+\/approve\/[\w-]{43}/.exec(text)?.[0];
        if (link !== undefined && !seen.has(link)) return { link, text };
      }
      await delay(200);
    }
  }

  async #mails(): Promise<readonly string[]> {
    const mails = await this.#control.mails();
    return mails.filter(({ to }) => to.includes(this.#address)).map(({ text }) => text);
  }

  /** Codes of all mails so far. */
  async #codes(): Promise<readonly string[]> {
    const mails = (await this.#mails()).filter((text) => !text.includes('/approve/'));
    // On a line of its own: names of endpoints may have such digits too.
    return mails.flatMap((text) => /^ +(\d{8})$/m.exec(text)?.[1] ?? []);
  }

  /** The newest code that comes besides those before. */
  async #code(before: ReadonlySet<string>): Promise<string> {
    for (;;) {
      const code = (await this.#codes()).findLast((one) => !before.has(one));
      if (code !== undefined) return code;
      await delay(200);
    }
  }

  async #open(url: string, init: RequestInit = {}, time = 1): Promise<void> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, { ...init, redirect: 'manual', headers: { ...init.headers, cookie } });
    // Whoever sees that the gateway got no answer presses the button again.
    if (answer.status === 502 && time < PATIENCE) {
      await delay(100 * time);
      return await this.#open(url, init, time + 1);
    }
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      this.#cookies.set(name, value);
    }
    const to = answer.headers.get('location');
    if (to) return await this.#open(new URL(to, url).href);
    this.#url = url;
    this.#page = await answer.text();
    this.#pageBytes.push(Buffer.byteLength(this.#page));
    if (answer.status !== 200) throw new Error(`${init.method ?? 'GET'} ${url} answered ${answer.status}`);
  }

  #formWith(text: string): RegExpExecArray | undefined {
    const forms = this.#page.matchAll(/<form method="post" action="([^"]*)">([\s\S]*?)<\/form>/g);
    return [...forms].find(([form]) => form.includes(text));
  }

  /** Sends the form with this text in it, as the page fills it in, and what the person types. */
  async #send(containing: string, typed: Readonly<Record<string, string>>): Promise<void> {
    const form = this.#formWith(containing);
    if (!form) throw new Error(`the page has no form with ${containing}: ${this.#page.slice(0, 2000)}`);
    const [, action = '', body = ''] = form;
    const hidden = [...body.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)];
    const fields = new URLSearchParams({
      ...Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value])),
      ...typed,
    });
    await this.#open(new URL(action, this.#url).href, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: fields.toString(),
    });
  }
}
