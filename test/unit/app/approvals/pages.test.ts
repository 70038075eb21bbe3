import { beforeEach, describe, expect, it } from 'vitest';
import { evidenceKeyOf } from '../../../../lib/app/approvals/record.ts';
import { putApproval } from '../../../../lib/app/approvals/statements.ts';
import { isGiven, recordedApproval } from '../../../../lib/core/approvals/approval.ts';
import type { Promotion } from '../../../../lib/core/promotion.ts';
import { pageRequest } from '../../../../lib/runtime/page-requests.ts';
import { type Approving, approving, decideBy, type TestBrowser } from '../../../support/approving.ts';
import { DAY } from '../../../support/clock.ts';
import { type ControlPlane, controlPlane } from '../../../support/control-plane.ts';
import type { TestKey } from '../../../support/keys.ts';
import { digestOf } from '../../../support/manifests.ts';
import { stages } from '../../../support/stages.ts';

let plane: ControlPlane & { readonly key: TestKey };
let world: Approving;
let promotion: Promotion;
let secret: string;
let browser: TestBrowser;
const { post } = stages(() => plane);
beforeEach(async () => {
  plane = await controlPlane();
  world = approving(plane);
  await post();
  await world.enlist('p-1');
  promotion = await world.awaiting('run-1', { reason: '<script>alert(1)</script>' });
  await world.ask(promotion, 'model-owner');
  secret = world.linksOf('p-1').at(-1) ?? '';
  browser = world.browser();
});

/** Everything that the workflow table holds. */
const stored = () => JSON.stringify([[...world.table.links.values()], [...world.table.asks.values()]]);
const proven = async () => {
  await browser.get(secret);
  await browser.post(secret, 'code');
  await browser.post(secret, 'session', { code: world.codeOf('p-1') });
};

describe('a link', () => {
  it('that is opened fifty times changes nothing, and shows hostile text as text', async () => {
    const before = stored();
    const mails = world.mails.length;
    for (let time = 0; time < 50; time++) await world.browser().get(secret);
    expect(stored()).toBe(before);
    expect(world.mails).toHaveLength(mails);
    expect(await browser.get(secret)).not.toContain('<script>');
    expect(browser.headers['Content-Security-Policy']).toContain("frame-ancestors 'none'");
    expect(browser.headers['Cache-Control']).toBe('no-store');
  });

  it.each(['', 'x', 'A'.repeat(43), '../'.repeat(10)])(
    'that is none (%j) is answered like every other',
    async (guess) => {
      const truncated = world.browser();
      const [page, other] = [await browser.get(guess), await truncated.get(secret.slice(0, 42))];
      expect([browser.status, truncated.status]).toEqual([404, 404]);
      expect(page).toBe(other);
    },
  );

  it('shows what others said only to who has proved who they are', async () => {
    await world.enlist('p-2', { roles: ['privacy-officer'] });
    await world.ask(promotion, 'privacy-officer');
    await decideBy(world, 'p-2', 'approve', 'the consent covers it');
    await browser.get(secret);
    expect(browser.page).toContain('1 decision on this');
    expect(browser.page).not.toMatch(/the consent covers it|p-2/);
    await browser.post(secret, 'code');
    expect(browser.page).not.toMatch(/the consent covers it|p-2/);
    await browser.post(secret, 'session', { code: world.codeOf('p-1') });
    expect(browser.page).toContain('the consent covers it');
    expect(await world.browser().get(secret)).not.toContain('the consent covers it');
  });

  it('shows what was said of a model that the endpoint was refused before', async () => {
    await decideBy(world, 'p-1', 'reject', 'said of this model');
    const given = [...world.table.links.values()].find((link) => link.given)?.given;
    if (!given) throw new Error('nobody has decided');
    const [id, model] = [digestOf('an earlier promotion'), digestOf('an earlier model')];
    const key = await evidenceKeyOf(world.deps);
    const said = { ...given, promotion: id, comment: 'said of an earlier model' };
    const { body, ...rows } = await putApproval(world.deps, model, said, key);
    if (!isGiven(body)) throw new Error('this is no decision');
    await world.table.give(rows, recordedApproval(model, rows.record.sha256, body), undefined);
    const earlier: Partial<Promotion> = { id, model, state: 'rejected', ended_at: '2026-11-21T13:00:00.000Z' };
    world.table.promotions.set(id, { ...promotion, ...earlier });
    await world.ask(await world.awaiting('run-2'), 'model-owner');
    secret = world.linksOf('p-1').at(-1) ?? '';
    await proven();
    expect(browser.page).toContain('said of this model');
    expect(browser.page).toContain('said of an earlier model');
  });

  it('of what is over shows how it ended, and nothing of what was asked: not to a form either, and not to who had a session', async () => {
    await proven();
    const choose = browser.form('decision');
    world.change(promotion.id, { state: 'superseded', ended_at: '2026-11-21T13:00:00.000Z' });
    await browser.get(secret);
    const page = browser.page;
    expect([browser.status, page]).toEqual([410, expect.stringContaining('A newer promotion took the place')]);
    expect(page).toContain(`countersign promotion show ${promotion.id}`);
    for (const fact of [promotion.model, promotion.endpoint, 'alert(1)', 'p-1']) expect(page).not.toContain(fact);
    for (const [step, form] of [
      ['decision', new Map([...choose, ['decision', 'approve']])],
      ['code', choose],
      ['session', choose],
    ] as const) {
      await browser.send(secret, step, form);
      for (const fact of [promotion.model, promotion.endpoint]) expect(browser.page).not.toContain(fact);
    }
    expect(world.table.rows.size).toBe(0);
  });

  it('of what is over still shows its owner what they decided, and nothing else', async () => {
    await decideBy(world, 'p-1', 'approve', 'the recall is what counts');
    world.change(promotion.id, { state: 'rolled_back', ended_at: '2026-11-21T13:00:00.000Z' });
    const page = await world.browser().get(secret);
    expect(page).toContain('the recall is what counts');
    expect(page).toContain('The release was rolled back');
    for (const fact of [promotion.model, promotion.endpoint, 'alert(1)', 'Take it back']) {
      expect(page).not.toContain(fact);
    }
  });

  it('that is over shows so, and decides nothing', async () => {
    await proven();
    plane.clock.advance(5 * DAY);
    await browser.send(secret, 'decision', browser.form('decision'));
    expect(browser.status).toBe(410);
    expect(world.table.rows.size).toBe(0);
  });
});

describe('a form', () => {
  it.each(['code', 'session', 'decision'])('for %s without the tokens of a page changes nothing', async (step) => {
    const before = stored();
    await browser.send(
      secret,
      step,
      new Map([
        ['step', 'choose'],
        ['decision', 'approve'],
      ]),
    );
    expect(browser.status).toBe(403);
    await browser.get(secret);
    await world.browser().send(secret, step, browser.form('code'));
    expect(stored()).toBe(before);
  });

  it('from another site is refused, whatever it carries', async () => {
    await browser.get(secret);
    await browser.send(secret, 'code', browser.form('code'), 'cross-site');
    expect(browser.status).toBe(403);
  });

  it('of another promotion does nothing here', async () => {
    const other = await world.awaiting('run-2');
    await world.ask(other, 'model-owner');
    const second = world.linksOf('p-1').at(-1) ?? '';
    await proven();
    const form = browser.form('decision');
    await browser.get(second);
    await browser.send(second, 'decision', new Map([...form, ['decision', 'approve'], ['comment', '']]));
    expect(browser.status).toBe(403);
    expect(world.table.rows.size).toBe(0);
  });

  it.each([
    ['many lines', 'a\r\n'.repeat(1000)],
    ['characters of three bytes', '審'.repeat(2000)],
  ])('takes the longest comment, of %s', async (_, comment) => {
    await proven();
    await browser.post(secret, 'decision', { decision: 'approve', comment });
    expect(browser.page).toContain('Approve this release');
  });

  it('to reject wants a comment, and comes back with what was typed', async () => {
    await proven();
    await browser.post(secret, 'decision', { decision: 'reject', comment: ' ' });
    expect(browser.status).toBe(422);
    await browser.post(secret, 'decision', { decision: 'neither', comment: '"><b>' });
    expect(browser.page).toContain('&quot;&gt;&lt;b&gt;');
  });

  it('that is malformed is none', () => {
    const event = (body: string, type = 'application/x-www-form-urlencoded') =>
      pageRequest({
        httpMethod: 'POST',
        resource: '/approve/{link}/code',
        headers: { 'Content-Type': type },
        pathParameters: { link: 'x' },
        multiValueQueryStringParameters: null,
        requestContext: { path: '/local/approve/x/code', domainName: 'pages.example.org' },
        body,
        isBase64Encoded: false,
      }).form;
    expect(event('token=a&step=b')).toEqual(
      new Map([
        ['token', 'a'],
        ['step', 'b'],
      ]),
    );
    for (const body of ['token=a&token=b', 'token=%zz', 'token=%ff', '=a', `a=${'b'.repeat(25_000)}`]) {
      expect(event(body), body.slice(0, 20)).toBeUndefined();
    }
    expect(event('{}', 'application/json')).toBeUndefined();
  });
});

describe('a code', () => {
  it('goes to the address of the directory, and is asked for only so often', async () => {
    await browser.get(secret);
    await browser.post(secret, 'code');
    expect(world.mails.at(-1)).toMatchObject({ to: 'p-1@example.org', content: { kind: 'code' } });
    expect(stored()).not.toContain(world.codeOf('p-1'));
    await browser.post(secret, 'code');
    expect(browser.status).toBe(429);
  });

  it('is sent five times by one link, which says then where another comes from, and raises the alarm once', async () => {
    await browser.get(secret);
    const form = browser.form('code');
    for (let nth = 1; nth <= 7; nth++) {
      await browser.send(secret, 'code', form);
      plane.clock.advance(60_000);
    }
    expect(browser.status).toBe(429);
    expect(browser.page).toContain('no more codes');
    expect(browser.page).not.toContain('can be asked for');
    expect(world.mails.filter(({ content }) => content.kind === 'code')).toHaveLength(5);
    const about = { promotion: promotion.id, role: 'model-owner', person: 'p-1' };
    const told = plane.logged.filter(({ event }) => event === 'link-dead');
    expect(told.map(({ fields }) => fields)).toEqual([{ ...about, tries: 0, codes: 5 }]);
    const token = await world.ask(promotion, 'model-owner', { reminder: 1 });
    await decideBy(world, 'p-1', 'approve');
    expect(world.answers.get(token)).toBe('succeeded');
  });

  it('that no mail brought is none of those that a link brings, nor does it raise the alarm', async () => {
    await browser.get(secret);
    const form = browser.form('code');
    world.mailService.isDown = true;
    for (let nth = 1; nth <= 6; nth++) {
      await expect(browser.send(secret, 'code', form)).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
      await browser.send(secret, 'code', form);
      expect([browser.status, browser.page]).toEqual([429, expect.stringContaining('can be asked for')]);
      plane.clock.advance(60_000);
    }
    world.mailService.isDown = false;
    await decideBy(world, 'p-1', 'approve');
    expect(world.table.rows.size).toBe(1);
    expect(plane.logged.filter(({ event }) => event === 'link-dead')).toEqual([]);
  });

  it('that is wrong five times ends the link, even tried all at once', async () => {
    await browser.get(secret);
    await browser.post(secret, 'code');
    const form = browser.form('session');
    const right = world.codeOf('p-1');
    for (let guess = 0; guess < 5; guess++) {
      await browser.send(secret, 'session', new Map([...form, ['code', String(guess).padStart(8, '0')]]));
    }
    expect(await browser.get(secret)).toContain('too many wrong codes');
    const about = { promotion: promotion.id, role: 'model-owner', person: 'p-1' };
    const told = plane.logged.filter(({ event }) => event === 'code-wrong' || event === 'link-dead');
    expect(told.map(({ event }) => event)).toEqual([...Array(4).fill('code-wrong'), 'link-dead']);
    expect(told.at(-1)?.fields).toEqual({ ...about, tries: 5, codes: 1 });
    await browser.send(secret, 'session', new Map([...form, ['code', right]]));
    expect(world.table.rows.size).toBe(0);
  });

  it('that ended the link leaves the approver a way on: the next reminder brings a fresh one', async () => {
    await browser.get(secret);
    await browser.post(secret, 'code');
    const form = browser.form('session');
    for (let guess = 0; guess < 5; guess++)
      await browser.send(secret, 'session', new Map([...form, ['code', 'wrong']]));
    expect(browser.page).toContain('The next reminder brings you another link');
    plane.clock.advance(60_000);
    const token = await world.ask(promotion, 'model-owner', { reminder: 1 });
    await decideBy(world, 'p-1', 'approve');
    expect(world.answers.get(token)).toBe('succeeded');
  });

  it('is tried five times in all also where the link has decided: then it takes nothing back', async () => {
    await decideBy(world, 'p-1', 'approve');
    plane.clock.advance(60_000);
    await browser.get(secret);
    await browser.post(secret, 'code');
    const [again, enter] = [browser.form('code'), browser.form('session')];
    for (let guess = 0; guess < 5; guess++)
      await browser.send(secret, 'session', new Map([...enter, ['code', 'wrong']]));
    expect(browser.page).toContain('You approved');
    expect(browser.page).not.toContain('Take it back');
    const mails = world.mails.length;
    plane.clock.advance(60_000);
    await browser.send(secret, 'code', again);
    await browser.send(secret, 'session', new Map([...enter, ['code', world.codeOf('p-1')]]));
    expect(world.mails).toHaveLength(mails);
    expect([...world.table.links.values()]).toMatchObject([{ tries: 5 }]);
  });

  it('ends after ten minutes', async () => {
    await browser.get(secret);
    await browser.post(secret, 'code');
    plane.clock.advance(10 * 60_000);
    await browser.post(secret, 'session', { code: world.codeOf('p-1') });
    expect(browser.status).toBe(403);
  });

  it('that was right opens no session for another browser', async () => {
    await proven();
    const thief = world.browser();
    await thief.get(secret);
    expect(thief.page).not.toContain('value="approve"');
  });
});

it.each([{ round: 7 }, { person: 'p-2' }, { environment: 'staging' }, { endpoint: 'another' }] as const)(
  'a decision whose row says %j, and whose statement does not, is not shown',
  async (forged) => {
    const decided = await decideBy(world, 'p-1', 'approve', 'the recall is what counts');
    const [row] = [...world.table.rows.values()];
    if (row) world.table.rows.set(row.evidence, { ...row, ...forged });
    plane.clock.advance(60_000);
    expect(await decided.get(secret)).not.toContain('the recall is what counts');
  },
);

it('a decision that is sent again stays the one that was made', async () => {
  const decided = await decideBy(world, 'p-1', 'approve');
  await decided.get(secret);
  expect(decided.page).toContain('You approved');
  expect(world.table.rows.size).toBe(1);
});
