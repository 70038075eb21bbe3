import { beforeEach, describe, expect, it } from 'vitest';
import { listedReleases, provenReleases } from '../../../../lib/app/gate/releases.ts';
import { statePromotion } from '../../../../lib/app/promotion/record.ts';
import { sealRelease } from '../../../../lib/app/promotion/seal.ts';
import { openCountersigned } from '../../../../lib/core/countersigned.ts';
import { sha256Hex } from '../../../../lib/core/digest.ts';
import { parsePublicKey } from '../../../../lib/core/keys.ts';
import { lookup, objectKey } from '../../../../lib/core/layout.ts';
import { parseRelease, type RecordedRelease, wayBack } from '../../../../lib/core/release.ts';
import { type ControlPlane, controlPlane } from '../../../support/control-plane.ts';
import type { TestKey } from '../../../support/keys.ts';
import { digestOf } from '../../../support/manifests.ts';
import { Crash, type Step } from '../../../support/memory/steps.ts';
import { refusal } from '../../../support/refusals.ts';
import { ENDPOINT, MODEL, releasing } from '../../../support/releasing.ts';
import { stages } from '../../../support/stages.ts';

let plane: ControlPlane & { readonly key: TestKey };
let world: ReturnType<typeof releasing>;
const { post } = stages(() => plane);
beforeEach(async () => {
  plane = await controlPlane();
  world = releasing(plane);
  await post();
});

const newestFirst = async () => (await world.releases.list(ENDPOINT, { limit: 100 })).items;
const inGate = async () => {
  const listed = await listedReleases(world.releases, ENDPOINT, undefined);
  return await provenReleases({ ...plane.submitDeps, ledger: plane.ledger }, listed, undefined);
};
const gateModels = async () => {
  const known = await inGate();
  return known.known ? known.items.map(({ evidence }) => evidence) : known.code;
};
const configOf = (release: RecordedRelease | undefined) => release?.served?.endpoint_config;

describe('a release', () => {
  it('says who released what, from what, under which policies and approved by whom, signed by the evidence key', async () => {
    const promotion = await world.deployed('run-1');
    await sealRelease(world.sealDeps, promotion.id);
    const object = plane.bucket.objects.get(objectKey.release(promotion.id));
    const { statement } = openCountersigned(object?.bytes ?? Buffer.alloc(0), () =>
      parsePublicKey(plane.signer.key.pem),
    );
    expect(parseRelease(statement)).toEqual({
      model: MODEL,
      release: {
        kind: 'promotion',
        promotion: promotion.id,
        endpoint: ENDPOINT,
        environment: 'production',
        served: {
          model: MODEL,
          image: promotion.image,
          card: null,
          model_name: 'm-run-1',
          endpoint_config: 'c-run-1',
        },
        requested_by: promotion.requester,
        confirmed_by: null,
        reason: 'because of run-1',
        request_decision: promotion.request_decision,
        release_decision: promotion.release_decision,
        policies: [{ slot: 'main', sha256: digestOf('policy') }],
        approvals: [
          {
            evidence: [...plane.ledger.records.keys()][0],
            role: 'privacy-officer',
            person: 'p-1',
            decided_at: promotion.requested_at,
          },
        ],
        waivers: [],
        previous: null,
        way_back: null,
        restores: null,
        unreleased_config: null,
        released_at: plane.clock.now().toISOString(),
      },
    });
  });

  it('ends its promotion, and is found under the model', async () => {
    const row = await world.released('run-1');
    expect(world.promotions.promotions.get(row.promotion)).toMatchObject({
      state: 'released',
      release: row.evidence,
      ended_at: row.released_at,
    });
    const { items } = await plane.ledger.list(lookup.decisions(MODEL), { limit: 10 });
    expect(items.find(({ evidence }) => evidence === row.evidence)?.result).toBe('RELEASED');
  });

  it.each(['sign', 'put-release', 'seal-release'] satisfies Step[])(
    'is one release however its sealing dies at %s',
    async (step) => {
      for (const fate of ['lost', 'done'] as const) {
        const { id } = await world.deployed(`${step}-${fate}`);
        plane.steps.crashAt(step, fate);
        await expect(sealRelease(world.sealDeps, id)).rejects.toThrow(Crash);
        plane.clock.advance(5000);
        await sealRelease(world.sealDeps, id);
        await sealRelease(world.sealDeps, id);
        const rows = world.releases.rows.filter(({ release }) => release.promotion === id);
        const object = plane.bucket.objects.get(objectKey.release(id));
        expect(rows.map(({ release }) => release.evidence)).toEqual([sha256Hex(object?.bytes ?? '')]);
        expect(world.promotions.promotions.get(id)?.state).toBe('released');
        const { items } = await plane.ledger.list(lookup.decisions(MODEL), { limit: 100 });
        expect(items.map(({ evidence }) => evidence)).toContain(rows[0]?.release.evidence);
      }
      expect(await gateModels()).toHaveLength(2);
    },
  );

  it('is not sealed for a promotion that was aborted meanwhile, nor for one that ended', async () => {
    const promotion = await world.deployed('run-1');
    const abort = { cause: 'emergency_rollback', by: null, reason: 'it is wrong', at: promotion.updated_at } as const;
    await world.promotions.save({ ...promotion, abort, revision: 2 });
    await expect(sealRelease(world.sealDeps, promotion.id)).rejects.toThrow('it is wrong');
    await world.promotions.save({ ...promotion, state: 'rolled_back', revision: 3 });
    await expect(sealRelease(world.sealDeps, promotion.id)).rejects.toThrow(refusal('PROMOTION_STATE_CONFLICT'));
    expect(world.releases.rows).toEqual([]);
  });

  it('is not sealed once what serves is being taken back, though the step that does it was begun before', async () => {
    const promotion = await world.deployed('run-1');
    const deployment = promotion.deployment && {
      ...promotion.deployment,
      way_back: { started_at: promotion.updated_at, told: 0 },
    };
    plane.steps.before('seal-release', () =>
      world.promotions.save({ ...promotion, state: 'rolling_back', deployment, revision: 2 }),
    );
    await expect(sealRelease(world.sealDeps, promotion.id)).rejects.toThrow(refusal('PROMOTION_STATE_CONFLICT'));
    expect(world.releases.rows).toEqual([]);
    const { items } = await plane.ledger.list(lookup.decisions(MODEL), { limit: 10 });
    expect(items.filter(({ result }) => result === 'RELEASED')).toEqual([]);
  });

  it('is sealed once more from what the promotion is by then, when it changes while it is sealed', async () => {
    const promotion = await world.deployed('run-1');
    plane.steps.before('seal-release', () => world.promotions.save({ ...promotion, reason: 'another', revision: 2 }));
    await sealRelease(world.sealDeps, promotion.id);
    expect(world.promotions.promotions.get(promotion.id)).toMatchObject({ state: 'released', revision: 3 });
    expect(world.releases.rows).toHaveLength(1);
  });

  it('comes after the one before it though the clock of whoever sealed that was ahead', async () => {
    plane.clock.advance(3_600_000);
    const first = await world.released('run-1');
    plane.clock.advance(-3_600_000);
    const second = await world.released('run-2');
    expect(second.released_at > first.released_at).toBe(true);
    expect((await newestFirst())[0]?.evidence).toBe(second.evidence);
  });

  it('is not drawn from a decision that no key of ours signed', async () => {
    const promotion = await world.deployed('run-1');
    const evidence = promotion.release_decision?.evidence ?? '';
    const record = plane.ledger.records.get(evidence);
    if (record) plane.ledger.records.set(evidence, { ...record, evidence_keyid: 'another' });
    const registry = {
      ...world.sealDeps.registry,
      evidenceKey: plane.registry.evidenceKey,
      evidenceKeys: async () => [],
    };
    await expect(sealRelease({ ...world.sealDeps, registry }, promotion.id)).rejects.toThrow(
      refusal('SIGNATURE_INVALID'),
    );
    expect(world.releases.rows).toEqual([]);
  });

  it.each([
    ['the gate refused after people were asked', { release_decision: { evidence: '', input: '', passed: false } }],
    ['the gate was asked for before people were, and not again', { release_decision: null }],
    ['went past the gate, and nobody confirmed', { kind: 'break_glass' as const }],
  ])('is not drawn from what %s', async (_, changes) => {
    const promotion = await world.deployed('run-1');
    world.promotions.promotions.set(promotion.id, { ...promotion, ...changes });
    await expect(sealRelease(world.sealDeps, promotion.id)).rejects.toThrow(refusal('INTEGRITY_FAILURE'));
  });

  it('past the gate is drawn from what the gate said before, once a second person confirmed it', async () => {
    const { requester, ...promotion } = await world.deployed('run-1');
    const confirmed_by = { ...requester, unique_id: 'AROASECOND', reason: 'the site is down' };
    const past = { ...promotion, requester, kind: 'break_glass' as const, confirmed_by, release_decision: null };
    world.promotions.promotions.set(promotion.id, past);
    await expect(sealRelease(world.sealDeps, promotion.id)).rejects.toMatchObject({ code: 'decision_differs' });
    const by = { arn: 'arn', unique_id: confirmed_by.unique_id, account: '' };
    const confirmed = { ...past, events: 2 };
    await statePromotion(
      { ...world.sealDeps, ledger: plane.ledger },
      { action: 'promotion-confirmed', promotion: confirmed, by },
    );
    await sealRelease(world.sealDeps, promotion.id);
    expect((await newestFirst())[0]).toMatchObject({
      kind: 'break_glass',
      confirmed_by,
      request_decision: promotion.request_decision,
      policies: [{ slot: 'main', sha256: digestOf('policy') }],
    });
  });

  it('is not drawn from facts that are others than the decision names', async () => {
    const promotion = await world.deployed('run-1');
    const key = objectKey.gateInput(promotion.release_decision?.input ?? '');
    const object = plane.bucket.objects.get(key);
    if (object) plane.bucket.objects.set(key, { ...object, bytes: Buffer.from('{}') });
    await expect(sealRelease(world.sealDeps, promotion.id)).rejects.toThrow(refusal('INTEGRITY_FAILURE'));
  });
});

describe('a rollback', () => {
  it('restores what served before, then what served before that, and removes the endpoint at last', async () => {
    const first = await world.released('run-1');
    const second = await world.released('run-2');
    const third = await world.released('run-3');
    expect(wayBack([third, second, first])?.evidence).toBe(second.evidence);

    const back = await world.released('back-1', 'rollback');
    expect(back).toMatchObject({ previous: third.evidence, restores: second.evidence, approvals: [] });
    expect(configOf(back)).toBe('c-run-2');
    const further = await world.released('back-2', 'rollback');
    expect(configOf(further)).toBe('c-run-1');
    const removed = await world.released('back-3', 'rollback');
    expect(removed).toMatchObject({ served: null, restores: null, way_back: null });
    expect(world.releases.rows.at(-1)?.model).toBe(MODEL);
    await expect(world.released('back-4', 'rollback')).rejects.toThrow(refusal('RELEASE_UNKNOWN'));
  });

  it('says so when what serves again was put there by nobody’s release', async () => {
    await world.released('run-1');
    const promotion = await world.deployed('back-1', 'rollback');
    const { deployment } = promotion;
    if (deployment)
      await world.promotions.save({
        ...promotion,
        deployment: { ...deployment, previous_config: 'by-hand' },
        revision: 2,
      });
    await sealRelease(world.sealDeps, promotion.id);
    expect((await newestFirst())[0]).toMatchObject({ served: null, unreleased_config: 'by-hand' });
  });

  it('is not sealed as another release than the one that serves again', async () => {
    await world.released('run-1');
    await world.released('run-2');
    const promotion = await world.deployed('back-1', 'rollback');
    const { deployment } = promotion;
    if (deployment)
      await world.promotions.save({
        ...promotion,
        deployment: { ...deployment, previous_config: 'by-hand' },
        revision: 2,
      });
    await expect(sealRelease(world.sealDeps, promotion.id)).rejects.toThrow(refusal('INTEGRITY_FAILURE'));
  });

  it('from what was released after a rollback leads to what that restored', async () => {
    await world.released('run-1');
    await world.released('run-2');
    await world.released('back-1', 'rollback');
    await world.released('run-3');
    expect(configOf(await world.released('back-2', 'rollback'))).toBe('c-run-1');
  });
});

describe('the releases that a gate sees', () => {
  it('are those since the endpoint was empty, newest first', async () => {
    await world.released('run-1');
    await world.released('back-1', 'rollback');
    expect(await gateModels()).toEqual([]);
    const again = await world.released('run-2');
    const newest = await world.released('run-3');
    expect(await gateModels()).toEqual([newest.evidence, again.evidence]);
  });

  it.each<readonly [string, (rows: (typeof world.releases)['rows']) => void]>([
    [
      'was made up',
      (rows) => {
        const [row] = rows;
        if (row) rows.push({ ...row, release: { ...row.release, released_at: '2027', evidence: digestOf('nothing') } });
      },
    ],
    [
      'was changed',
      (rows) => {
        const row = rows[1];
        if (row) rows[1] = { ...row, release: { ...row.release, reason: 'another' } };
      },
    ],
    ['was taken out of the middle', (rows) => void rows.splice(1, 1)],
  ])('are not known where a row %s', async (_, tamper) => {
    for (const request of ['run-1', 'run-2', 'run-3']) await world.released(request);
    tamper(world.releases.rows);
    expect(await gateModels()).toBe('RELEASE_UNPROVEN');
    expect(plane.logged.at(-1)?.event).toBe('INTEGRITY_FAILURE');
  });
});
