import { beforeEach, describe, expect, it } from 'vitest';
import { rollBackEndpoint } from '../../../../lib/app/promotion/emergency.ts';
import { runPromoter } from '../../../../lib/app/promotion/run-promoter.ts';
import { requestPromotion } from '../../../../lib/app/promotion/start.ts';
import type { PromotionEnd } from '../../../../lib/contracts/promotion.ts';
import { RequestPromotionSchema } from '../../../../lib/core/promotion/requests.ts';
import { SECOND } from '../../../support/clock.ts';
import { type ControlPlane, caller, controlPlane } from '../../../support/control-plane.ts';
import { Crash, type Fate, type Step } from '../../../support/memory/steps.ts';
import { PROMOTER, type Promoting, promoting, wanted } from '../../../support/promoting.ts';

let plane: ControlPlane;
let scene: Promoting;
beforeEach(async () => {
  plane = await controlPlane();
  scene = await promoting(plane);
});

const end = (promotion: string, ended: PromotionEnd) =>
  runPromoter(scene.promoterDeps, { task: 'end', promotion, kind: 'promotion', end: ended, failure: null });
/** Another request, a second later. */
const second = async (request = 'build-2') => {
  plane.clock.advance(SECOND);
  return await scene.requested({ request });
};
/** A promotion that has its endpoint, and of which something is deployed. */
const deployingNow = async (request?: string) => {
  const { id } = await second(request);
  await runPromoter(scene.promoterDeps, { task: 'take-endpoint', promotion: id, kind: 'promotion' });
  scene.set(id, { state: 'deploying' });
  return id;
};

describe('an emergency rollback', () => {
  const ON_CALL = caller('on-call');
  const rollBack = (by = ON_CALL, from?: string, endpoint = 'credit') =>
    rollBackEndpoint(scene.promoterDeps, endpoint, { reason: 'wrong answers', ...(from ? { from } : {}) }, by);
  const reviewed = (subject: string) => [{ kind: 'emergency_rollback_review', subject, actors: [ON_CALL.uniqueId] }];

  it('stops what is being deployed, and is to be reviewed', async () => {
    const id = await deployingNow();
    const { promotion } = await rollBack();
    expect(promotion).toMatchObject({ id, abort: { cause: 'emergency_rollback', by: { principal: null } } });
    expect(scene.incidents).toMatchObject(reviewed(id));
  });

  it('finds the endpoint in whatever letters it is asked for, and goes on by its own name', async () => {
    const { id } = await scene.requested();
    scene.release(id);
    const { promotion } = await rollBack(ON_CALL, undefined, 'CREDIT');
    expect(promotion).toMatchObject({ kind: 'rollback', endpoint: 'credit' });
    scene.release(promotion.id);
    expect((await rollBack(ON_CALL, id, 'CREDIT')).promotion.id).toBe(promotion.id);
    const deploying = await deployingNow();
    expect((await rollBack(ON_CALL, undefined, 'Credit')).promotion.id).toBe(deploying);
  });

  it.each<[Step, Fate]>([
    ['save-promotion', 'done'],
    ['open-incident', 'lost'],
    ['open-incident', 'done'],
  ])('of a deployment, whoever asked for it died at %s (%s), does not end without its review', async (step, fate) => {
    const id = await deployingNow();
    plane.steps.crashAt(step, fate);
    await expect(rollBack()).rejects.toThrow(Crash);
    expect(scene.standing(id).abort).toMatchObject({ cause: 'emergency_rollback' });
    await end(id, 'rolled_back');
    expect(scene.incidents).toMatchObject([...reviewed(id), { kind: 'deployment_failed' }]);
  });

  it.each<[Step, Fate]>([
    ['put-event', 'done'],
    ['state-promotion', 'done'],
    ['start-execution', 'done'],
    ['announce', 'lost'],
    ['open-incident', 'lost'],
    ['open-incident', 'done'],
  ])('of a release, whoever asked for it died at %s (%s), does not end without its review', async (step, fate) => {
    const { id } = await scene.requested();
    scene.release(id);
    plane.steps.crashAt(step, fate);
    await expect(rollBack()).rejects.toThrow(Crash);
    // What runs nowhere takes nothing back: it begins when somebody asks again.
    const back = [...scene.executions.states.keys()][1] ?? (await rollBack()).promotion.id;
    scene.release(back);
    await runPromoter(scene.promoterDeps, { task: 'announce-release', promotion: back, kind: 'rollback' });
    expect(scene.incidents).toMatchObject(reviewed(back));
    expect([...scene.executions.states.keys()]).toEqual([id, back]);
  });

  it('names the one who took it back as who does not review it, also where another asks again', async () => {
    const id = await deployingNow();
    plane.steps.crashAt('open-incident', 'lost');
    await expect(rollBack()).rejects.toThrow(Crash);
    await rollBack(caller('colleague'));
    expect(scene.incidents).toMatchObject(reviewed(id));
  });

  it('that names what it leaves happens once, though it is sent again when it is over', async () => {
    const { id } = await scene.requested();
    const first = scene.release(id);
    const { promotion: back } = await rollBack(ON_CALL, first.evidence);
    expect((await rollBack(ON_CALL, first.evidence)).promotion.id).toBe(back.id);
    plane.clock.advance(SECOND);
    scene.release(back.id);
    expect(await rollBack(ON_CALL, first.evidence)).toMatchObject({ created: false, promotion: { id: back.id } });
    expect(await rollBack(ON_CALL, id)).toMatchObject({ created: false, promotion: { id: back.id } });
    const { id: stopped } = await second();
    scene.set(stopped, { state: 'rolled_back', abort: { cause: 'emergency_rollback', by: null, reason: '', at: '' } });
    expect(await rollBack(ON_CALL, stopped)).toMatchObject({ created: false, promotion: { id: stopped } });
    await expect(rollBack(ON_CALL, 'f'.repeat(64))).rejects.toMatchObject({
      code: 'PROMOTION_STATE_CONFLICT',
      pointer: '/from',
    });
  });

  /** Past the schema that refuses it. */
  const squatting = async (evidence: string) => {
    plane.clock.advance(SECOND);
    const squatter = { ...wanted(), request: `rollback/${evidence}/1` };
    return (await requestPromotion(scene.promoterDeps, squatter, PROMOTER, 'promotion')).promotion.id;
  };

  it('has a name that no request may bear', () => {
    const named = (request: string) => RequestPromotionSchema.safeParse({ ...wanted(), request }).success;
    expect(named(`rollback/${'a'.repeat(64)}/1`)).toBe(false);
    expect(named('rollback/')).toBe(false);
    expect([named('rollback'), named('build/rollback/1')]).toEqual([true, true]);
  });

  it('takes nothing that bears its name for itself', async () => {
    const { id } = await scene.requested();
    const { evidence } = scene.release(id);
    const other = await squatting(evidence);
    const { promotion, created } = await rollBack();
    expect(promotion).toMatchObject({ kind: 'rollback', request: `rollback/${evidence}/2` });
    expect([created, promotion.id === other]).toEqual([true, false]);
    expect(scene.executions.inputs.get(promotion.id)).toMatchObject({ kind: 'rollback' });
  });

  it('does not begin as something else that whoever died before the record had stated under its name', async () => {
    const { id } = await scene.requested();
    const { evidence } = scene.release(id);
    plane.steps.crashAt('put-event', 'done');
    await expect(squatting(evidence)).rejects.toThrow(Crash);
    await expect(rollBack()).rejects.toMatchObject({ code: 'INTEGRITY_FAILURE' });
    expect([...scene.promotions.promotions.keys()]).toEqual([id]);
  });

  const refusesToLeave = (evidence: string) =>
    expect(rollBack()).rejects.toMatchObject({
      code: 'PROMOTION_STATE_CONFLICT',
      pointer: '/from',
      hint: expect.stringContaining(`--from ${evidence}`),
    });

  it('that names nothing, sent again when it is over, goes no further back', async () => {
    const { id } = await scene.requested();
    scene.release(id);
    plane.clock.advance(SECOND);
    const { promotion: back } = await rollBack();
    expect((await rollBack()).promotion.id).toBe(back.id);
    const restored = scene.release(back.id);
    await refusesToLeave(restored.evidence);
    // Another that waited behind it, and took nothing back.
    const { id: late } = await second();
    scene.set(late, { kind: 'rollback' });
    await end(late, 'rollback_failed');
    await refusesToLeave(restored.evidence);
    expect(await rollBack(ON_CALL, restored.evidence)).toMatchObject({ created: true });
  });

  it('that read the releases just before another’s was sealed is that one', async () => {
    const { id } = await scene.requested();
    const first = scene.release(id);
    const { promotion: back } = await rollBack();
    scene.release(back.id);
    const releases = { list: async () => ({ items: [first], next: undefined }) };
    const late = rollBackEndpoint({ ...scene.promoterDeps, releases }, 'credit', { reason: 'wrong answers' }, ON_CALL);
    expect(await late).toMatchObject({ created: false, promotion: { id: back.id, state: 'released' } });
    expect([...scene.executions.states.keys()]).toEqual([id, back.id]);
  });

  it('of a deployment, sent again when that is taken back, does not leave the release that serves', async () => {
    const first = await scene.requested();
    const serves = scene.release(first.id);
    const id = await deployingNow();
    await rollBack();
    plane.clock.advance(SECOND);
    await end(id, 'rolled_back');
    await end((await second('build-3')).id, 'refused');
    await refusesToLeave(serves.evidence);
    scene.release((await second('build-4')).id);
    expect(await rollBack()).toMatchObject({ created: true });
  });

  it.each(['without a name', 'by its name'])(
    'of a deployment that could not be taken back is told again %s',
    async (how) => {
      const first = await scene.requested();
      scene.release(first.id);
      const id = await deployingNow();
      const deployment = {
        model_name: 'm',
        endpoint_config: 'd',
        previous_config: 'c',
        started_at: null,
        way_back: null,
      };
      scene.set(id, { deployment });
      await rollBack();
      plane.clock.advance(SECOND);
      await end(id, 'rollback_failed');
      const again = await rollBack(ON_CALL, how === 'by its name' ? id : undefined);
      expect(again).toMatchObject({ created: true, promotion: { kind: 'rollback' } });
    },
  );

  it('that names what was taken back on another endpoint is refused', async () => {
    const { id } = await scene.requested();
    scene.release(id);
    const other = await second();
    const abort = { cause: 'emergency_rollback', by: null, reason: '', at: '' } as const;
    scene.set(other.id, { endpoint: 'other', state: 'rolled_back', abort });
    await expect(rollBack(ON_CALL, other.id)).rejects.toMatchObject({
      code: 'PROMOTION_STATE_CONFLICT',
      pointer: '/from',
    });
  });

  it('of an endpoint on which nothing was released is refused', async () => {
    await expect(rollBack()).rejects.toMatchObject({ code: 'RELEASE_UNKNOWN' });
  });
});
