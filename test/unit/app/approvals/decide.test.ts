import { beforeEach, describe, expect, it } from 'vitest';
import { changeApprover } from '../../../../lib/app/directory/manage-approvers.ts';
import { provenApprovals } from '../../../../lib/app/gate/approvals.ts';
import { activateEvidenceKey } from '../../../../lib/app/manage-registry.ts';
import { reindex } from '../../../../lib/app/reindex.ts';
import { Announcement } from '../../../../lib/contracts/announcements.ts';
import { PromotionError } from '../../../../lib/contracts/promotion.ts';
import { parseApproval } from '../../../../lib/core/approvals/approval.ts';
import { formToken, linkId } from '../../../../lib/core/approvals/link.ts';
import type { ChangeApprover } from '../../../../lib/core/approver-requests.ts';
import { openCountersigned } from '../../../../lib/core/countersigned.ts';
import { parsePublicKey } from '../../../../lib/core/keys.ts';
import { objectKey } from '../../../../lib/core/layout.ts';
import type { Promotion } from '../../../../lib/core/promotion.ts';
import { approverDeps, PEOPLE_ADMIN } from '../../../support/approvers.ts';
import { type Approving, approving, decideBy } from '../../../support/approving.ts';
import { checkLedger } from '../../../support/check-ledger.ts';
import { ADMIN, type ControlPlane, controlPlane } from '../../../support/control-plane.ts';
import { newKey, type TestKey } from '../../../support/keys.ts';
import { digestOf } from '../../../support/manifests.ts';
import { Crash, type Step } from '../../../support/memory/steps.ts';
import { MemoryTables } from '../../../support/memory/tables.ts';
import { MODEL } from '../../../support/releasing.ts';
import { stages } from '../../../support/stages.ts';

let plane: ControlPlane & { readonly key: TestKey };
let world: Approving;
let promotion: Promotion;
let token: string;
/** Of the announcement that one role has approved. */
let approvedId: string;
const { post } = stages(() => plane);
beforeEach(async () => {
  plane = await controlPlane();
  world = approving(plane);
  await post();
  for (const id of ['p-1', 'p-2']) await world.enlist(id, { roles: ['model-owner', 'privacy-officer'] });
  promotion = await world.awaiting('run-1');
  token = await world.ask(promotion, 'model-owner');
  approvedId = `${promotion.id}/${Announcement.promotionApproved}/model-owner/1`;
});

const statement = (part: 'given' | 'ended', role = 'model-owner') => {
  const object = plane.bucket.objects.get(objectKey.approval({ promotion: promotion.id, role, round: 1 }, part));
  if (!object) return undefined;
  return parseApproval(openCountersigned(object.bytes, () => parsePublicKey(plane.signer.key.pem)).statement);
};
const rows = () => [...world.table.rows.values()];
/** A browser that has only to confirm an approval. */
const confirming = async (person: string, secret = '') => {
  const browser = world.browser();
  await browser.get(secret);
  await browser.post(secret, 'code');
  await browser.post(secret, 'session', { code: world.codeOf(person) });
  await browser.post(secret, 'decision', { decision: 'approve', comment: '' });
  return { browser, secret, form: browser.form('decision') };
};
const inGate = async (at = plane.clock.now()) => {
  const deps = { ...plane.submitDeps, ledger: plane.ledger };
  const known = await provenApprovals(deps, { known: true, items: rows() }, at, undefined);
  return known.known ? known.items.map(({ role, person, decision }) => `${role} ${person} ${decision}`) : known.code;
};

describe('a decision', () => {
  it('is a statement of who decided what on which facts, signed by the evidence key', async () => {
    await decideBy(world, 'p-1', 'approve', 'the recall is what counts');
    expect(statement('given')).toEqual({
      model: MODEL,
      body: {
        promotion: promotion.id,
        round: 1,
        role: 'model-owner',
        environment: 'production',
        person: 'p-1',
        decision: 'approved',
        endpoint: promotion.endpoint,
        image_digest: promotion.image.slice(promotion.image.indexOf('@') + 1),
        gate: { decision: promotion.request_decision?.evidence, input: promotion.request_decision?.input },
        deputy_for: [],
        comment: 'the recall is what counts',
        method: { kind: 'code', strength: 'weaker' },
        decided_at: plane.clock.now().toISOString(),
      },
    });
    expect(world.answers.get(token)).toBe('succeeded');
    expect(await inGate()).toEqual(['model-owner p-1 approved']);
    checkLedger(plane);
  });

  it('ends the wait as rejected, with the comment that it needs', async () => {
    const browser = await decideBy(world, 'p-1', 'reject', 'not this week');
    expect(browser.page).toContain('You rejected');
    expect(world.answers.get(token)).toBe(PromotionError.rejected);
    // The end of the promotion is what is announced.
    expect(world.announced).toEqual([]);
    expect(statement('given')?.body).toMatchObject({ decision: 'rejected', comment: 'not this week' });
  });

  it.each(['finish', 'choose', 'confirm'])(
    'is not made, and the wait not ended, by a form for the step %s that the bearer of a link made up',
    async (step) => {
      const secret = world.linksOf('p-1').at(-1) ?? '';
      const browser = world.browser();
      await browser.get(secret);
      const [cookie = ''] = browser.cookies.values();
      const made = formToken(cookie, linkId(secret) ?? '', step);
      await browser.send(secret, 'decision', new Map(Object.entries({ step, token: made, decision: 'reject' })));
      expect(world.answers.size).toBe(0);
      expect(plane.steps.taken).not.toContain('put-approval');
      await decideBy(world, 'p-1', 'approve');
      expect(world.answers.get(token)).toBe('succeeded');
    },
  );

  it.each(['the link that decided', 'a link that somebody else decided before'])(
    'of a round that is over ends no wait of the next, when its form is sent again by %s',
    async (by) => {
      const { browser, secret, form } = await confirming('p-1', world.linksOf('p-1').at(-1));
      if (by === 'the link that decided') await browser.send(secret, 'decision', form);
      else await decideBy(world, 'p-2', 'approve');
      world.change(promotion.id, { round: 2, changes: [{ code: 'policy_changed', about: 'p' }] });
      const next = await world.ask(promotion, 'model-owner', { round: 2 });
      await browser.send(secret, 'decision', form);
      const [cookie = ''] = browser.cookies.values();
      const finish = { step: 'finish', token: formToken(cookie, linkId(secret) ?? '', 'finish') };
      await browser.send(secret, 'decision', new Map(Object.entries(finish)));
      expect(world.answers.get(next)).toBeUndefined();
      await decideBy(world, 'p-2', 'approve');
      expect(world.answers.get(next)).toBe('succeeded');
    },
  );

  it('is made once, by whoever of two is first, however often each sends the form', async () => {
    const ready = await Promise.all(
      ['p-1', 'p-2'].map(async (person) => await confirming(person, world.linksOf(person).at(-1))),
    );
    const all = Array.from({ length: 50 }, () => ready).flat();
    await Promise.all(all.map(({ browser, secret, form }) => browser.send(secret, 'decision', form)));
    expect(rows()).toHaveLength(1);
    expect(plane.steps.taken.filter((step) => step === 'put-approval')).toHaveLength(1);
    expect(await inGate()).toHaveLength(1);
  });

  it.each([
    ['claim-approval', 'done'],
    ['sign', 'done'],
    ['put-approval', 'lost'],
    ['put-approval', 'done'],
    ['give-approval', 'lost'],
    ['give-approval', 'done'],
    ['announce', 'lost'],
    ['announce', 'done'],
    ['answer-wait', 'lost'],
    ['answer-wait', 'done'],
  ] satisfies [Step, 'lost' | 'done'][])(
    'is carried on by the next reminder, when the run died at %s (%s)',
    async (step, fate) => {
      plane.steps.crashAt(step, fate);
      await expect(decideBy(world, 'p-1', 'approve', 'yes')).rejects.toThrow(Crash);
      const again = await world.ask(promotion, 'model-owner', { reminder: 1 });
      expect(world.answers.get(again)).toBe('succeeded');
      expect(rows()).toMatchObject([{ person: 'p-1', decision: 'approved', ended_at: null }]);
      expect(await inGate()).toEqual(['model-owner p-1 approved']);
      expect(new Set(world.announced.map(({ id }) => id))).toEqual(new Set([approvedId]));
      checkLedger(plane);
    },
  );

  it('is recorded also when the evidence key was changed between its statement and its record', async () => {
    plane.steps.crashAt('put-approval', 'done');
    await expect(decideBy(world, 'p-1', 'approve', 'yes')).rejects.toThrow(Crash);
    plane.signer.key = newKey();
    await activateEvidenceKey(plane.registryDeps, ADMIN);
    const again = await world.ask(promotion, 'model-owner', { reminder: 1 });
    expect(world.answers.get(again)).toBe('succeeded');
    expect(await inGate()).toEqual(['model-owner p-1 approved']);
  });

  it('is announced as approved for one role, with its evidence, and nothing of who the person is', async () => {
    await decideBy(world, 'p-1', 'approve', 'the recall is what counts');
    expect(world.announced).toMatchObject([
      {
        id: approvedId,
        type: Announcement.promotionApproved,
        subject: promotion.id,
        time: plane.clock.now().toISOString(),
        data: { promotion: promotion.id, role: 'model-owner', round: 1, approval: rows()[0]?.evidence },
      },
    ]);
    const told = JSON.stringify(world.announced);
    for (const said of ['p-1', 'example.org', 'recall']) expect(told).not.toContain(said);
  });

  it('is carried on by its own page too, and not made by another meanwhile', async () => {
    plane.steps.crashAt('put-approval', 'lost');
    await expect(decideBy(world, 'p-1', 'reject', 'no')).rejects.toThrow(Crash);
    await decideBy(world, 'p-2', 'approve').catch(() => undefined);
    const browser = world.browser();
    await browser.get(world.linksOf('p-1').at(-1) ?? '');
    expect(browser.page).toContain('You rejected');
    expect(rows()).toMatchObject([{ person: 'p-1', decision: 'rejected' }]);
    expect(world.answers.get(token)).toBe(PromotionError.rejected);
  });

  it('is carried on by the button of its page, pressed again as often as the run dies', async () => {
    const { browser, secret, form } = await confirming('p-1', world.linksOf('p-1').at(-1));
    plane.steps.crashAt('sign', 'done');
    await expect(browser.send(secret, 'decision', form)).rejects.toThrow(Crash);
    await browser.get(secret);
    const finish = browser.form('decision');
    plane.steps.crashAt('give-approval', 'done');
    await expect(browser.send(secret, 'decision', finish)).rejects.toThrow(Crash);
    expect(world.answers.size).toBe(0);
    await browser.send(secret, 'decision', finish);
    expect(world.answers.get(token)).toBe('succeeded');
    expect(rows()).toMatchObject([{ person: 'p-1', decision: 'approved' }]);
  });

  it('is not made by one person in two roles', async () => {
    await world.ask(promotion, 'privacy-officer');
    const links = world.linksOf('p-1');
    await decideBy(world, 'p-1', 'approve');
    const browser = world.browser();
    await browser.get(links[0] ?? '');
    await browser.post(links[0] ?? '', 'code');
    expect(browser.page).toContain('each role wants a person of its own');
    expect(rows()).toHaveLength(1);
  });

  it('is not made by one person in two roles, also while the first is claimed and not recorded', async () => {
    await world.ask(promotion, 'privacy-officer');
    const [first = '', second = ''] = world.linksOf('p-1');
    const one = await confirming('p-1', first);
    const other = await confirming('p-1', second);
    plane.steps.crashAt('sign', 'done');
    await expect(one.browser.send(first, 'decision', one.form)).rejects.toThrow(Crash);
    await other.browser.send(second, 'decision', other.form);
    expect(other.browser.page).toContain('each role wants a person of its own');
    await world.ask(promotion, 'model-owner', { reminder: 1 });
    expect(rows()).toMatchObject([{ role: 'model-owner', person: 'p-1' }]);
  });

  it('is not made by one person in two roles, though the second was asked after they came for the first', async () => {
    const { browser, secret, form } = await confirming('p-1', world.linksOf('p-1').at(-1));
    plane.steps.before('claim-approval', async () => {
      await world.ask(promotion, 'privacy-officer');
      await decideBy(world, 'p-1', 'approve');
    });
    await browser.send(secret, 'decision', form);
    expect(rows()).toMatchObject([{ role: 'privacy-officer', person: 'p-1' }]);
  });

  it('is not made in two roles by one person, though two ids of theirs came into the directory at once', async () => {
    const roles = ['model-owner', 'privacy-officer'];
    plane.steps.before('put-event', async () => await world.enlist('twin', { email: 'P-3@example.org', roles }));
    await world.enlist('p-3', { roles });
    await world.ask(promotion, 'model-owner', { reminder: 1 });
    await world.ask(promotion, 'privacy-officer');
    await decideBy(world, 'P-3', 'approve');
    const browser = world.browser();
    const link = world.linksOf('p-3')[0] ?? '';
    await browser.get(link);
    await browser.post(link, 'code');
    expect(browser.page).toContain('each role wants a person of its own');
    expect(rows()).toMatchObject([{ role: 'privacy-officer', person: 'twin' }]);
  });

  it('says in whose place it is made as that is when it is made, and shows it so', async () => {
    const away = { from: '2020-01-01T00:00:00.000Z', until: '2100-01-01T00:00:00.000Z', deputy: 'p-2' };
    await changeApprover(approverDeps(plane), 'p-1', { revision: 1, absence: away }, PEOPLE_ADMIN);
    await world.ask(promotion, 'model-owner', { reminder: 1 });
    const secret = world.linksOf('p-2').at(-1) ?? '';
    const browser = world.browser();
    expect(await browser.get(secret)).toContain('in place of p-1');
    await changeApprover(approverDeps(plane), 'p-1', { revision: 2, absence: null }, PEOPLE_ADMIN);
    await browser.post(secret, 'code');
    expect(await browser.post(secret, 'session', { code: world.codeOf('p-2') })).not.toContain('in place of');
    await browser.post(secret, 'decision', { decision: 'approve', comment: '' });
    await changeApprover(approverDeps(plane), 'p-1', { revision: 3, absence: away }, PEOPLE_ADMIN);
    await browser.post(secret, 'decision');
    expect(statement('given')?.body).toMatchObject({ person: 'p-2', deputy_for: ['p-1'] });
  });

  it.each([
    ['its own role is', 'model-owner', { reminder: 1 }],
    ['another role is', 'privacy-officer', {}],
  ])('is made by the form that was sent, though %s asked at this very moment', async (_, role, task) => {
    const { browser, secret, form } = await confirming('p-1', world.linksOf('p-1').at(-1));
    plane.steps.before('claim-approval', async () => void (await world.ask(promotion, role, task)));
    await browser.send(secret, 'decision', form);
    expect(browser.page).toContain('You approved');
    expect(rows()).toMatchObject([{ role: 'model-owner', person: 'p-1', decision: 'approved' }]);
    expect(await inGate()).toEqual(['model-owner p-1 approved']);
  });

  it('says that nothing was decided where it is asked about without an end, and is made when it is sent again', async () => {
    const { browser, secret } = await confirming('p-1', world.linksOf('p-1').at(-1));
    let reminder = 0;
    const askOnce = () =>
      plane.steps.before('claim-approval', async () => {
        await world.ask(promotion, 'model-owner', { reminder: ++reminder });
        if (reminder < 5) askOnce();
      });
    askOnce();
    await browser.post(secret, 'decision');
    expect([reminder, browser.status, rows()]).toEqual([5, 403, []]);
    await browser.get(secret);
    await browser.post(secret, 'decision', { decision: 'approve', comment: '' });
    await browser.post(secret, 'decision');
    expect(rows()).toMatchObject([{ person: 'p-1', decision: 'approved' }]);
  });

  it('is not made by a link of the round before, though its role was not asked anew yet', async () => {
    const { browser, secret, form } = await confirming('p-1', world.linksOf('p-1').at(-1));
    world.change(promotion.id, { round: 2, changes: [{ code: 'policy_changed', about: 'p' }] });
    await browser.send(secret, 'decision', form);
    expect(browser.page).toContain('has changed');
    await browser.get(secret);
    expect(browser.page).toContain('has changed');
    expect(rows()).toEqual([]);
    expect(world.table.links.get(linkId(secret) ?? '')).toMatchObject({ state: 'open', given: null });
  });

  it('is not made on another decision of the gate than its maker was shown', async () => {
    const { browser, secret, form } = await confirming('p-1', world.linksOf('p-1').at(-1));
    const shown = promotion.request_decision;
    plane.steps.before('claim-approval', async () =>
      world.change(promotion.id, { request_decision: shown && { ...shown, evidence: digestOf('another decision') } }),
    );
    await browser.send(secret, 'decision', form).catch(() => undefined);
    expect(rows()).toEqual([]);
  });

  it('is not made once the promotion has ended', async () => {
    const { browser, secret } = await confirming('p-1', world.linksOf('p-1').at(-1));
    plane.steps.before('claim-approval', async () => world.change(promotion.id, { state: 'cancelled' }));
    await browser.post(secret, 'decision');
    expect(rows()).toEqual([]);
    expect(browser.page).toContain('The promotion was cancelled');
  });
});

describe('taking an approval back', () => {
  async function withdraw() {
    plane.clock.advance(60_000);
    const browser = world.browser();
    const secret = world.linksOf('p-1').at(-1) ?? '';
    await browser.get(secret);
    await browser.post(secret, 'code');
    await browser.post(secret, 'session', { code: world.codeOf('p-1') });
    await browser.post(secret, 'decision');
    return browser;
  }

  it('is a statement of its own, ends the row, and has whoever waits asked again', async () => {
    await decideBy(world, 'p-1', 'approve');
    const other = await world.ask(promotion, 'privacy-officer');
    const browser = await withdraw();
    expect(statement('ended')?.body).toMatchObject({
      decision: 'withdrawn',
      person: 'p-1',
      approval: rows()[0]?.evidence,
    });
    expect(rows()).toMatchObject([{ ended_at: plane.clock.now().toISOString() }]);
    expect(await inGate()).toEqual([]);
    expect(world.answers.get(other)).toBe(PromotionError.changed);
    expect(world.table.promotions.get(promotion.id)).toMatchObject({
      state: 'evaluating',
      round: 2,
      changes: [{ code: 'approval_withdrawn', about: 'model-owner' }],
    });
    expect(browser.page).toContain('took it back');
  });

  it('has nothing deployed on what the gate had let through', async () => {
    await decideBy(world, 'p-1', 'approve');
    world.change(promotion.id, { release_decision: promotion.request_decision });
    plane.steps.crashAt('put-approval', 'lost');
    await expect(withdraw()).rejects.toThrow();
    expect(world.table.promotions.get(promotion.id)).toMatchObject({ release_decision: null });
  });

  it('comes too late when the deployment begins this moment', async () => {
    await decideBy(world, 'p-1', 'approve');
    plane.steps.before('save-promotion', async () => world.change(promotion.id, { state: 'deploying' }));
    const browser = await withdraw();
    expect(statement('ended')).toBeUndefined();
    expect(world.table.promotions.get(promotion.id)).toMatchObject({ state: 'deploying' });
    expect(browser.page).not.toContain('took it back');
  });

  it.each([
    ['left', { state: 'left' }],
    ['lost the role', { roles: ['auditor'] }],
  ] satisfies [string, Partial<ChangeApprover>][])('is for who %s since, too', async (_, changes) => {
    await decideBy(world, 'p-1', 'approve');
    await changeApprover(approverDeps(plane), 'p-1', { revision: 1, ...changes }, PEOPLE_ADMIN);
    await withdraw();
    expect(statement('ended')?.body).toMatchObject({ decision: 'withdrawn', person: 'p-1' });
    expect(await inGate()).toEqual([]);
  });

  it('counts although the run died before the row was ended', async () => {
    await decideBy(world, 'p-1', 'approve');
    plane.steps.crashAt('end-approval', 'lost');
    await expect(withdraw()).rejects.toThrow(Crash);
    expect(rows()).toMatchObject([{ ended_at: null }]);
    expect(await inGate()).toEqual([]);
  });

  it('is over once the model is deployed', async () => {
    await decideBy(world, 'p-1', 'approve');
    world.change(promotion.id, { state: 'deploying' });
    const browser = world.browser();
    await browser.get(world.linksOf('p-1').at(-1) ?? '');
    expect(browser.page).not.toContain('Take it back');
  });
});

describe('a gate', () => {
  it('believes no row that nothing signed bears out', async () => {
    await decideBy(world, 'p-1', 'reject', 'no');
    const [row] = rows();
    if (row) world.table.rows.set(row.evidence, { ...row, decision: 'approved' });
    expect(await inGate()).toBe('APPROVAL_UNPROVEN');
  });

  it('hears an approval that was put back after it was withdrawn as withdrawn', async () => {
    await decideBy(world, 'p-1', 'approve');
    const [row] = rows();
    await world.deps.store.putOnce(
      objectKey.approval({ promotion: promotion.id, role: 'model-owner', round: 1 }, 'ended'),
      Buffer.from('the end'),
      { contentType: 'application/json', retainUntil: new Date(plane.clock.now().getTime() + 1000) },
    );
    expect(row?.ended_at).toBeNull();
    expect(await inGate()).toEqual([]);
  });

  it('takes the time of an end from its statement, whatever time a row was given', async () => {
    await decideBy(world, 'p-1', 'approve');
    const before = plane.clock.now();
    plane.clock.advance(60_000);
    world.change(promotion.id, { round: 2 });
    await world.ask(promotion, 'model-owner', { round: 2 });
    const [row] = rows();
    expect(await inGate(before)).toEqual(['model-owner p-1 approved']);
    if (row) world.table.rows.set(row.evidence, { ...row, ended_at: '9999-01-01T00:00:00.000Z', end: null });
    expect(await inGate()).toEqual([]);
    expect(await inGate(before)).toEqual(['model-owner p-1 approved']);
  });
});

it('a rebuild makes the rows again, those that count no more with their ends', async () => {
  await decideBy(world, 'p-1', 'approve');
  plane.clock.advance(60_000);
  world.change(promotion.id, { round: 2 });
  await world.ask(promotion, 'model-owner', { round: 2 });
  const tables = new MemoryTables();
  const nothing = () => undefined;
  const deps = { archive: plane.bucket, tables, skipped: nothing, remarked: nothing, progress: nothing };
  expect(await reindex(deps)).toMatchObject({ approvals: 2, skipped: 0 });
  const [row] = rows();
  expect(row?.ended_at).toBe(plane.clock.now().toISOString());
  expect(tables.current(`approval ${row?.evidence}`)).toEqual(row);
});
