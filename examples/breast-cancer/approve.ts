import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import type { LocalControl, Mail } from '../../local/control.ts';

/** Mails come within this; the state machine's interpreter alone takes seconds to load. */
const PATIENCE_MS = 120_000;
const PAUSE_MS = 250;

const LINK = /https?:\/\/\S+\/approve\/[\w-]+/;

/** The mail in which somebody is asked to approve a promotion. */
export interface AskedMail {
  readonly to: string;
  readonly link: string;
}

/** Ids of the mails that have come, to tell from them which come later. */
export async function mailsSoFar(control: LocalControl): Promise<ReadonlySet<string>> {
  return new Set((await control.mails()).map(({ id }) => id));
}

/** Waits until everybody of these addresses is asked. @throws Error when a mail does not come */
export async function mailsFor(
  control: LocalControl,
  addresses: readonly string[],
  before: ReadonlySet<string>,
): Promise<readonly AskedMail[]> {
  return await patiently(`a mail with a link to each of ${addresses.join(', ')}`, async () => {
    const mails = (await control.mails()).filter(({ id }) => !before.has(id));
    const asked = addresses.flatMap((address) => {
      const mail = mails.find(({ to, text }) => to.includes(address) && LINK.test(text));
      const link = mail && LINK.exec(mail.text)?.[0];
      return link === undefined ? [] : [{ to: address, link }];
    });
    return asked.length === addresses.length ? asked : undefined;
  });
}

/** Does in a headless browser what each approver would do: opens the link, asks for a code, enters it, approves, confirms. */
export async function approveAll(control: LocalControl, asked: readonly AskedMail[]): Promise<number> {
  // Loaded here: who approves by hand needs no browser of ours.
  const { launchBrowser } = await import('../../local/browser.ts');
  const browser = await launchBrowser();
  try {
    for (const mail of asked) await approve(browser, control, mail);
    return asked.length;
  } finally {
    await browser.close();
  }
}

async function approve(browser: Browser, control: LocalControl, { to, link }: AskedMail): Promise<void> {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  try {
    await page.goto(link);
    const before = await mailsSoFar(control);
    await page.getByRole('button', { name: 'Send me a code' }).click();
    const code = await patiently(`the code for ${to}`, async () => codeIn(await control.mails(), to, before));
    await page.getByRole('textbox', { name: 'Code' }).fill(code);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('textbox', { name: 'Comment' }).fill('Looked at by the example.');
    await page.getByRole('button', { name: 'Approve …' }).click();
    await page.getByRole('button', { name: 'Approve this release' }).click();
    await page.getByText('You approved').first().waitFor();
  } finally {
    await page.close();
  }
}

function codeIn(mails: readonly Mail[], to: string, before: ReadonlySet<string>): string | undefined {
  // Others may come at the same time, such as one that asks once more.
  const theirs = mails.filter((one) => one.to.includes(to) && !before.has(one.id));
  return theirs.flatMap(({ text }) => /^ *(\d{6,8}) *$/m.exec(text)?.[1] ?? []).at(-1);
}

/** Asks again until there is an answer. */
async function patiently<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  for (const end = performance.now() + PATIENCE_MS; ; await sleep(PAUSE_MS)) {
    const found = await ask();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`${what} did not come`);
  }
}
