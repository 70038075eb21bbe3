import { beforeEach, describe, expect, it } from 'vitest';
import { activateEvidenceKey } from '../../../../lib/app/manage-registry.ts';
import { expireUnconfirmed } from '../../../../lib/app/promotion/expire-unconfirmed.ts';
import type { Hosting } from '../../../../lib/app/promotion/hosting.ts';
import { applyStated, statePromotion } from '../../../../lib/app/promotion/record.ts';
import { runPromoter } from '../../../../lib/app/promotion/run-promoter.ts';
import { requestPromotion } from '../../../../lib/app/promotion/start.ts';
import { startDeployment } from '../../../../lib/app/promotion/start-deployment.ts';
import { cancelOwnPromotion, confirmPromotion } from '../../../../lib/app/promotion/stop.ts';
import { settleStopped } from '../../../../lib/app/promotion/stopped.ts';
import type { CaughtFailure, PromotionEnd } from '../../../../lib/contracts/promotion.ts';
import { objectKey } from '../../../../lib/core/layout.ts';
import { ADMIN, type ControlPlane, caller, controlPlane, enrol } from '../../../support/control-plane.ts';
import { deploying } from '../../../support/deploying.ts';
import { newKey } from '../../../support/keys.ts';
import { Crash } from '../../../support/memory/steps.ts';
import { ENDPOINT_WAIT_SECONDS, PROMOTER, type Promoting, promoting, wanted } from '../../../support/promoting.ts';

const DEPLOYMENT = { model_name: 'm', endpoint_config: 'c', previous_config: 'p', started_at: null, way_back: null };
const DECISION = { evidence: 'e', input: 'i', passed: true };

let plane: ControlPlane;
let scene: Promoting;
beforeEach(async () => {
  plane = await controlPlane();
  scene = await promoting(plane);
});

const take = (promotion: string, kind: 'promotion' | 'break_glass' = 'promotion') =>
  runPromoter(scene.promoterDeps, { task: 'take-endpoint', promotion, kind });
const end = (promotion: string, ended: PromotionEnd, failure: CaughtFailure | null) =>
  runPromoter(scene.promoterDeps, { task: 'end', promotion, kind: 'promotion', end: ended, failure });

/** A promotion that has its endpoint and waits for people. */
async function awaiting(): Promise<string> {
  const { id } = await scene.requested();
  await take(id);
  scene.set(id, { state: 'awaiting_approval', round: 1 });
  return id;
}

describe('a deployment that begins', () => {
  const told: string[] = [];
  const deploy = async (id: string) => {
    const { deps } = deploying();
    const update: Hosting['update'] = async (name) => told.push(name) > 0;
    const hosting: Hosting = { ...deps.hosting, endpoint: async () => undefined, update };
    const { promotions, endpoints } = scene;
    const ports = { ...deps, promotions, endpoints, hosting, clock: plane.clock.now };
    await startDeployment(ports, { ...scene.standing(id), deployment: DEPLOYMENT });
  };
  beforeEach(() => void told.splice(0));

  it('while the end of its stopped execution is being signed tells SageMaker nothing', async () => {
    const id = await awaiting();
    scene.set(id, { release_decision: DECISION, deployment: DEPLOYMENT });
    let late: unknown;
    plane.steps.before('put-event', async () => {
      late = await deploy(id).catch((error: unknown) => error);
    });
    await settleStopped(scene.promoterDeps, id);
    expect(late).toMatchObject({ name: 'DeploymentRefused', code: 'EXECUTION_STOPPED' });
    expect(told).toEqual([]);
    expect(scene.standing(id)).toMatchObject({ state: 'failed', deployment: { started_at: null } });
  });

  it('before its execution is heard to be stopped is taken back', async () => {
    const id = await awaiting();
    scene.set(id, { release_decision: DECISION, deployment: DEPLOYMENT });
    await deploy(id);
    await settleStopped(scene.promoterDeps, id);
    expect(told).toEqual(['credit']);
    expect([...scene.executions.states.keys()]).toEqual([id, `${id}-recovery`]);
    expect(scene.standing(id).state).toBe('deploying');
  });

  it('is not taken for one that asks people again, though that was stated before', async () => {
    const id = await awaiting();
    const before = scene.standing(id);
    const reopened = { ...before, state: 'evaluating', round: 2, events: before.events + 1 } as const;
    const { stated } = await statePromotion(scene.promoterDeps, { action: 'promotion-reopened', promotion: reopened });
    scene.set(id, { state: 'deploying', release_decision: DECISION, deployment: DEPLOYMENT });
    await applyStated(scene.promoterDeps, before, 'promotion-reopened', stated);
    expect(scene.standing(id)).toMatchObject({ state: 'deploying', round: 1, events: 2, release_decision: DECISION });
  });
});

describe('the way back of a stopped execution', () => {
  /** A deployment whose execution was stopped, and that an execution of its own takes back. */
  async function recovering(): Promise<string> {
    const id = await awaiting();
    scene.set(id, { state: 'deploying', release_decision: DECISION, deployment: DEPLOYMENT });
    await settleStopped(scene.promoterDeps, id);
    return id;
  }

  it.each(['failed', 'cancelled'] as const)('that could not begin, and ends as %s, is for a person', async (ended) => {
    const id = await recovering();
    await end(id, ended, { Error: 'TransientError' });
    expect(scene.standing(id)).toMatchObject({ state: 'rollback_failed', failure: { code: 'EXECUTION_STOPPED' } });
    expect(scene.incidents).toMatchObject([{ kind: 'rollback_failed' }]);
  });

  it('is not ended by what somebody wants taken back, while it waits for the endpoint', async () => {
    const id = await recovering();
    scene.set(id, { abort: { cause: 'emergency_rollback', by: null, reason: 'it errs', at: '' } });
    await scene.endpoints.giveBack('credit', id);
    const other = await scene.requested({ request: 'two' });
    await take(other.id);
    const recovery = { promotion: id, kind: 'recovery' } as const;
    expect(await runPromoter(scene.promoterDeps, { task: 'take-endpoint', ...recovery })).toEqual({ taken: 'no' });
    await runPromoter(scene.promoterDeps, { task: 'await-endpoint', ...recovery, token: 'token' });
    expect([...scene.waits.ended]).toEqual([]);
  });
});

describe('the line for an endpoint', () => {
  it('is held up by nobody who waited and was stopped past us, and whose end nobody could tell', async () => {
    const first = await awaiting();
    const later: string[] = [];
    for (const request of ['two', 'three']) {
      plane.clock.advance(1000);
      const { id } = await scene.requested({ request });
      await take(id);
      later.push(id);
    }
    const [dead = '', alive = ''] = later;
    await end(first, 'failed', null);
    plane.clock.advance(ENDPOINT_WAIT_SECONDS * 1000);
    // One looks by itself, as its execution does each time that its wait ends.
    expect(await take(alive)).toEqual({ taken: 'no' });
    plane.clock.advance(ENDPOINT_WAIT_SECONDS * 1000);
    expect(await take(alive)).toEqual({ taken: 'yes' });
    expect(scene.standing(dead).state).toBe('waiting_for_endpoint');
    expect(scene.endpoints.queue.size).toBe(0);
  });

  it('has whoever looks again in the place that it had', async () => {
    const first = await awaiting();
    plane.clock.advance(1000);
    const { id: second } = await scene.requested({ request: 'two' });
    plane.clock.advance(1000);
    const { id: third } = await scene.requested({ request: 'three' });
    for (let looked = 0; looked < 5; looked++) {
      for (const id of [third, second]) await take(id);
      plane.clock.advance(ENDPOINT_WAIT_SECONDS * 1000);
    }
    await end(first, 'failed', null);
    expect(await take(third)).toEqual({ taken: 'no' });
    expect(await take(second)).toEqual({ taken: 'yes' });
  });
});

describe('cancelling what runs nowhere', () => {
  /** What becomes of it when its execution takes its first step. */
  const runs = async (id: string, kind: 'promotion' | 'break_glass') => {
    expect([...scene.executions.states.keys()]).toEqual([id]);
    await expect(take(id, kind)).rejects.toMatchObject({ name: 'PromotionCancelled' });
  };

  it('ends it, where whoever asked for it died before it was started', async () => {
    plane.steps.crashAt('start-execution', 'lost');
    await expect(scene.requested()).rejects.toThrow(Crash);
    const [id = ''] = scene.promotions.promotions.keys();
    await cancelOwnPromotion(scene.promoterDeps, id, 'never mind', PROMOTER);
    await runs(id, 'promotion');
  });

  it('ends it, where whoever confirmed it died before it was started', async () => {
    await enrol(plane, 'second-person', newKey());
    const { promotion } = await requestPromotion(scene.promoterDeps, wanted(), PROMOTER, 'break_glass');
    plane.steps.crashAt('open-incident', 'lost');
    const confirmed = confirmPromotion(scene.promoterDeps, promotion.id, 'the site is down', caller('second-person'));
    await expect(confirmed).rejects.toThrow(Crash);
    await cancelOwnPromotion(scene.promoterDeps, promotion.id, 'never mind', PROMOTER);
    await runs(promotion.id, 'break_glass');
  });

  it('is refused of a rollback, which would go on', async () => {
    const { id } = await scene.requested();
    scene.set(id, { kind: 'rollback' });
    const cancelled = cancelOwnPromotion(scene.promoterDeps, id, 'never mind', PROMOTER);
    await expect(cancelled).rejects.toMatchObject({ code: 'PROMOTION_STATE_CONFLICT' });
    expect(scene.standing(id).abort).toBeNull();
  });
});

describe('an end', () => {
  it('leaves nothing asked, though mails are noted while it is signed', async () => {
    const id = await awaiting();
    const ask = await scene.ask(id, 'model-owner');
    plane.steps.before('put-event', async () => {
      await scene.promotions.asks.save({ ...ask, mailed: ['p-1'], revision: ask.revision + 1 });
    });
    plane.steps.before('save-ask', async () => {
      const standing = scene.promotions.asked.get(`${id}/model-owner`) ?? ask;
      await scene.promotions.asks.save({ ...standing, mailed: ['p-1', 'p-2'], revision: standing.revision + 1 });
    });
    await end(id, 'rejected', { Error: 'ApprovalRejected' });
    expect(scene.promotions.asked.get(`${id}/model-owner`)).toMatchObject({
      state: 'closed',
      token: null,
      mailed: ['p-1', 'p-2'],
    });
    expect(scene.standing(id).settled).toBe(true);
  });

  it.each([
    ['rejected', 'ApprovalRejected', 'an approver rejected it'],
    ['expired', 'ApprovalExpired', 'nobody answered in time'],
    ['expired', 'ApprovalsUnsettled', 'what people approve changed faster than they could approve it'],
    ['failed', 'States.Timeout', 'a step ended with States.Timeout'],
  ] as const)('that is %s after %s says that %s', async (ended, code, detail) => {
    const id = await awaiting();
    await end(id, ended, { Error: code });
    expect(scene.standing(id).failure).toEqual({ code, detail });
  });

  it.each(['cancelled', 'rolled_back'] as const)('that is %s says why somebody stopped it', async (ended) => {
    const id = await awaiting();
    const cause = ended === 'cancelled' ? ended : 'emergency_rollback';
    scene.set(id, { abort: { cause, by: null, reason: 'it errs', at: '' } });
    await end(id, ended, { Error: 'States.Timeout' });
    expect(scene.standing(id).failure).toEqual({ code: cause, detail: 'it errs' });
  });

  it('that somebody rejected, as another cancelled it, says that it was rejected', async () => {
    const id = await awaiting();
    scene.set(id, { abort: { cause: 'cancelled', by: null, reason: 'too early', at: '' } });
    await end(id, 'rejected', { Error: 'ApprovalRejected' });
    expect(scene.standing(id).failure?.code).toBe('ApprovalRejected');
  });
});

describe('an event whose run died before its change, and before another evidence key was activated', () => {
  const anotherKey = async () => {
    plane.signer.key = newKey();
    await activateEvidenceKey(plane.registryDeps, ADMIN);
  };

  it('is taken up: the end that it states comes true', async () => {
    const id = await awaiting();
    plane.steps.crashAt('save-promotion', 'lost');
    await expect(end(id, 'rejected', { Error: 'ApprovalRejected' })).rejects.toThrow(Crash);
    await anotherKey();
    await end(id, 'rejected', { Error: 'ApprovalRejected' });
    expect(scene.standing(id)).toMatchObject({ state: 'rejected', events: 2 });
    expect(scene.endpoints.leases.size).toBe(0);
  });

  it('is taken up where it asked for the promotion', async () => {
    plane.steps.crashAt('state-promotion', 'lost');
    await expect(scene.requested()).rejects.toThrow(Crash);
    await anotherKey();
    const { id } = await scene.requested();
    expect([...scene.executions.states.keys()]).toEqual([id]);
  });

  it('is taken up only where a key of ours signed it', async () => {
    const id = await awaiting();
    plane.steps.crashAt('save-promotion', 'lost');
    const failure = { Error: 'ApprovalRejected' };
    await expect(end(id, 'rejected', failure)).rejects.toThrow(Crash);
    const deps = { ...scene.promoterDeps, registry: { ...scene.promoterDeps.registry, evidenceKeys: async () => [] } };
    await anotherKey();
    const ended = runPromoter(deps, { task: 'end', promotion: id, kind: 'promotion', end: 'rejected', failure });
    await expect(ended).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    expect(scene.standing(id).state).toBe('awaiting_approval');
  });
});

describe('the day’s run', () => {
  it('ends what nobody confirmed, also past one that it cannot end', async () => {
    const ids: string[] = [];
    for (const request of ['one', 'two', 'three']) {
      const { promotion } = await requestPromotion(scene.promoterDeps, wanted({ request }), PROMOTER, 'break_glass');
      ids.push(promotion.id);
    }
    plane.clock.advance(3601_000);
    const [, broken = ''] = ids;
    const requested = plane.bucket.objects.get(objectKey.event(`promotion/${broken}`, 1));
    if (!requested) throw new Error('the request is no evidence');
    plane.bucket.objects.set(objectKey.event(`promotion/${broken}`, 2), requested);
    expect(await expireUnconfirmed(scene.promoterDeps)).toEqual(ids.filter((id) => id !== broken));
  });
});
