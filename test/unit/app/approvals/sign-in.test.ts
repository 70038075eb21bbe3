import { beforeEach, describe, expect, it } from 'vitest';
import { changeApprover } from '../../../../lib/app/directory/manage-approvers.ts';
import { provenApprovals } from '../../../../lib/app/gate/approvals.ts';
import { reindex } from '../../../../lib/app/reindex.ts';
import type { Promotion } from '../../../../lib/core/promotion.ts';
import { approverDeps, PEOPLE_ADMIN } from '../../../support/approvers.ts';
import { type Approving, approving, decideBy, type TestBrowser } from '../../../support/approving.ts';
import { type ControlPlane, controlPlane } from '../../../support/control-plane.ts';
import type { TestKey } from '../../../support/keys.ts';
import { Crash } from '../../../support/memory/steps.ts';
import { MemoryTables } from '../../../support/memory/tables.ts';
import { ISSUER, MemoryProvider, providerPair } from '../../../support/provider.ts';
import { stages } from '../../../support/stages.ts';

let plane: ControlPlane & { readonly key: TestKey };
let world: Approving;
let provider: MemoryProvider;
let promotion: Promotion;
let secret: string;
let browser: TestBrowser;
const { post } = stages(() => plane);
beforeEach(async () => {
  plane = await controlPlane();
  provider = new MemoryProvider(plane.clock.now);
  world = approving(plane, provider);
  await post();
  await world.enlist('p-1', { roles: ['model-owner', 'privacy-officer'], oidc_subject: 'sub-1' });
  promotion = await world.awaiting('run-1');
  await world.ask(promotion, 'model-owner');
  secret = world.linksOf('p-1').at(-1) ?? '';
  browser = world.browser();
});

const rows = () => [...world.table.rows.values()];
const given = () => [...world.table.links.values()].flatMap((link) => link.given ?? []);
const inGate = async () => {
  const deps = { ...plane.submitDeps, ledger: plane.ledger };
  const known = await provenApprovals(deps, { known: true, items: rows() }, plane.clock.now(), undefined);
  return known.known ? known.items.map(({ role, person, decision }) => `${role} ${person} ${decision}`) : known.code;
};

/** The first two steps: from the mail's link to that of the provider. */
async function chosen(decision = 'approve', comment = '', by = browser): Promise<void> {
  await by.get(secret);
  await by.post(secret, 'decision', { decision, comment });
}
/** All but the last: signed in, and back. */
async function back(sub = 'sub-1', decision = 'approve', comment = ''): Promise<void> {
  await chosen(decision, comment);
  await browser.comeBack(provider.signIn(browser.page, sub));
}
const nothingDecided = () => {
  expect([rows(), given()]).toEqual([[], []]);
};

describe('an approver who signs in', () => {
  it('decides with the signature of their provider, which a gate verifies again', async () => {
    await back('sub-1', 'approve', 'the recall\nis what counts');
    expect(browser.page).toContain('Step 3 of 3: confirm that you approve');
    await browser.goOn();
    expect(browser.page).toContain('which signed it too');
    expect(given()).toMatchObject([
      { decision: 'approved', method: { kind: 'oidc', strength: 'stronger', issuer: ISSUER } },
    ]);
    expect(await inGate()).toEqual(['model-owner p-1 approved']);
    expect([...world.answers.values()]).toEqual(['succeeded']);
  });

  it('signs in once, though another role is asked while they do', async () => {
    await back();
    plane.steps.before('claim-approval', async () => void (await world.ask(promotion, 'privacy-officer')));
    await browser.goOn();
    expect(await inGate()).toEqual(['model-owner p-1 approved']);
    expect(provider.redeemed).toHaveLength(1);
  });

  it('rejects in the same way', async () => {
    await back('sub-1', 'reject', 'not this week');
    await browser.goOn();
    expect(given()).toMatchObject([{ decision: 'rejected', comment: 'not this week', method: { kind: 'oidc' } }]);
  });

  it('takes an approval back in the same way, and a rebuild reads both', async () => {
    await back();
    await browser.goOn();
    await browser.post(secret, 'decision');
    expect(browser.page).toContain('You no longer approve this');
    await browser.comeBack(provider.signIn(browser.page, 'sub-1'));
    await browser.goOn();
    expect(browser.page).toContain('its giver took it back');
    expect(await inGate()).toEqual([]);
    const tables = new MemoryTables();
    const [skipped, nothing]: [string[], () => void] = [[], () => undefined];
    const skip = (name: string) => void skipped.push(name);
    const deps = { archive: plane.bucket, tables, skipped: skip, remarked: nothing, progress: nothing };
    expect(await reindex(deps)).toMatchObject({ approvals: 2 });
    expect(skipped.filter((name) => name.startsWith('approvals/'))).toEqual([]);
  });

  it('sees how others decided and not what they said, as they prove nothing before they have decided', async () => {
    await world.enlist('p-2', { roles: ['privacy-officer'] });
    await world.ask(promotion, 'privacy-officer');
    await decideBy(world, 'p-2', 'approve', 'the consent covers it');
    await browser.get(secret);
    expect(browser.page).toContain('p-2');
    expect(browser.page).not.toContain('the consent covers it');
  });

  it('is told on the page what is missing, before they go anywhere', async () => {
    await chosen('reject', ' ');
    expect([browser.status, browser.page.includes('Say why you reject it')]).toEqual([422, true]);
    await browser.post(secret, 'decision', { decision: 'withdraw' });
    expect(browser.status).toBe(422);
    nothingDecided();
  });

  it('gets no code, and none that was sent before counts', async () => {
    const codes = approving(plane);
    await codes.ask(await codes.awaiting('run-2'), 'model-owner');
    const link = codes.linksOf('p-1').at(-1) ?? '';
    const before = codes.browser();
    await before.get(link);
    await before.post(link, 'code');
    await before.post(link, 'session', { code: codes.codeOf('p-1') });
    await before.post(link, 'decision', { decision: 'approve', comment: '' });
    const confirm = before.form('decision');
    const late = codes.browser();
    await late.get(link);
    const code = late.form('code');
    plane.clock.advance(60_000);
    // From now on a provider is configured.
    Object.assign(codes.deps, { provider });
    const after = codes.browser();
    for (const cookie of before.cookies) after.cookies.set(...cookie);
    await after.send(link, 'decision', confirm);
    expect(codes.table.rows.size).toBe(0);
    expect(after.page).toContain('Nothing was decided');
    const mails = codes.mails.length;
    for (const cookie of late.cookies) after.cookies.set(...cookie);
    await after.send(link, 'code', code);
    expect(after.page).toContain('Step 1 of 3');
    expect(codes.mails).toHaveLength(mails);
  });
});

it('somebody without a subject in the directory proves who they are by a code still', async () => {
  await world.enlist('p-2', { roles: ['privacy-officer'] });
  await world.ask(promotion, 'privacy-officer');
  await browser.get(world.linksOf('p-2').at(-1) ?? '');
  expect(browser.page).toContain('Step 1 of 4');
});

describe('the address that providers send back to', () => {
  it('changes nothing and asks nobody by GET, however often, and gives no cookie', async () => {
    await chosen();
    const answer = provider.signIn(browser.page, 'sub-1');
    const before = JSON.stringify([...world.table.links.values()]);
    const cookies = [...browser.cookies];
    for (let time = 0; time < 50; time++) await browser.comeBack(answer);
    expect([JSON.stringify([...world.table.links.values()]), [...browser.cookies]]).toEqual([before, cookies]);
    expect(provider.redeemed).toEqual([]);
  });

  it.each([
    ['nothing', {}],
    ['a state that was never made', { state: `${'0'.repeat(64)}.${'A'.repeat(43)}`, code: 'x' }],
    ['a state that is none', { state: '../../x', code: 'x' }],
  ])('shows nothing for %s', async (_, query) => {
    await chosen();
    await browser.comeBack(query);
    expect([browser.status, browser.page.includes(promotion.endpoint)]).toEqual([403, false]);
  });

  it('goes no further with an error, or with a code beyond all measure', async () => {
    await chosen();
    const { state } = provider.signIn(browser.page, 'sub-1');
    for (const query of [
      { state, error: 'access_denied' },
      { state, code: 'x'.repeat(5000) },
    ]) {
      await browser.comeBack(query);
      expect([browser.status, browser.page.includes('<form')]).toEqual([403, false]);
    }
  });
});

describe('a sign-in is refused', () => {
  const refused = async (says: string) => {
    expect(browser.page).toContain(says);
    nothingDecided();
  };

  it('of another person', async () => {
    await back('sub-2');
    await browser.goOn();
    await refused('not as the person who was asked');
  });

  it('in another browser than it was begun in, which does not even redeem the code', async () => {
    await chosen();
    const victim = world.browser();
    await victim.get(secret);
    await victim.comeBack(provider.signIn(browser.page, 'sub-1'));
    await victim.goOn();
    expect(victim.status).toBe(404);
    await chosen('approve', '', victim);
    const stolen = provider.signIn(victim.page, 'sub-1');
    await chosen();
    const own = provider.signIn(browser.page, 'sub-2');
    await victim.goOn(new Map(Object.entries(own)));
    expect(victim.page).toContain('another browser');
    expect(provider.redeemed).toEqual([]);
    // A code that was made for another state is refused by the provider: its verifier is another.
    await browser.goOn(new Map(Object.entries({ ...own, code: stolen.code })));
    await refused('did not confirm');
  });

  it('for another decision or comment than the one that is kept', async () => {
    await chosen('reject', 'no');
    const first = provider.signIn(browser.page, 'sub-1');
    plane.clock.advance(1000);
    await chosen('approve');
    const second = provider.signIn(browser.page, 'sub-1');
    await browser.goOn(new Map(Object.entries(first)));
    await refused('used before');
    await browser.goOn(new Map(Object.entries({ ...second, code: first.code })));
    await refused('did not confirm');
  });

  it('for another promotion', async () => {
    await back();
    const form = browser.form('signed-in');
    await world.ask(await world.awaiting('run-2'), 'model-owner');
    const other = world.linksOf('p-1').at(-1) ?? '';
    await browser.get(other);
    await browser.post(other, 'decision', { decision: 'approve', comment: '' });
    const { state } = provider.signIn(browser.page, 'sub-1');
    await browser.goOn(new Map([...form, ['state', state]]));
    await refused('did not confirm');
  });

  it('when in whose place they decide has changed meanwhile, and says so in the next', async () => {
    await back();
    await world.enlist('p-away');
    const absence = { from: '2020-01-01T00:00:00.000Z', until: '2100-01-01T00:00:00.000Z', deputy: 'p-1' };
    await changeApprover(approverDeps(plane), 'p-away', { revision: 1, absence }, PEOPLE_ADMIN);
    await browser.goOn();
    await refused('has changed since');
    expect(provider.redeemed).toEqual([]);
    await back();
    await browser.goOn();
    expect([...world.table.links.values()]).toMatchObject([{ given: { person: 'p-1', deputy_for: ['p-away'] } }]);
  });

  it('when it is made a second time, and of two at once one is', async () => {
    await back('sub-2');
    const form = browser.form('signed-in');
    await Promise.all([browser.goOn(form), browser.goOn(form)]);
    expect(provider.redeemed).toHaveLength(1);
    await browser.goOn(form);
    expect(provider.redeemed).toHaveLength(1);
    await refused('used before');
  });

  it('when it took too long, or another site sends it', async () => {
    await back();
    await browser.goOn(browser.form('signed-in'), 'cross-site');
    await refused('another browser');
    await back();
    const form = browser.form('signed-in');
    plane.clock.advance(15 * 60_000);
    await browser.goOn(form);
    await refused('took too long');
  });

  it.each([
    ['by a key that the provider does not have', { pair: providerPair(), claims: {} }, 'did not confirm'],
    ['with a name', { claims: { name: 'Ada' } }, 'did not confirm'],
    ['with an address under another name', { claims: { login: 'P-1@example.org' } }, 'did not confirm'],
    ['for another client', { claims: { aud: 'another' } }, 'did not confirm'],
    ['of another provider', { claims: { iss: 'https://login.example.org' } }, 'did not confirm'],
  ])('that is answered %s', async (_, { claims, ...rest }, says) => {
    await back();
    if ('pair' in rest) {
      const { key } = provider.pair;
      provider.pair = { key, token: rest.pair.token };
    }
    provider.claims = claims;
    await browser.goOn();
    await refused(says);
    expect(plane.logged.map(({ event }) => event)).toContain('sign-in-refused');
    expect(JSON.stringify(plane.logged)).not.toMatch(/eyJ|code-1|P-1@example/i);
  });

  it('when what was asked has changed since', async () => {
    await back();
    plane.clock.advance(1000);
    // The gate has decided anew.
    await world.awaiting('run-1');
    await browser.goOn();
    await refused('has changed since');
    expect(provider.redeemed).toEqual([]);
  });
});

describe('a provider that is down', () => {
  it('is told of before anybody goes there, and nothing is kept', async () => {
    provider.isUp = false;
    const before = JSON.stringify([...world.table.links.values()]);
    await chosen();
    expect(browser.page).toContain('does not answer');
    expect(JSON.stringify([...world.table.links.values()])).toBe(before);
  });

  it('when the code is redeemed leaves nothing decided, and the link as good as before', async () => {
    await back();
    provider.isUp = false;
    await browser.goOn();
    expect(browser.page).toContain('does not answer');
    nothingDecided();
    provider.isUp = true;
    await back();
    await browser.goOn();
    expect(await inGate()).toEqual(['model-owner p-1 approved']);
  });
});

describe('a crash after the code was redeemed', () => {
  it('and before the claim leaves nothing decided, and they sign in again', async () => {
    await back();
    plane.steps.crashAt('claim-approval', 'lost');
    await expect(browser.goOn()).rejects.toThrow(Crash);
    nothingDecided();
    await back();
    await browser.goOn();
    expect(await inGate()).toEqual(['model-owner p-1 approved']);
  });

  it('and after the claim leaves what the page carries on, without signing in again', async () => {
    await back();
    plane.steps.crashAt('put-approval', 'lost');
    await expect(browser.goOn()).rejects.toThrow(Crash);
    expect(given()).toHaveLength(1);
    await browser.get(secret);
    expect(browser.page).toContain('Step 3 of 3');
    await browser.post(secret, 'decision');
    expect(await inGate()).toEqual(['model-owner p-1 approved']);
    expect(provider.redeemed).toHaveLength(1);
  });
});
