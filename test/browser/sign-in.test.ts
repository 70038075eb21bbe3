import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { verify } from '../../cli/verify/verify.ts';
import { oidcProvider } from '../../lib/adapters/oidc/provider.ts';
import { parsePublicKey } from '../../lib/core/keys.ts';
import { objectKey } from '../../lib/core/layout.ts';
import type { Promotion } from '../../lib/core/promotion.ts';
import { launchBrowser } from '../../local/browser.ts';
import { type Approving, approving } from '../support/approving.ts';
import { type ControlPlane, controlPlane } from '../support/control-plane.ts';
import type { TestKey } from '../support/keys.ts';
import { type RunningProvider, startProvider } from '../support/oidc-provider.ts';
import { type PagesServer, pagesServer } from '../support/pages-server.ts';
import { stages } from '../support/stages.ts';

let browser: Browser;
let pages: PagesServer;
let provider: RunningProvider;
beforeAll(async () => {
  browser = await launchBrowser();
  pages = await pagesServer();
  provider = await startProvider(`${pages.url}/signed-in`);
});
afterAll(() => Promise.all([browser.close(), pages.close(), provider.close()]));

let plane: ControlPlane & { readonly key: TestKey };
let world: Approving;
let promotion: Promotion;
let page: Page;
const { post } = stages(() => plane);
beforeEach(async () => {
  plane = await controlPlane();
  // The provider's clock is the real one.
  plane.clock.set(new Date().toISOString());
  world = approving(plane, oidcProvider({ ...provider, log: plane.submitDeps.log }));
  pages.serve(world.deps);
  await post();
  await world.enlist('p-1', { oidc_subject: provider.subjectOf('ada') });
  promotion = await world.awaiting('run-1');
  await world.ask(promotion, 'model-owner');
  page = await browser.newPage({ javaScriptEnabled: false });
});
afterEach(() => page.close());

async function signIn(login: string): Promise<void> {
  await page.goto(`${pages.url}/approve/${world.linksOf('p-1').at(-1)}`);
  await page.getByRole('textbox', { name: 'Comment' }).fill('The recall\nis what counts.');
  await page.getByRole('button', { name: 'Approve …' }).click();
  await page.getByRole('link', { name: `Sign in at ${new URL(provider.issuer).host}` }).click();
  await page.locator('[name=login]').fill(login);
  await page.locator('[name=password]').fill('anything');
  await page.getByRole('button').click();
  // The provider asks whether it may tell us who signed in.
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.waitForURL(`${pages.url}/signed-in?**`);
}

const statement = () =>
  plane.bucket.objects.get(objectKey.approval({ promotion: promotion.id, role: 'model-owner', round: 1 }, 'given'));

describe('an approver who signs in at a real provider, in a real browser without scripts', () => {
  it('approves with its signature, which anybody verifies offline', async () => {
    await signIn('ada');
    const returned = page.url();
    await page.getByRole('button', { name: 'Approve this release' }).click();
    await page.getByRole('heading', { name: 'You approved' }).waitFor();
    expect(await page.getByText('signed in with their identity provider').count()).toBe(1);
    expect([...world.answers.values()]).toEqual(['succeeded']);
    const trusted = { evidenceKeys: [parsePublicKey(plane.signer.key.pem)] };
    const { verdict, checks } = await verify(Buffer.from(statement()?.bytes ?? ''), trusted);
    expect(verdict).toBe('verified');
    expect(checks.find(({ name }) => name === 'person')?.detail).toBe(
      `p-1 signed in at ${provider.issuer} as ${provider.subjectOf('ada')}, for exactly this`,
    );
    // Of what is kept nothing names a person, though the provider knows their name; and no log has what could be used again.
    const token = [...world.table.links.values()].flatMap(({ given }) =>
      given?.method.kind === 'oidc' ? [given.method.id_token] : [],
    );
    const [claims = {}] = token.map((one) => JSON.parse(Buffer.from(one.split('.')[1] ?? '', 'base64url').toString()));
    expect(Object.keys(claims).toSorted()).toEqual(['aud', 'exp', 'iat', 'iss', 'nonce', 'sub']);
    for (const one of token) expect(JSON.stringify(plane.logged)).not.toContain(one);
    // The address that they came back to leads nowhere any more.
    await page.goto(returned);
    await page.getByRole('heading', { name: 'Nothing was decided' }).waitFor();
    expect(world.table.rows.size).toBe(1);
  });

  it('and is somebody else decides nothing', async () => {
    await signIn('eve');
    await page.getByRole('button', { name: 'Approve this release' }).click();
    await page.getByText('not as the person who was asked').waitFor();
    expect([world.table.rows.size, statement()]).toEqual([0, undefined]);
    await page.getByRole('link', { name: 'Show the page anew' }).click();
    await page.getByRole('heading', { name: 'Step 1 of 3: decide' }).waitFor();
  });
});
