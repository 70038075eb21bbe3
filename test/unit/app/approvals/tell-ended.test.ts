import { beforeEach, describe, expect, it } from 'vitest';
import { sendDigests } from '../../../../lib/app/approvals/digest.ts';
import { tellEnded } from '../../../../lib/app/approvals/tell-ended.ts';
import type { Promotion } from '../../../../lib/core/promotion.ts';
import { type Approving, approving, decideBy } from '../../../support/approving.ts';
import { type ControlPlane, controlPlane } from '../../../support/control-plane.ts';
import type { TestKey } from '../../../support/keys.ts';
import { Crash } from '../../../support/memory/steps.ts';
import { stages } from '../../../support/stages.ts';

let plane: ControlPlane & { readonly key: TestKey };
let world: Approving;
let promotion: Promotion;
/** Mails until the end. */
let before: number;
const { post } = stages(() => plane);
beforeEach(async () => {
  plane = await controlPlane();
  world = approving(plane);
  await post();
  await world.enlist('p-1');
  await world.enlist('p-2', { roles: ['privacy-officer'] });
  promotion = await world.awaiting('run-1');
  await world.ask(promotion, 'model-owner');
  await world.ask(promotion, 'privacy-officer');
  await decideBy(world, 'p-1', 'approve');
  before = world.mails.length;
});

const END = '2026-11-21T13:00:00.000Z';
const end = (state: Promotion['state'], changes: Partial<Promotion> = {}) =>
  world.change(promotion.id, { state, ended_at: END, ...changes });
const tell = () => tellEnded(world.digestDeps, promotion.id);
const notices = () => world.mails.slice(before).map(({ to, text }) => ({ to, text }));

describe('an end without a release', () => {
  it.each([
    ['refused', { failure: { code: 'GATE_CLOSED', detail: 'the gate does not let it through: way_back' } }, 'way_back'],
    [
      'superseded',
      { abort: { cause: 'superseded', by: null, reason: 'a newer one was asked for', at: END } },
      'newer one',
    ],
    ['expired', { failure: { code: 'APPROVAL_EXPIRED', detail: 'nobody answered in time' } }, 'in time'],
    ['failed', { failure: { code: 'INTERNAL', detail: 'a step ended with INTERNAL' } }, 'step ended with INTERNAL'],
    ['rolled_back', { incident: 'inc-1' }, 'What served before serves again'],
    ['rollback_failed', {}, 'Operators look at'],
  ] as const)(
    'that is %s is mailed to who had approved, with the reason, and to nobody else',
    async (state, changes, says) => {
      end(state, changes);
      expect(await tell()).toEqual(['p-1']);
      expect(notices()).toEqual([{ to: 'p-1@example.org', text: expect.stringContaining(says) }]);
      expect(notices()[0]?.text).toContain(`countersign promotion show ${promotion.id}`);
    },
  );

  it('by a rejection names who rejected, by id', async () => {
    await decideBy(world, 'p-2', 'reject', 'not this week');
    before = world.mails.length;
    end('rejected', { failure: { code: 'ApprovalRejected', detail: 'a step ended with ApprovalRejected' } });
    expect(await tell()).toEqual(['p-1']);
    expect(notices()[0]?.text).toContain('Rejected by p-2');
    expect(notices()[0]?.text).toContain('rejected as privacy-officer');
    expect(notices()[0]?.text).not.toContain('a step ended');
  });

  it('is mailed also where another had everybody asked anew, and it ended before they were', async () => {
    await decideBy(world, 'p-2', 'approve');
    plane.clock.advance(60_000);
    const [secret = '', browser] = [world.linksOf('p-2').at(-1), world.browser()];
    await browser.get(secret);
    await browser.post(secret, 'code');
    await browser.post(secret, 'session', { code: world.codeOf('p-2') });
    await browser.post(secret, 'decision');
    expect(world.table.promotions.get(promotion.id)).toMatchObject({ state: 'evaluating', round: 2 });
    end('refused', { failure: { code: 'GATE_CLOSED', detail: 'the gate does not let it through: scans' } });
    expect(await tell()).toEqual(['p-1']);
  });

  it('is told once, however often it is announced, and again where the first run died before that was noted', async () => {
    end('refused');
    plane.steps.crashAt('save-ask', 'lost');
    await expect(tell()).rejects.toThrow(Crash);
    expect(await tell()).toEqual(['p-1']);
    expect(await tell()).toEqual([]);
    expect(notices()).toHaveLength(2);
  });

  it('is told of later where no mail is taken', async () => {
    end('refused');
    world.mailService.isDown = true;
    await expect(tell()).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    world.mailService.isDown = false;
    expect(await tell()).toEqual(['p-1']);
  });

  it('is told also where what was asked cannot be read any more, then by the digest of the model', async () => {
    end('failed', { request_decision: null });
    expect(await tell()).toEqual(['p-1']);
    expect(notices()[0]?.text).toContain(promotion.model);
  });

  it('opens an incident for an address that takes no mail', async () => {
    world.refused.add('p-1@example.org');
    end('refused');
    await tell();
    expect(world.incidents).toMatchObject([{ kind: 'mail_undeliverable', subject: 'p-1' }]);
  });
});

describe('nobody is told', () => {
  it.each(['awaiting_approval', 'deploying', 'released'] as const)('of a promotion that is %s', async (state) => {
    world.change(promotion.id, { state });
    expect(await tell()).toEqual([]);
  });

  it('whose approval counted no more when it ended: they were asked anew', async () => {
    world.change(promotion.id, { round: 2, changes: [{ code: 'policy_changed', about: 'p' }] });
    await world.ask(promotion, 'model-owner', { round: 2 });
    end('refused');
    expect(await tell()).toEqual([]);
  });
});

describe('who prefers one mail a day', () => {
  beforeEach(async () => {
    await world.enlist('p-3', { mail: 'daily', roles: ['risk-officer'] });
    await world.ask(promotion, 'risk-officer', { reminder: 2 });
    await decideBy(world, 'p-3', 'approve');
    before = world.mails.length;
    end('refused', { failure: { code: 'GATE_CLOSED', detail: 'the gate does not let it through: way_back' } });
  });

  it('hears of it with the next one, once', async () => {
    expect(await tell()).toEqual(['p-1']);
    expect(await sendDigests(world.digestDeps)).toBe(1);
    expect(world.mails.at(-1)).toMatchObject({ to: 'p-3@example.org', content: { kind: 'digest', questions: [] } });
    expect(world.mails.at(-1)?.text).toContain('way_back');
    expect(await sendDigests(world.digestDeps)).toBe(0);
  });

  it('hears of it beside what they are asked', async () => {
    await tell();
    await world.ask(await world.awaiting('run-2'), 'risk-officer');
    await sendDigests(world.digestDeps);
    const digest = world.mails.findLast(({ content }) => content.kind === 'digest');
    expect(digest?.text).toContain('1 approval waits for you');
    expect(digest?.text).toContain('Ended without a release');
  });
});
