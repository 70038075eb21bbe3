import { createServer, type Server } from 'node:http';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../../local/browser.ts';
import { closeServer, listen } from '../../local/ports.ts';
import { type Harness, startHarness } from './support/harness.ts';

describe('the inbox in a browser', () => {
  let harness: Harness;
  let browser: Browser;
  let outside: Server;
  let elsewhere = '';
  /** What anybody asked of a server that only the mail names: path and referrer. */
  const asked: (readonly [path: string | undefined, referrer: string | undefined])[] = [];

  beforeAll(async () => {
    outside = createServer((request, response) => {
      asked.push([request.url, request.headers.referer]);
      response.end('here');
    });
    elsewhere = `http://127.0.0.1:${await listen(outside, 0)}`;
    harness = await startHarness({ handler: 'export const handler = () => {};' });
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await harness?.close();
    await closeServer(outside);
  });

  it('runs and fetches nothing of a hostile mail, and opens its link in a page of its own that is told no referrer', async () => {
    const hostile = `<!doctype html><html><head>
      <meta http-equiv="refresh" content="0;url=${elsewhere}/refresh"><link rel="stylesheet" href="${elsewhere}/style">
      <style>@import url(${elsewhere}/import); body { background: url(${elsewhere}/background) }</style></head><body>
      <script>document.title = 'run'; top.location = '${elsewhere}/script'</script>
      <img src="${elsewhere}/image" onerror="top.location='${elsewhere}/handler'">
      <iframe src="${elsewhere}/frame"></iframe><form action="${elsewhere}/form"><button id="send">Send</button></form>
      <a id="link" href="${elsewhere}/link">Open</a></body></html>`;
    const subject = `Hostile <img src="${elsewhere}/subject">`;
    harness.mailbox.take(
      {
        FromEmailAddress: 'a@example.com',
        Destination: { ToAddresses: ['b@example.com'] },
        Content: {
          Simple: {
            Subject: { Data: subject },
            Body: { Html: { Data: hostile }, Text: { Data: '<script>x</script>' } },
          },
        },
      },
      'hostile@mail',
    );
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${harness.local.endpoint}/inbox`);
    await page.getByRole('link', { name: 'Hostile' }).click();
    const part = page.frameLocator('iframe');
    await part.locator('#send').click();
    expect([await page.title(), await page.getByRole('heading', { level: 1 }).textContent()]).toEqual([
      subject,
      subject,
    ]);
    expect(asked).toEqual([]);

    const [opened] = await Promise.all([context.waitForEvent('page'), part.locator('#link').click()]);
    await opened.waitForLoadState();
    expect(opened.url()).toBe(`${elsewhere}/link`);
    expect(asked.filter(([path]) => path !== '/favicon.ico')).toEqual([['/link', undefined]]);
    expect(page.url()).toBe(`${harness.local.endpoint}/inbox/hostile%40mail`);
    await context.close();
  });
});
