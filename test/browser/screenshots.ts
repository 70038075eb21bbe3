import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { renderMail } from '../../lib/core/mail/render.ts';
import { renderApprovalPage } from '../../lib/core/pages/approval/page.ts';
import { renderTimelinePage } from '../../lib/core/pages/timeline/page.ts';
import { launchBrowser } from '../../local/browser.ts';
import { MAILS } from '../support/mails.ts';
import { APPROVAL_PAGES, TIMELINE_PAGES } from '../support/pages.ts';

/**
 * `node test/browser/screenshots.ts FOLDER [NAME…]`: each page and mail as a picture, light and dark, on a phone and on a desktop, for
 * people to look at. With names, only those.
 */

const [folder, ...wanted] = process.argv.slice(2);
if (folder === undefined) throw new Error('name the folder for the pictures');

const sheets = [
  ...Object.entries(APPROVAL_PAGES).map(([name, page]) => ({ name, html: renderApprovalPage(page).html })),
  ...Object.entries(TIMELINE_PAGES).map(([name, page]) => ({ name, html: renderTimelinePage(page).html })),
  ...Object.entries(MAILS).map(([name, mail]) => ({ name, html: renderMail(mail).html })),
].filter(({ name }) => wanted.length === 0 || wanted.includes(name));

await mkdir(folder, { recursive: true });
const browser = await launchBrowser();
try {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [size, width] of [
      ['phone', 360],
      ['desktop', 1100],
    ] as const) {
      const page = await browser.newPage({
        colorScheme,
        viewport: { width, height: 800 },
        deviceScaleFactor: size === 'phone' ? 2 : 1,
      });
      for (const { name, html } of sheets) {
        await page.setContent(html);
        await page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`), fullPage: true });
      }
      await page.close();
    }
  }
} finally {
  await browser.close();
}
