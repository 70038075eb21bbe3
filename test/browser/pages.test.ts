import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderMail } from '../../lib/core/mail/render.ts';
import { renderApprovalPage } from '../../lib/core/pages/approval/page.ts';
import type { ApprovalPage, RenderedPage } from '../../lib/core/pages/model.ts';
import { renderTimelinePage } from '../../lib/core/pages/timeline/page.ts';
import { launchBrowser } from '../../local/browser.ts';
import { axeViolations, contentWidth, open } from '../support/browser.ts';
import { PAYLOADS, withTexts } from '../support/hostile.ts';
import { MAILS } from '../support/mails.ts';
import { APPROVAL_PAGES, form, HOME, TIMELINE_PAGES } from '../support/pages.ts';

const PAGES: readonly (readonly [string, RenderedPage])[] = [
  ...Object.entries(APPROVAL_PAGES).map(([name, page]) => [name, renderApprovalPage(page)] as const),
  ...Object.entries(TIMELINE_PAGES).map(([name, page]) => [name, renderTimelinePage(page)] as const),
];

const pageNamed = (name: string): ApprovalPage => {
  const page = APPROVAL_PAGES[name];
  if (!page) throw new Error(`no page is named ${name}`);
  return page;
};

/** What the colours of the dark can break. */
const CONTRAST = { runOnly: ['color-contrast'] };
/** A mail is part of somebody else's page, which landmarks are asked of. */
const WCAG = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] };

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

describe.each(PAGES)('the page %s', (_name, rendered) => {
  it.each(['light', 'dark'] as const)(
    'has no fault that axe finds, and keeps to its policy and width, in %s',
    async (colorScheme) => {
      const { page, fetched, complaints } = await open(browser, rendered, { colorScheme });
      expect(await axeViolations(page, colorScheme === 'dark' ? CONTRAST : {})).toEqual([]);
      expect(await contentWidth(page)).toBeLessThanOrEqual(320);
      await page.setViewportSize({ width: 1280, height: 800 });
      expect(await contentWidth(page)).toBeLessThanOrEqual(1280);
      expect([...fetched, ...complaints]).toEqual([]);
      await page.close();
    },
  );
});

describe('what these tests look with', () => {
  it('sees a fault, a breach of the policy, something fetched and a page that is too wide', async () => {
    const { html, headers } = renderApprovalPage(pageNamed('code'));
    const broken = html
      .replace('<label for="code">Code</label>', '<img src="https://evil.example/x.png" alt="">')
      .replace('</main>', `<pre>${'w'.repeat(400)}</pre></main>`);
    const guarded = await open(browser, { html: broken, headers });
    expect((await axeViolations(guarded.page)).join()).toContain('label');
    expect(guarded.complaints.join()).toContain('Content Security Policy');
    const unguarded = await open(browser, { html: broken, headers: { 'Content-Type': 'text/html' } });
    expect(unguarded.fetched).toEqual(['https://evil.example/x.png']);
    expect(await contentWidth(unguarded.page)).toBeGreaterThan(320);
    await guarded.page.close();
    await unguarded.page.close();
  });
});

describe('hostile texts', () => {
  it.each(PAYLOADS.map((payload) => [payload] as const))('run and fetch nothing: %j', async (payload) => {
    for (const rendered of [
      renderApprovalPage(withTexts(pageNamed('asked-again'), payload)),
      renderApprovalPage(withTexts(pageNamed('decide'), payload)),
    ]) {
      const { page, fetched, complaints } = await open(browser, rendered);
      await page.mouse.move(100, 100);
      expect([...fetched, ...complaints]).toEqual([]);
      expect(await page.locator('script, img, iframe, base, meta[http-equiv]').count()).toBe(0);
      await page.close();
    }
  });

  it('as long as they like do not widen a page', async () => {
    const rendered = renderApprovalPage(withTexts(pageNamed('asked-again'), 'w'.repeat(3000)));
    const { page } = await open(browser, rendered);
    expect(await contentWidth(page)).toBeLessThanOrEqual(320);
    await page.close();
  });
});

describe('the forms, without a script', () => {
  it('send a code', async () => {
    const opened = await open(browser, renderApprovalPage(pageNamed('code')), { javaScriptEnabled: false });
    await opened.page.getByRole('textbox', { name: 'Code' }).fill('407182');
    await opened.page.getByRole('button', { name: 'Go on' }).click();
    expect(opened.posted.map(({ path, fields }) => [path, Object.fromEntries(fields)])).toEqual([
      [form('session').action, { ...form('session').hidden, code: '407182' }],
    ]);
    await opened.page.close();
  });

  it('lead from a rejection with its comment to the step that confirms it, and decide nothing before', async () => {
    const confirm = renderApprovalPage(pageNamed('confirm-reject'));
    const opened = await open(browser, renderApprovalPage(pageNamed('decide')), { javaScriptEnabled: false }, confirm);
    await opened.page.getByLabel('Comment').fill('Accuracy fell;\nshow me which row.');
    await opened.page.getByRole('button', { name: 'Reject' }).click();
    await opened.page.getByRole('heading', { name: 'confirm that you reject' }).waitFor();
    await opened.page.getByRole('button', { name: 'Reject this release' }).click();
    expect(opened.posted.map(({ path, fields }) => [path, Object.fromEntries(fields)])).toEqual([
      [
        form('choose').action,
        { ...form('choose').hidden, comment: 'Accuracy fell;\r\nshow me which row.', decision: 'reject' },
      ],
      [form('confirm').action, form('confirm').hidden],
    ]);
    await opened.page.close();
  });

  it('are reached with the keyboard alone, past a link that skips to them', async () => {
    const opened = await open(browser, renderApprovalPage(pageNamed('asked')), { javaScriptEnabled: false });
    await opened.page.keyboard.press('Tab');
    expect(await opened.page.locator(':focus').textContent()).toBe('Go to what you are asked to do');
    await opened.page.keyboard.press('Enter');
    await opened.page.keyboard.press('Tab');
    const posted = opened.page.waitForResponse('**/code');
    await opened.page.keyboard.press('Enter');
    await posted;
    expect(opened.posted.map(({ path }) => path)).toEqual([`${HOME}/code`]);
    await opened.page.close();
  });

  it('cannot be sent elsewhere', async () => {
    const rendered = renderApprovalPage(pageNamed('asked'));
    const html = rendered.html.replace(`action="${HOME}/code"`, 'action="https://evil.example/"');
    const opened = await open(browser, { ...rendered, html });
    const refused = opened.page.waitForEvent('console');
    // A click of the mouse would wait for where the form leads.
    await opened.page.evaluate('document.querySelector("section.act button").click()');
    await refused;
    expect(opened.fetched).toEqual([]);
    expect(opened.complaints.join()).toContain('form-action');
    await opened.page.close();
  });
});

describe.each(Object.entries(MAILS))('the mail %s', (_name, content) => {
  it.each(['light', 'dark'] as const)(
    'has no fault that axe finds, fetches nothing and fits a phone in %s',
    async (colorScheme) => {
      const { page, fetched, complaints } = await open(
        browser,
        { html: renderMail(content).html, headers: { 'Content-Type': 'text/html; charset=utf-8' } },
        { colorScheme },
      );
      expect(await axeViolations(page, colorScheme === 'dark' ? CONTRAST : WCAG)).toEqual([]);
      expect([...fetched, ...complaints]).toEqual([]);
      expect(await contentWidth(page)).toBeLessThanOrEqual(320);
      await page.close();
    },
  );
});
