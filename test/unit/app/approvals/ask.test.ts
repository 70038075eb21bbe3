import { beforeEach, describe, expect, it } from 'vitest';
import { askApproval } from '../../../../lib/app/approvals/ask.ts';
import { changeApprover } from '../../../../lib/app/directory/manage-approvers.ts';
import { PromotionError } from '../../../../lib/contracts/promotion.ts';
import type { Promotion } from '../../../../lib/core/promotion.ts';
import { approverDeps, PEOPLE_ADMIN } from '../../../support/approvers.ts';
import { type Approving, approving, decideBy } from '../../../support/approving.ts';
import { DAY } from '../../../support/clock.ts';
import { type ControlPlane, controlPlane } from '../../../support/control-plane.ts';
import type { TestKey } from '../../../support/keys.ts';
import { PIPELINE } from '../../../support/manifests.ts';
import { Crash, type Step } from '../../../support/memory/steps.ts';
import { refusal } from '../../../support/refusals.ts';
import { stages } from '../../../support/stages.ts';

let plane: ControlPlane & { readonly key: TestKey };
let world: Approving;
const { post } = stages(() => plane);
beforeEach(async () => {
  plane = await controlPlane();
  world = approving(plane);
  await post();
});

const mailedTo = () => world.mails.map(({ to, content }) => `${to} ${content.kind}`);

describe('asking a role', () => {
  it('mails each who holds it a link of their own, and keeps of link and token no more than needed', async () => {
    await world.enlist('p-1');
    await world.enlist('p-2');
    await world.enlist('p-3', { roles: ['privacy-officer'] });
    const promotion = await world.awaiting('run-1');
    const token = await world.ask(promotion, 'model-owner');
    expect(mailedTo()).toEqual(['p-1@example.org approval_asked', 'p-2@example.org approval_asked']);
    const [first, second] = [world.linksOf('p-1'), world.linksOf('p-2')];
    expect(new Set([...first, ...second]).size).toBe(2);
    const stored = JSON.stringify([...world.table.links.values()]);
    for (const secret of [...first, ...second]) expect(stored).not.toContain(secret);
    for (const { text } of world.mails) expect(text).not.toContain(token);
    expect(world.answers.size).toBe(0);
  });

  it('leaves one who prefers one mail a day to the digest, until it is urgent', async () => {
    await world.enlist('p-1', { mail: 'daily' });
    const promotion = await world.awaiting('run-1');
    await world.ask(promotion, 'model-owner');
    await world.ask(promotion, 'model-owner', { reminder: 1 });
    expect(mailedTo()).toEqual([]);
    await world.ask(promotion, 'model-owner', { reminder: 2 });
    expect(mailedTo()).toEqual(['p-1@example.org reminder']);
  });

  it('asks those on standby too once reminders have gone unanswered, and what they decide counts', async () => {
    await world.enlist('p-1');
    await world.enlist('p-2', { mail: 'standby' });
    const promotion = await world.awaiting('run-1');
    await world.ask(promotion, 'model-owner');
    await world.ask(promotion, 'model-owner', { reminder: 1 });
    expect(new Set(mailedTo().map((mail) => mail.split('@')[0]))).toEqual(new Set(['p-1']));
    const token = await world.ask(promotion, 'model-owner', { reminder: 2 });
    expect(mailedTo().slice(-2)).toEqual(['p-1@example.org reminder', 'p-2@example.org escalation']);
    const [ask] = world.table.asks.values();
    expect(ask).toMatchObject({ reminders: 2, people: [{ person: 'p-1' }, { person: 'p-2' }] });
    await decideBy(world, 'p-2', 'approve');
    expect(world.answers.get(token)).toBe('succeeded');
  });

  it('asks those on standby at once where nobody else may be asked, or where they stand in for somebody', async () => {
    await world.enlist(PIPELINE);
    await world.enlist('p-2', { mail: 'standby' });
    const promotion = await world.awaiting('run-1');
    await world.ask(promotion, 'model-owner');
    expect(mailedTo()).toEqual(['p-2@example.org approval_asked']);
    await world.enlist('p-3', { roles: ['privacy-officer'] });
    await world.enlist('p-4', { roles: ['privacy-officer'] });
    await world.enlist('p-5', { roles: ['privacy-officer'], mail: 'standby' });
    const absence = { from: '2020-01-01T00:00:00.000Z', until: '2100-01-01T00:00:00.000Z', deputy: 'p-5' };
    await changeApprover(approverDeps(plane), 'p-3', { revision: 1, absence }, PEOPLE_ADMIN);
    await world.ask(promotion, 'privacy-officer');
    expect(mailedTo().slice(1)).toEqual(['p-4@example.org approval_asked', 'p-5@example.org approval_asked']);
  });

  it('reminds with another link, and tells who comes in later that others were asked', async () => {
    await world.enlist('p-1');
    const promotion = await world.awaiting('run-1');
    await world.ask(promotion, 'model-owner');
    await world.enlist('p-2');
    await world.ask(promotion, 'model-owner', { reminder: 1 });
    expect(mailedTo()).toEqual([
      'p-1@example.org approval_asked',
      'p-1@example.org reminder',
      'p-2@example.org escalation',
    ]);
    expect(new Set(world.linksOf('p-1')).size).toBe(2);
  });

  it.each([
    ['stopped', { abort: { cause: 'cancelled', by: null, reason: 'too early', at: '' } }, 'PromotionCancelled'],
    ['ended', { state: 'failed' }, 'PromotionCancelled'],
    ['begun anew', { round: 2 }, PromotionError.changed],
  ] as const)(
    'ends its wait, and mails nobody, when the promotion is %s before its token lies there',
    async (_, changes, error) => {
      await world.enlist('p-1');
      const promotion = await world.awaiting('run-1');
      const { tokens } = world.deps;
      const seal: typeof tokens.seal = async (token, context) => {
        world.change(promotion.id, changes);
        return await tokens.seal(token, context);
      };
      const task = { task: 'ask', kind: 'promotion', promotion: promotion.id, role: 'model-owner', round: 1 } as const;
      const asked = askApproval(
        { ...world.deps, tokens: { ...tokens, seal } },
        { ...task, reminder: 0, token: 'token' },
      );
      // A step that throws ends its own wait; one that does not answers it.
      const ended = await asked.then(
        () => world.answers.get('token'),
        ({ name }) => name,
      );
      expect(ended).toBe(error);
      expect(world.mails).toEqual([]);
    },
  );

  it('leaves nothing asked in a promotion that ended past it, whatever lay there before', async () => {
    await world.enlist('p-1');
    const promotion = await world.awaiting('run-1');
    await world.ask(promotion, 'model-owner');
    world.change(promotion.id, { state: 'failed' });
    const late = { task: 'ask', kind: 'promotion', promotion: promotion.id, role: 'model-owner', round: 1 } as const;
    await askApproval(world.deps, { ...late, reminder: 1, token: 'late' });
    expect([...world.table.asks.values()][0]).toMatchObject({ state: 'closed', token: null });
    expect(world.answers.get('late')).toBe('PromotionCancelled');
    expect(mailedTo()).toHaveLength(1);
  });

  it.each(['ask-people', 'send-mail', 'save-ask'] satisfies Step[])(
    'asks everybody once the step is done again, when the run died at %s',
    async (step) => {
      await world.enlist('p-1');
      await world.enlist('p-2');
      const promotion = await world.awaiting('run-1');
      plane.steps.crashAt(step, 'done');
      await expect(world.ask(promotion, 'model-owner')).rejects.toThrow(Crash);
      const token = await world.ask(promotion, 'model-owner');
      expect(new Set(mailedTo())).toEqual(
        new Set(['p-1@example.org approval_asked', 'p-2@example.org approval_asked']),
      );
      await decideBy(world, 'p-1', 'approve');
      expect(world.answers.get(token)).toBe('succeeded');
    },
  );

  it('does not mail again who has the mail already', async () => {
    await world.enlist('p-1');
    await world.enlist('p-2');
    const promotion = await world.awaiting('run-1');
    let saves = 0;
    const { save } = world.deps.asks;
    Object.assign(world.deps.asks, {
      save: async (ask: Parameters<typeof save>[0]) => {
        if (++saves === 2) throw new Crash('before the second mail was noted');
        return await save(ask);
      },
    });
    await expect(world.ask(promotion, 'model-owner')).rejects.toThrow(Crash);
    await world.ask(promotion, 'model-owner');
    expect(mailedTo().filter((mail) => mail.startsWith('p-1'))).toHaveLength(1);
  });

  it('asks nobody who made the model, committed its code, or asked for its release', async () => {
    await world.enlist(PIPELINE);
    await world.enlist('p-2');
    const promotion = await world.awaiting('run-1');
    await world.ask(promotion, 'model-owner');
    expect(mailedTo()).toEqual(['p-2@example.org approval_asked']);
  });

  it('ends the promotion with a reason where nobody is left to ask', async () => {
    await world.enlist(PIPELINE);
    const promotion = await world.awaiting('run-1');
    await expect(world.ask(promotion, 'model-owner')).rejects.toMatchObject({ name: PromotionError.nobody });
    expect(world.table.promotions.get(promotion.id)?.failure).toMatchObject({ code: 'NOBODY_TO_ASK' });
    expect(world.mails).toEqual([]);
  });

  it('asks no role whose name is none', async () => {
    await world.enlist('p-1');
    const promotion = await world.awaiting('run-1');
    await expect(world.ask(promotion, '../model-owner')).rejects.toMatchObject({ name: PromotionError.nobody });
  });

  it('asks the deputy of somebody absent, and says for whom', async () => {
    await world.enlist('p-1');
    await world.enlist('p-2');
    const absence = { from: '2020-01-01T00:00:00.000Z', until: '2100-01-01T00:00:00.000Z', deputy: 'p-2' };
    await changeApprover(approverDeps(plane), 'p-1', { revision: 1, absence }, PEOPLE_ADMIN);
    const promotion = await world.awaiting('run-1');
    await world.ask(promotion, 'model-owner');
    expect(world.mails).toMatchObject([{ to: 'p-2@example.org', content: { deputyFor: 'p-1' } }]);
    await decideBy(world, 'p-2', 'approve');
    expect([...world.table.links.values()]).toMatchObject([{ given: { person: 'p-2', deputy_for: ['p-1'] } }]);
  });

  it('ends a wait of a round that is over', async () => {
    await world.enlist('p-1');
    const promotion = await world.awaiting('run-1', { round: 2 });
    const token = await world.ask(promotion, 'model-owner', { reminder: 1 });
    expect(world.answers.get(token)).toBe(PromotionError.changed);
    expect(world.mails).toEqual([]);
  });

  it('asks no longer in a round than its links hold, though the waits of the round began again', async () => {
    await world.enlist('p-1');
    const promotion = await world.awaiting('run-1');
    await world.ask(promotion, 'model-owner');
    plane.clock.advance(3 * DAY);
    const again = await world.ask(promotion, 'model-owner');
    expect(world.answers.get(again)).toBeUndefined();
    plane.clock.advance(2 * DAY);
    const late = await world.ask(promotion, 'model-owner');
    expect(world.answers.get(late)).toBe(PromotionError.expired);
  });

  it('opens an incident for an address that takes no mail, and names no address in it', async () => {
    await world.enlist('p-1');
    world.refused.add('p-1@example.org');
    const promotion = await world.awaiting('run-1');
    await world.ask(promotion, 'model-owner');
    expect(world.incidents).toMatchObject([{ kind: 'mail_undeliverable', subject: 'p-1' }]);
    expect(world.incidents[0]?.detail).toContain(promotion.id);
    expect(JSON.stringify(world.incidents)).not.toContain('example.org');
  });

  describe('while SES takes no mail', () => {
    const MINUTE = 60_000;
    let promotion: Promotion;
    beforeEach(async () => {
      await world.enlist('p-1');
      await world.enlist('p-2');
      promotion = await world.awaiting('run-1');
      world.mailService.isDown = true;
    });
    const attempt = () => world.ask(promotion, 'model-owner');
    const ask = () => [...world.table.asks.values()][0];

    it('has the step done again, says since when, and ends nothing', async () => {
      await expect(attempt()).rejects.toMatchObject({ name: PromotionError.mailDown });
      const since = plane.clock.now().toISOString();
      plane.clock.advance(MINUTE);
      await expect(attempt()).rejects.toMatchObject({ name: PromotionError.mailDown });
      expect(ask()).toMatchObject({ state: 'asked', mail_down_since: since, mailed: [] });
      expect(plane.logged.filter(({ event }) => event === 'mail-not-taken')).toHaveLength(2);
      expect(world.table.promotions.get(promotion.id)?.failure).toBeNull();
      expect(world.incidents).toEqual([]);
    });

    it('opens one incident after five minutes, whatever the number of asks', async () => {
      await world.enlist('p-3', { roles: ['privacy-officer'] });
      const both = () => Promise.allSettled([attempt(), world.ask(promotion, 'privacy-officer')]);
      await both();
      plane.clock.advance(6 * MINUTE);
      await both();
      expect(new Set(world.incidents.map(({ kind, subject }) => `${kind} ${subject}`))).toEqual(
        new Set(['mail_down mail']),
      );
    });

    it('asks everybody once it takes mails again, and forgets that it did not', async () => {
      await expect(attempt()).rejects.toThrow();
      plane.clock.advance(4 * 60 * MINUTE);
      world.mailService.isDown = false;
      const token = await attempt();
      expect(mailedTo()).toEqual(['p-1@example.org approval_asked', 'p-2@example.org approval_asked']);
      expect(ask()).toMatchObject({ mail_down_since: null, mailed: ['p-1', 'p-2'] });
      await decideBy(world, 'p-2', 'approve');
      expect(world.answers.get(token)).toBe('succeeded');
    });

    it('hears who was mailed before: the next attempt answers for them', async () => {
      world.mailService.isDown = false;
      const { send } = world.deps.mailer;
      const down: typeof send = async (to, ...rest) => {
        world.mailService.isDown = to.startsWith('p-2');
        return await send(to, ...rest);
      };
      Object.assign(world.deps.mailer, { send: down });
      await expect(attempt()).rejects.toMatchObject({ name: PromotionError.mailDown });
      await decideBy(world, 'p-1', 'approve');
      expect(world.answers.get(await attempt())).toBe('succeeded');
    });

    it('is cancelled as before', async () => {
      await expect(attempt()).rejects.toThrow();
      world.change(promotion.id, { abort: { cause: 'cancelled', by: null, reason: 'too late', at: '' } });
      await expect(attempt()).rejects.toMatchObject({ name: PromotionError.cancelled });
    });

    it('expires when its time is over, and says that no mail was taken', async () => {
      await expect(attempt()).rejects.toThrow();
      plane.clock.advance(5 * DAY);
      expect(world.answers.get(await attempt())).toBe(PromotionError.expired);
      expect(world.table.promotions.get(promotion.id)?.failure).toMatchObject({
        code: 'MAIL_DOWN',
        detail: expect.stringContaining('SES took no mail since'),
      });
    });
  });

  it.each([
    ['model-owner', 'privacy-officer'],
    ['privacy-officer', 'model-owner'],
  ])('asks anew, first as %s, also whoever approved in another role of the round before', async (...roles) => {
    await world.enlist('p-1', { roles });
    await world.enlist('p-2', { roles: ['model-owner'] });
    await world.enlist('p-3', { roles: ['privacy-officer'] });
    const promotion = await world.awaiting('run-1');
    for (const role of ['model-owner', 'privacy-officer']) await world.ask(promotion, role);
    await decideBy(world, 'p-1', 'approve', '', world.linksOf('p-1')[0]);
    await decideBy(world, 'p-3', 'approve');
    await changeApprover(approverDeps(plane), 'p-3', { revision: 1, state: 'left' }, PEOPLE_ADMIN);
    world.change(promotion.id, { round: 2, changes: [{ code: 'approver_left', about: 'privacy-officer' }] });
    for (const role of roles) await world.ask(promotion, role, { round: 2 });
    const asked = Object.fromEntries(
      [...world.table.asks.values()].map(({ role, people }) => [role, people.map(({ person }) => person)]),
    );
    expect(asked).toEqual({ 'model-owner': ['p-1', 'p-2'], 'privacy-officer': ['p-1'] });
  });

  it('answers at once where the role has decided', async () => {
    await world.enlist('p-1');
    const promotion = await world.awaiting('run-1');
    await world.ask(promotion, 'model-owner');
    await decideBy(world, 'p-1', 'approve');
    const again = await world.ask(promotion, 'model-owner', { reminder: 1 });
    expect(world.answers.get(again)).toBe('succeeded');
    expect(mailedTo()).toEqual(['p-1@example.org approval_asked', 'p-1@example.org code']);
  });

  it('lets what was approved in an earlier round count no more', async () => {
    await world.enlist('p-1');
    const promotion = await world.awaiting('run-1');
    await world.ask(promotion, 'model-owner');
    await decideBy(world, 'p-1', 'approve');
    world.change(promotion.id, { round: 2, changes: [{ code: 'policy_changed', about: 'p' }] });
    await world.ask(promotion, 'model-owner', { round: 2 });
    expect([...world.table.rows.values()]).toMatchObject([{ round: 1, ended_at: plane.clock.now().toISOString() }]);
    expect(mailedTo().at(-1)).toBe('p-1@example.org asked_again');
    plane.clock.advance(DAY / 24);
    await decideBy(world, 'p-1', 'approve');
    expect([...world.table.rows.values()].map(({ round, ended_at }) => [round, ended_at === null])).toEqual([
      [1, false],
      [2, true],
    ]);
  });

  it.each([
    ['endpoint', { endpoint: 'another' }],
    ['environment', { environment: 'staging' }],
    ['image', { image: `registry.example/fraud@sha256:${'b'.repeat(64)}` }],
  ] satisfies [string, Partial<Promotion>][])(
    'asks nobody about another %s than the gate decided on, whatever the row says',
    async (_, changes) => {
      await world.enlist('p-1');
      const promotion = await world.awaiting('run-1');
      await world.deps.facts(promotion);
      world.change(promotion.id, changes);
      await expect(world.ask(promotion, 'model-owner')).rejects.toThrow(refusal('INTEGRITY_FAILURE'));
      expect(world.mails).toEqual([]);
    },
  );

  it('asks nobody on the decision about another promotion', async () => {
    await world.enlist('p-1');
    const { request_decision } = await world.awaiting('run-1');
    const promotion = await world.awaiting('run-2', { request_decision });
    await expect(world.ask(promotion, 'model-owner')).rejects.toThrow(refusal('INTEGRITY_FAILURE'));
  });

  it('does not ask in a promotion that somebody wants to end', async () => {
    await world.enlist('p-1');
    const abort = {
      cause: 'cancelled',
      by: null,
      reason: 'no more wanted',
      at: plane.clock.now().toISOString(),
    } as const;
    const promotion = await world.awaiting('run-1', { abort });
    await expect(world.ask(promotion, 'model-owner')).rejects.toMatchObject({ name: PromotionError.cancelled });
    expect(world.mails).toEqual([]);
  });
});
