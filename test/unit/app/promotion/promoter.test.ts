import { beforeEach, describe, expect, it } from 'vitest';
import { abortPromotion } from '../../../../lib/app/promotion/abort.ts';
import { expireUnconfirmed } from '../../../../lib/app/promotion/expire-unconfirmed.ts';
import { runPromoter } from '../../../../lib/app/promotion/run-promoter.ts';
import { requestPromotion } from '../../../../lib/app/promotion/start.ts';
import { cancelOwnPromotion, confirmPromotion } from '../../../../lib/app/promotion/stop.ts';
import { settleStopped } from '../../../../lib/app/promotion/stopped.ts';
import type { PromoterTask, PromotionEnd } from '../../../../lib/contracts/promotion.ts';
import { SECOND } from '../../../support/clock.ts';
import { type ControlPlane, caller, controlPlane, enrol } from '../../../support/control-plane.ts';
import { newKey } from '../../../support/keys.ts';
import { Crash, type Fate, type Step } from '../../../support/memory/steps.ts';
import { LEASE_SECONDS, PROMOTER, type Promoting, promoting, wanted } from '../../../support/promoting.ts';

let plane: ControlPlane;
let scene: Promoting;
beforeEach(async () => {
  plane = await controlPlane();
  scene = await promoting(plane);
});

const take = (promotion: string, kind: PromoterTask['kind'] = 'promotion') =>
  runPromoter(scene.promoterDeps, { task: 'take-endpoint', promotion, kind });
const wait = (promotion: string, token: string) =>
  runPromoter(scene.promoterDeps, { task: 'await-endpoint', promotion, kind: 'promotion', token });
const end = (promotion: string, ended: PromotionEnd, error = 'Broken') =>
  runPromoter(scene.promoterDeps, { task: 'end', promotion, kind: 'promotion', end: ended, failure: { Error: error } });
/** A second request, a second later. */
const second = async (changes: Parameters<Promoting['requested']>[0] = {}) => {
  plane.clock.advance(SECOND);
  return await scene.requested({ request: 'build-2', ...changes });
};
const events = (id: string): readonly string[] =>
  [...plane.bucket.objects.keys()].filter((key) => key.startsWith(`events/promotion/${id}/`));

describe('a request', () => {
  it('is evidence, runs under its own name, and is announced', async () => {
    const { id } = await scene.requested();
    expect(scene.standing(id)).toMatchObject({ state: 'requested', requester: { principal: 'promoter' }, events: 1 });
    expect([...scene.executions.states.keys()]).toEqual([id]);
    expect(events(id)).toHaveLength(1);
    expect(scene.announced.map(({ type, subject }) => [type, subject])).toEqual([
      ['dev.countersign.promotion.requested.v1', id],
    ]);
  });

  it('that is sent again is the same promotion', async () => {
    const first = await scene.requested();
    plane.clock.advance(SECOND);
    expect(await requestPromotion(scene.promoterDeps, wanted(), PROMOTER, 'promotion')).toEqual({
      created: false,
      promotion: first,
    });
    expect(events(first.id)).toHaveLength(1);
  });

  it.each([
    ['canary_percent', { canary_percent: 20 }],
    ['alarms', { alarms: ['errors', 'latency'] }],
  ])('that is sent again with another %s is refused', async (field, other) => {
    await scene.requested({ alarms: ['errors,latency'] });
    await expect(scene.requested({ alarms: ['errors,latency'], ...other })).rejects.toMatchObject({
      code: 'PROMOTION_STATE_CONFLICT',
      message: expect.stringContaining(`another ${field}`),
      pointer: '/request',
    });
  });

  it('that died before its record is not taken for one in another form', async () => {
    plane.steps.crashAt('put-event', 'done');
    await expect(scene.requested()).rejects.toThrow(Crash);
    const other = requestPromotion(scene.promoterDeps, wanted({ canary_percent: 20 }), PROMOTER, 'break_glass');
    await expect(other).rejects.toMatchObject({ code: 'PROMOTION_STATE_CONFLICT' });
    expect((await scene.requested()).canary_percent).toBe(10);
  });

  it('of somebody who is not registered is refused', async () => {
    const stranger = requestPromotion(scene.promoterDeps, wanted(), caller('stranger'), 'promotion');
    await expect(stranger).rejects.toMatchObject({ code: 'PRINCIPAL_UNKNOWN' });
  });

  it.each<[Step, Fate]>([
    ['put-event', 'done'],
    ['state-promotion', 'lost'],
    ['state-promotion', 'done'],
    ['start-execution', 'lost'],
    ['announce', 'lost'],
  ])('whose answer was lost with %s (%s) converges when it is sent again', async (step, fate) => {
    plane.steps.crashAt(step, fate);
    await expect(scene.requested()).rejects.toThrow(Crash);
    plane.clock.advance(SECOND);
    const { id } = await scene.requested();
    expect(scene.standing(id)).toMatchObject({ state: 'requested', events: 1, revision: 1 });
    expect([...scene.executions.states.keys()]).toEqual([id]);
    expect(events(id)).toHaveLength(1);
    expect(new Set(scene.announced.map((event) => event.id)).size).toBe(1);
  });
});

describe('an endpoint', () => {
  it('is one promotion’s at a time, and told to be so again', async () => {
    const [first, later] = [await scene.requested(), await second()];
    expect(await take(first.id)).toEqual({ taken: 'yes' });
    expect(await take(first.id)).toEqual({ taken: 'yes' });
    expect(await take(later.id)).toEqual({ taken: 'no' });
    expect(scene.standing(first.id).state).toBe('evaluating');
    expect(scene.standing(later.id).state).toBe('waiting_for_endpoint');
  });

  it('goes to who asked first, when it is given back', async () => {
    const [first, later] = [await scene.requested(), await second()];
    const last = await second({ request: 'build-3' });
    await take(first.id);
    await take(last.id);
    await take(later.id);
    await wait(last.id, 'token-last');
    await wait(later.id, 'token-later');
    expect(scene.waits.ended.size).toBe(0);
    await end(first.id, 'refused');
    expect([...scene.waits.ended]).toEqual([['token-later', null]]);
    expect(await take(last.id)).toEqual({ taken: 'no' });
    expect(await take(later.id)).toEqual({ taken: 'yes' });
  });

  it('goes to what leads back, past those who asked earlier', async () => {
    const [first, later, back] = [await scene.requested(), await second(), await second({ request: 'build-3' })];
    scene.set(back.id, { kind: 'rollback' });
    for (const { id } of [first, later]) await take(id);
    await take(back.id, 'rollback');
    for (const { id } of [later, back]) await wait(id, `token-${id}`);
    await end(first.id, 'refused');
    expect([...scene.waits.ended]).toEqual([[`token-${back.id}`, null]]);
    expect(await take(later.id)).toEqual({ taken: 'no' });
    expect(await take(back.id, 'rollback')).toEqual({ taken: 'yes' });
  });

  it('that was given back before the token lay there wakes who waits all the same', async () => {
    const [first, later] = [await scene.requested(), await second()];
    await take(first.id);
    await take(later.id);
    await end(first.id, 'refused');
    await wait(later.id, 'token');
    expect([...scene.waits.ended]).toEqual([['token', null]]);
  });

  it('is taken from a lease that ran out, and from a promotion that is over', async () => {
    const [first, later] = [await scene.requested(), await second()];
    await take(first.id);
    plane.clock.advance(LEASE_SECONDS * SECOND);
    expect(await take(later.id)).toEqual({ taken: 'yes' });
    scene.set(later.id, { state: 'failed' });
    plane.clock.advance(SECOND);
    expect(await take((await second({ request: 'build-3' })).id)).toEqual({ taken: 'yes' });
  });

  it('stays whose it is while people are asked once more, for as long as they may take', async () => {
    const [first, later] = [await scene.requested(), await second()];
    await take(first.id);
    plane.clock.advance((LEASE_SECONDS - 1) * SECOND);
    scene.set(first.id, { state: 'awaiting_approval', round: 2, updated_at: plane.clock.now().toISOString() });
    plane.clock.advance((LEASE_SECONDS - 1) * SECOND);
    expect(await take(later.id)).toEqual({ taken: 'no' });
    plane.clock.advance(SECOND);
    expect(await take(later.id)).toEqual({ taken: 'yes' });
  });

  it('is not kept by one who waited and was ended past us', async () => {
    const [first, later] = [await scene.requested(), await second()];
    const last = await second({ request: 'build-3' });
    await take(first.id);
    await take(later.id);
    scene.set(later.id, { state: 'failed' });
    await end(first.id, 'refused');
    expect(await take(last.id)).toEqual({ taken: 'yes' });
  });

  it('goes to one who supersedes, as soon as the holder ends', async () => {
    const first = await scene.requested();
    await take(first.id);
    scene.set(first.id, { state: 'awaiting_approval', round: 1 });
    await scene.ask(first.id, 'privacy-officer');
    const newer = await second({ on_busy: 'supersede' });
    expect(await take(newer.id)).toEqual({ taken: 'no' });
    expect(scene.standing(first.id).abort).toMatchObject({ cause: 'superseded' });
    expect([...scene.waits.ended]).toEqual([['token-privacy-officer', 'PromotionSuperseded']]);
    await end(first.id, 'cancelled', 'PromotionSuperseded');
    expect(scene.standing(first.id).state).toBe('superseded');
    expect(scene.promotions.asked.get(`${first.id}/privacy-officer`)).toMatchObject({ state: 'closed', token: null });
    expect(await take(newer.id)).toEqual({ taken: 'yes' });
  });

  it('goes to one who supersedes before those who asked earlier and wait, whom it ends too', async () => {
    const first = await scene.requested();
    await take(first.id);
    const waiting = await second();
    await take(waiting.id);
    await wait(waiting.id, 'token-waiting');
    const newer = await second({ request: 'build-3', on_busy: 'supersede' });
    const newest = await second({ request: 'build-4' });
    await take(newest.id);
    expect(await take(newer.id)).toEqual({ taken: 'no' });
    for (const { id } of [first, waiting]) expect(scene.standing(id).abort).toMatchObject({ cause: 'superseded' });
    expect([...scene.waits.ended]).toEqual([['token-waiting', 'PromotionSuperseded']]);
    for (const { id } of [first, waiting]) await end(id, 'cancelled', 'PromotionSuperseded');
    expect(scene.standing(newest.id).abort).toBeNull();
    expect(await take(newer.id)).toEqual({ taken: 'yes' });
  });

  it('is not taken from one that leads back', async () => {
    const first = await scene.requested();
    scene.set(first.id, { kind: 'rollback' });
    await take(first.id, 'rollback');
    await take((await second({ on_busy: 'supersede' })).id);
    expect(scene.standing(first.id).abort).toBeNull();
  });

  it.each<PromoterTask['kind']>(['break_glass', 'rollback', 'recovery'])(
    'is not taken by an execution that calls itself a %s and is none',
    async (kind) => {
      const { id } = await scene.requested();
      await expect(take(id, kind)).rejects.toMatchObject({ name: 'ForeignExecution' });
      expect(scene.endpoints.leases.size).toBe(0);
    },
  );

  it('is not taken from one that deploys', async () => {
    const first = await scene.requested();
    await take(first.id);
    scene.set(first.id, { state: 'deploying' });
    expect(await take((await second({ on_busy: 'supersede' })).id)).toEqual({ taken: 'no' });
    expect(scene.standing(first.id).abort).toBeNull();
  });

  it.each(['superseded', 'cancelled'] as const)(
    'that begins to deploy this moment is not %s any more',
    async (cause) => {
      const { id } = await scene.requested();
      const before = scene.standing(id);
      scene.set(id, { state: 'deploying' });
      await abortPromotion(scene.promoterDeps, before, { cause, by: null, reason: 'another' });
      expect(scene.standing(id).abort).toBeNull();
    },
  );

  it('of several that take it at once is one’s', async () => {
    const all = [await scene.requested(), await second(), await second({ request: 'build-3' })];
    const answers = await Promise.all(all.map(({ id }) => take(id)));
    expect(answers.filter((answer) => 'taken' in answer && answer.taken === 'yes')).toHaveLength(1);
  });
});

describe('an end', () => {
  it.each<[Step, Fate]>([
    ['put-event', 'done'],
    ['commit', 'lost'],
    ['save-promotion', 'lost'],
    ['save-promotion', 'done'],
    ['save-ask', 'lost'],
    ['give-back', 'lost'],
    ['give-back', 'done'],
    ['end-wait', 'lost'],
    ['open-incident', 'done'],
    ['announce', 'lost'],
    ['announce', 'done'],
  ])('that stopped at %s (%s) goes on when it is told again', async (step, fate) => {
    const [first, later] = [await scene.requested(), await second()];
    await take(first.id);
    await take(later.id);
    await wait(later.id, 'token');
    await scene.ask(first.id, 'model-owner');
    plane.steps.crashAt(step, fate);
    await expect(end(first.id, 'rolled_back')).rejects.toThrow(Crash);
    plane.clock.advance(SECOND);
    await end(first.id, 'rolled_back');
    expect(scene.standing(first.id)).toMatchObject({
      state: 'rolled_back',
      failure: { code: 'Broken' },
      events: 2,
      incident: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(events(first.id)).toHaveLength(2);
    expect(scene.endpoints.leases.size).toBe(0);
    expect([...scene.waits.ended]).toEqual([['token', null]]);
    expect(scene.incidents.map(({ kind }) => kind)).toEqual(['deployment_failed']);
    const told = scene.announced.filter(({ type }) => type === 'dev.countersign.release.rolled-back.v1');
    expect(new Set(told.map(({ id }) => id)).size).toBe(1);
  });

  it.each([
    { failure: { code: 'image_differs', detail: 'not the approved image' } },
    { abort: { cause: 'integrity', by: null, reason: 'not the approved image', at: '' } },
  ] as const)('that leaves tampered bytes serving closes their gates too (%j)', async (change) => {
    const { id } = await scene.requested();
    scene.set(id, { state: 'rolling_back', ...change });
    await end(id, 'rollback_failed');
    expect(scene.incidents.map(({ kind }) => kind)).toEqual(['rollback_failed', 'tampered_artifact']);
    expect(scene.standing(id).incident).not.toBeNull();
  });

  it('is not changed by another', async () => {
    const { id } = await scene.requested();
    await end(id, 'refused');
    await end(id, 'failed');
    expect(scene.standing(id).state).toBe('refused');
  });
});

describe('cancelling', () => {
  it('ends what the promotion waits for, and the next step', async () => {
    const { id } = await scene.requested();
    await take(id);
    scene.set(id, { state: 'awaiting_approval', round: 1 });
    await scene.ask(id, 'model-owner');
    await cancelOwnPromotion(scene.promoterDeps, id, 'too early', PROMOTER);
    expect([...scene.waits.ended]).toEqual([['token-model-owner', 'PromotionCancelled']]);
    await expect(take(id)).rejects.toMatchObject({ name: 'PromotionCancelled' });
  });

  it('ends the wait for the endpoint, also one that begins this moment', async () => {
    const [first, later] = [await scene.requested(), await second()];
    await take(first.id);
    await take(later.id);
    await wait(later.id, 'token-1');
    await cancelOwnPromotion(scene.promoterDeps, later.id, 'too early', PROMOTER);
    await wait(later.id, 'token-2');
    expect([...scene.waits.ended]).toEqual([
      ['token-1', 'PromotionCancelled'],
      ['token-2', 'PromotionCancelled'],
    ]);
  });

  it('is for who asked, and until something is deployed', async () => {
    const { id } = await scene.requested();
    const other = cancelOwnPromotion(scene.promoterDeps, id, 'not mine', caller('stranger'));
    await expect(other).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    scene.set(id, { state: 'deploying' });
    const late = cancelOwnPromotion(scene.promoterDeps, id, 'too late', PROMOTER);
    await expect(late).rejects.toMatchObject({ code: 'PROMOTION_STATE_CONFLICT' });
  });
});

describe('a promotion past the gate', () => {
  const SECOND_PERSON = caller('second-person');
  const breakGlass = async () => {
    const { promotion } = await requestPromotion(scene.promoterDeps, wanted(), PROMOTER, 'break_glass');
    return promotion.id;
  };
  beforeEach(async () => await enrol(plane, 'second-person', newKey()));

  it('runs when a second person confirms it, and is to be reviewed by a third', async () => {
    const id = await breakGlass();
    expect(scene.executions.states.size).toBe(0);
    await confirmPromotion(scene.promoterDeps, id, 'the site is down', SECOND_PERSON);
    expect([...scene.executions.states.keys()]).toEqual([id]);
    expect(scene.standing(id).confirmed_by).toMatchObject({ principal: 'second-person', reason: 'the site is down' });
    expect(events(id)).toHaveLength(2);
    expect(scene.incidents).toMatchObject([
      { kind: 'break_glass_review', actors: [PROMOTER.uniqueId, SECOND_PERSON.uniqueId] },
    ]);
  });

  it('is not confirmed by who asked for it', async () => {
    const id = await breakGlass();
    const own = confirmPromotion(scene.promoterDeps, id, 'me again', PROMOTER);
    await expect(own).rejects.toMatchObject({ code: 'DUTIES_NOT_SEPARATE' });
    expect(scene.executions.states.size).toBe(0);
  });

  it('is not confirmed once it is cancelled', async () => {
    const id = await breakGlass();
    await cancelOwnPromotion(scene.promoterDeps, id, 'it recovered', PROMOTER);
    const late = confirmPromotion(scene.promoterDeps, id, 'the site is down', SECOND_PERSON);
    await expect(late).rejects.toMatchObject({ code: 'PROMOTION_STATE_CONFLICT' });
    expect(scene.incidents).toEqual([]);
  });

  it('is over when nobody confirms it within an hour', async () => {
    const id = await breakGlass();
    plane.clock.advance(3601 * SECOND);
    const late = confirmPromotion(scene.promoterDeps, id, 'sorry', SECOND_PERSON);
    await expect(late).rejects.toMatchObject({ code: 'PROMOTION_STATE_CONFLICT' });
    await expect(take(id, 'break_glass')).rejects.toMatchObject({ name: 'PromotionCancelled' });
  });

  it('that nobody confirms is ended by the day’s run, wherever one before it died', async () => {
    const id = await breakGlass();
    expect(await expireUnconfirmed(scene.promoterDeps)).toEqual([]);
    plane.clock.advance(3601 * SECOND);
    for (const step of ['put-event', 'save-promotion', 'announce'] as const) {
      plane.steps.crashAt(step, 'lost');
      await expect(expireUnconfirmed(scene.promoterDeps)).rejects.toThrow(Crash);
    }
    await expireUnconfirmed(scene.promoterDeps);
    expect(scene.standing(id)).toMatchObject({ state: 'expired', failure: { code: 'not_confirmed' } });
    expect(events(id)).toHaveLength(2);
    expect(scene.announced.at(-1)?.type).toBe('dev.countersign.promotion.ended.v1');
  });

  it('that is confirmed is not ended by it', async () => {
    const id = await breakGlass();
    await confirmPromotion(scene.promoterDeps, id, 'the site is down', SECOND_PERSON);
    plane.clock.advance(3601 * SECOND);
    expect(await expireUnconfirmed(scene.promoterDeps)).toEqual([]);
    expect(scene.standing(id).state).toBe('requested');
  });

  it('that was not recorded whole is confirmed by the same call again', async () => {
    const id = await breakGlass();
    plane.steps.crashAt('save-promotion', 'lost');
    await expect(confirmPromotion(scene.promoterDeps, id, 'down', SECOND_PERSON)).rejects.toThrow(Crash);
    await confirmPromotion(scene.promoterDeps, id, 'down', SECOND_PERSON);
    expect(scene.standing(id)).toMatchObject({ events: 2, confirmed_by: { principal: 'second-person' } });
    expect([...scene.executions.states.keys()]).toEqual([id]);
  });
});

describe('an execution that was stopped', () => {
  const deployment = {
    model_name: 'm',
    endpoint_config: 'c',
    previous_config: null,
    started_at: null,
    way_back: null,
  };

  it('before a deployment ends its promotion', async () => {
    const { id } = await scene.requested();
    await take(id);
    await settleStopped(scene.promoterDeps, id);
    expect(scene.standing(id)).toMatchObject({ state: 'failed', failure: { code: 'EXECUTION_STOPPED' } });
    expect(scene.incidents.map(({ kind }) => kind)).toEqual(['promotion_stopped']);
    expect(scene.endpoints.leases.size).toBe(0);
  });

  it('while it deployed is taken back by one of its own, which keeps the endpoint', async () => {
    const { id } = await scene.requested();
    await take(id);
    scene.set(id, { state: 'deploying', deployment });
    await settleStopped(scene.promoterDeps, id);
    await settleStopped(scene.promoterDeps, id);
    expect([...scene.executions.states.keys()]).toEqual([id, `${id}-recovery`]);
    expect(scene.standing(id).state).toBe('deploying');
    expect(await take(id, 'recovery')).toEqual({ taken: 'yes' });
    await end(id, 'rolled_back');
    expect(scene.incidents.map(({ kind }) => kind)).toEqual(['promotion_stopped']);
  });

  it('while it rolled a release back goes on as the rollback that it was, to its seal', async () => {
    const { id } = await scene.requested();
    await take(id);
    scene.set(id, { kind: 'rollback', state: 'rolling_back', deployment });
    await settleStopped(scene.promoterDeps, id);
    expect(scene.executions.inputs.get(`${id}-recovery`)).toEqual({ promotion: id, kind: 'rollback' });
  });

  it('as it took a deployment back leaves it to a person', async () => {
    const { id } = await scene.requested();
    await take(id);
    scene.set(id, { state: 'rolling_back', deployment });
    await settleStopped(scene.promoterDeps, `${id}-recovery`);
    expect(scene.standing(id).state).toBe('rollback_failed');
    expect(scene.incidents.map(({ kind }) => kind)).toEqual(['rollback_failed']);
  });

  it.each<Step>(['give-back', 'open-incident', 'announce'])(
    'at %s, after the end was recorded, is carried on from there',
    async (step) => {
      const { id } = await scene.requested();
      await take(id);
      plane.steps.crashAt(step, 'lost');
      await expect(end(id, 'rolled_back')).rejects.toThrow(Crash);
      await settleStopped(scene.promoterDeps, id);
      expect(scene.standing(id)).toMatchObject({ state: 'rolled_back', failure: { code: 'Broken' }, settled: true });
      expect(scene.incidents.map(({ kind }) => kind)).toEqual(['deployment_failed']);
      expect(scene.endpoints.leases.size).toBe(0);
      expect(scene.announced.at(-1)).toMatchObject({ data: { incident: scene.standing(id).incident } });
    },
  );

  it('and was never ours changes nothing, whatever its name', async () => {
    const { id } = await scene.requested();
    await take(id);
    await settleStopped(scene.promoterDeps, `${id}-mine`);
    expect(scene.standing(id).state).toBe('evaluating');
  });

  it('after its promotion was over changes nothing', async () => {
    const { id } = await scene.requested();
    await end(id, 'refused');
    const before = scene.standing(id);
    await settleStopped(scene.promoterDeps, id);
    expect(scene.standing(id)).toEqual(before);
  });
});
