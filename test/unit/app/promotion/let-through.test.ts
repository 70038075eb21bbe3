import { describe, expect, it } from 'vitest';
import { evaluateGate } from '../../../../lib/app/gate/evaluate.ts';
import { runDeployerTask } from '../../../../lib/app/promotion/deploy-task.ts';
import { sealRelease } from '../../../../lib/app/promotion/seal.ts';
import { configName } from '../../../../lib/core/deployment.ts';
import type { PromotionEvent } from '../../../../lib/core/events.ts';
import { type DecisionRef, imageDigestOf, type Promotion } from '../../../../lib/core/promotion.ts';
import { caller, controlPlane } from '../../../support/control-plane.ts';
import { type Deployings, deploying, letThrough, OTHER_IMAGE } from '../../../support/deploying.ts';
import { asked } from '../../../support/gates.ts';
import { PIPELINE } from '../../../support/manifests.ts';
import { aPromotion } from '../../../support/promotions.ts';
import { ENDPOINT, MODEL, PASSED, releasing } from '../../../support/releasing.ts';
import { stages } from '../../../support/stages.ts';

describe('a deployment that nothing lets through', () => {
  const decision = { evidence: 'a'.repeat(64), input: 'b'.repeat(64), passed: true };
  it.each<[string, Partial<Promotion>]>([
    ['nobody was asked about', { release_decision: null, request_decision: decision }],
    ['the gate refused', { release_decision: { ...decision, passed: false } }],
    ['one person alone wants past the gate', { kind: 'break_glass', request_decision: decision }],
  ])('because %s is not made, by no task', async (_, change) => {
    const on = deploying();
    const id = on.approved('one', change);
    await expect(on.run(id, 'prepare')).rejects.toThrow('nothing lets');
    on.change(id, {
      deployment: { model_name: 'm', endpoint_config: 'c', previous_config: null, started_at: null, way_back: null },
    });
    await expect(on.run(id, 'deploy')).rejects.toThrow('nothing lets');
    expect(on.get(id).failure).toBeNull();
    expect(() => on.sagemaker.describeEndpoint('fraud')).toThrow();
  });

  it.each<[string, object]>([
    ['another promotion', { promotion: 'c'.repeat(64) }],
    ['another endpoint', { endpoint: 'credit' }],
    ['another image', { image_digest: `sha256:${'d'.repeat(64)}` }],
    ['the time before people were asked', { phase: 'request' }],
  ])('because its record names the decision about %s, is not made', async (_, change) => {
    const on = deploying();
    const id = on.approved('one');
    const deps = { ...on.deps, decided: async () => letThrough(on.get(id), change) };
    const prepare = runDeployerTask(deps, { promotion: id, kind: 'promotion', task: 'prepare' });
    await expect(prepare).rejects.toMatchObject({ name: 'IntegrityFailure' });
    expect(on.get(id)).toMatchObject({ deployment: null, failure: { code: 'decision_differs' } });
  });

  describe('past the gate', () => {
    const SECOND = 'AROASECOND';
    /** As the row tells it. */
    const past = (on: Deployings, change: Partial<Promotion> = {}) => {
      const { requester } = aPromotion(on.clock.now().toISOString());
      const confirmed_by = { ...requester, unique_id: SECOND, reason: 'the site is down' };
      const kind = 'break_glass';
      const asked = { kind, requester, confirmed_by, request_decision: decision, release_decision: null } as const;
      return on.get(on.approved('one', { ...asked, ...change }));
    };
    const confirmation = (promotion: Promotion, by: string): PromotionEvent => ({
      at: promotion.requested_at,
      by: { arn: 'arn', unique_id: by, account: '' },
      action: 'promotion-confirmed',
      revision: 2,
      promotion,
    });

    it('is made once a second person has confirmed it', async () => {
      const on = deploying();
      const promotion = past(on);
      on.confirmations.set(promotion.id, confirmation(promotion, SECOND));
      await on.run(promotion.id, 'prepare');
      expect(on.get(promotion.id).deployment).toMatchObject({ endpoint_config: configName(promotion) });
    });

    it.each<[string, (promotion: Promotion) => PromotionEvent | undefined]>([
      ['nothing signed says so', () => undefined],
      [
        'the event names another second person',
        (row) => {
          const { requester } = row;
          const confirmed_by = { ...requester, unique_id: 'AROATHIRD', reason: 'the site is down' };
          return confirmation({ ...row, confirmed_by }, 'AROATHIRD');
        },
      ],
      ['the event is of another image', (row) => confirmation({ ...row, image: OTHER_IMAGE }, SECOND)],
      ['the event is of what asks its gate', (row) => confirmation({ ...row, kind: 'promotion' }, SECOND)],
      ['somebody else has stated it', (row) => confirmation(row, row.requester.unique_id)],
    ])('is not made on the row’s word alone: %s', async (_, stated) => {
      const on = deploying();
      const promotion = past(on);
      const event = stated(promotion);
      if (event) on.confirmations.set(promotion.id, event);
      const prepare = on.run(promotion.id, 'prepare');
      await expect(prepare).rejects.toMatchObject({ name: 'IntegrityFailure', code: 'decision_differs' });
      expect(on.get(promotion.id).deployment).toBeNull();
    });

    it('is not made by one person under their own confirmation', async () => {
      const on = deploying();
      const { requester } = past(on);
      const promotion = past(on, { confirmed_by: { ...requester, reason: 'I am sure' } });
      on.confirmations.set(promotion.id, confirmation(promotion, requester.unique_id));
      await expect(on.run(promotion.id, 'prepare')).rejects.toMatchObject({ name: 'IntegrityFailure' });
    });
  });

  it('any more, because what it rests on was withdrawn after the model was made, is not made', async () => {
    const on = deploying();
    const id = on.approved('one');
    await on.run(id, 'prepare');
    on.change(id, { release_decision: null });
    await expect(on.run(id, 'deploy')).rejects.toThrow('nothing lets');
    on.change(id, { state: 'failed' });
    await expect(on.run(id, 'deploy')).rejects.toThrow('is failed');
  });
});

describe('a release whose record says that it was let through', () => {
  const setUp = async () => {
    const plane = await controlPlane();
    await stages(() => plane).post();
    return releasing(plane);
  };
  type World = Awaited<ReturnType<typeof setUp>>;

  /** Asks about a promotion after people were asked, of a policy that says no. */
  const refused = async ({ gateDeps }: World, promotion: Promotion): Promise<DecisionRef> => {
    const inForce = await gateDeps.policies.inForce();
    const no = async () => ({ verdicts: [{ ...PASSED, verdict: 'fail' }], warnings: [] });
    const policies = { inForce: async () => ({ ...inForce, main: { ...inForce.main, evaluate: no } }) };
    const imageDigest = imageDigestOf(promotion);
    const asking = { id: promotion.id, approvals: new Set<string>() };
    const question = asked(MODEL, { phase: 'release', endpoint: ENDPOINT, imageDigest, promotion: asking });
    const { evidence, inputSha256 } = await evaluateGate({ ...gateDeps, policies }, question, caller(PIPELINE));
    return { evidence, input: inputSha256, passed: true };
  };

  it.each<[string, (world: World, promotion: Promotion) => Promise<DecisionRef | null>]>([
    ['says no', refused],
    ['is about another promotion', async (world) => (await world.deployed('run-2')).release_decision],
    ['was made before people were asked', async (_, { request_decision }) => request_decision],
  ])('is not sealed where the signed decision %s', async (_, decisionOf) => {
    const world = await setUp();
    const promotion = await world.deployed('run-1');
    const release_decision = await decisionOf(world, promotion);
    await world.promotions.save({ ...promotion, release_decision, revision: 2 });
    const sealing = sealRelease(world.sealDeps, promotion.id);
    await expect(sealing).rejects.toMatchObject({ name: 'IntegrityFailure', code: 'decision_differs' });
    expect(world.releases.rows).toEqual([]);
  });
});
