import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { RenderedPage } from '../../lib/core/pages/model.ts';
import { HOME } from './pages.ts';

/** Where a page is opened from; no such host exists, and nothing leaves the machine. */
const ORIGIN = 'https://pages.test';

/** What a form sent. */
export interface Posted {
  readonly path: string;
  readonly fields: URLSearchParams;
}

/** A page in a real browser, with the headers that it is served with, and what it did there. */
export interface OpenedPage {
  readonly page: Page;
  /** Whatever it asked for beside itself. */
  readonly fetched: readonly string[];
  /** What the browser refused or complained of: breaches of the content security policy among others. */
  readonly complaints: readonly string[];
  readonly posted: readonly Posted[];
}

/** @param answer - what a POST is answered with; the page itself when left out */
export async function open(
  browser: Browser,
  rendered: RenderedPage,
  options: BrowserContextOptions = {},
  answer: RenderedPage = rendered,
): Promise<OpenedPage> {
  const page = await browser.newPage({ viewport: { width: 320, height: 640 }, ...options });
  const [fetched, complaints, posted]: [string[], string[], Posted[]] = [[], [], []];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    return dialog.dismiss();
  });
  await page.route('**/*', async (route) => {
    const request = route.request();
    const url = new URL(request.url());
    if (url.origin === ORIGIN && request.method() === 'POST') {
      posted.push({ path: url.pathname, fields: new URLSearchParams(request.postData() ?? '') });
      return route.fulfill({ body: answer.html, headers: answer.headers });
    }
    if (url.href === `${ORIGIN}${HOME}`) return route.fulfill({ body: rendered.html, headers: rendered.headers });
    fetched.push(url.href);
    return route.abort();
  });
  await page.goto(`${ORIGIN}${HOME}`);
  return { page, fetched, complaints, posted };
}

/** Opens what is folded. Programs for the browser are texts: the types of these tests are those of Node. */
export async function unfold(page: Page): Promise<void> {
  await page.evaluate('for (const details of document.querySelectorAll("details")) details.open = true');
}

/** Pixels that the page takes, of which what is more than its window is scrolled sideways. */
export async function contentWidth(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth');
}

/** What axe finds in the page as it stands, with everything unfolded. */
export async function axeViolations(page: Page, only: axe.RunOptions = {}): Promise<readonly string[]> {
  await unfold(page);
  await page.evaluate(axe.source);
  // Paths to all the elements that are right would take most of the time.
  const options: axe.RunOptions = { ...only, resultTypes: ['violations'] };
  const { violations } = await page.evaluate<axe.AxeResults>(`axe.run(document, ${JSON.stringify(options)})`);
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html}`);
}
