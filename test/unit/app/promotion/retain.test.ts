import { beforeEach, describe, expect, it } from 'vitest';
import { extendRetention, type RetainDeps } from '../../../../lib/app/promotion/retain.ts';
import { sealRelease } from '../../../../lib/app/promotion/seal.ts';
import { lookup, objectKey } from '../../../../lib/core/layout.ts';
import { DAY_MS } from '../../../../lib/core/time.ts';
import { type ControlPlane, controlPlane } from '../../../support/control-plane.ts';
import type { TestKey } from '../../../support/keys.ts';
import { digestOf } from '../../../support/manifests.ts';
import { Crash } from '../../../support/memory/steps.ts';
import { refusal } from '../../../support/refusals.ts';
import { releasing } from '../../../support/releasing.ts';
import { stages } from '../../../support/stages.ts';

const PRODUCTION_DAYS = 3650;

let plane: ControlPlane & { readonly key: TestKey };
let world: ReturnType<typeof releasing>;
let deps: RetainDeps;
const { post, made } = stages(() => plane);
beforeEach(async () => {
  plane = await controlPlane();
  world = releasing(plane);
  const name = objectKey.policy(digestOf('policy'));
  const retainUntil = new Date(plane.clock.now().getTime() + DAY_MS);
  const version_id = plane.bucket.place(name, Buffer.from('policy'), { contentType: 'application/gzip', retainUntil });
  const person = { arn: 'arn', unique_id: 'AROA', at: '' };
  const policy = {
    sha256: digestOf('policy'),
    bundle_revision: 'r1',
    entrypoint: 'countersign/gate/result',
    size: 6,
    version_id,
    change_request: 'CR-1',
    state: 'approved',
    revision: 1,
    author: person,
  } as const;
  deps = {
    ...world.sealDeps,
    ledger: plane.ledger,
    registry: {
      evidenceKeys: () => plane.registry.evidenceKeys(),
      policy: async (sha256) => (sha256 === policy.sha256 ? policy : undefined),
    },
  };
});

const retain = (id: string, cursor: string | null = null, hasTime = () => true) =>
  extendRetention(deps, id, cursor, hasTime);
const daysLeft = (key: string): number => {
  const until = plane.bucket.objects.get(key)?.retainUntil.getTime() ?? 0;
  return Math.round((until - plane.clock.now().getTime()) / DAY_MS);
};
const objectOf = (evidence: string): string => plane.ledger.records.get(evidence)?.object_key ?? '';
const extended = (): number => plane.steps.taken.filter((step) => step === 'extend-retention').length;

describe('the retention of a release', () => {
  it('is that of everything it rests on, to the policy and the receipts', async () => {
    const raw = await made('raw', 'iris', { environment: 'experimental' });
    const training = await post({ environment: 'staging' });
    const { id } = await world.deployed('run-1');
    expect(await retain(id)).toEqual({ cursor: null });
    for (const evidence of [raw, training]) {
      expect(daysLeft(objectOf(evidence))).toBe(PRODUCTION_DAYS);
      expect(daysLeft(objectKey.receipt(evidence))).toBe(PRODUCTION_DAYS);
    }
    expect(daysLeft(objectKey.policy(digestOf('policy')))).toBe(PRODUCTION_DAYS);
  });

  it('leaves what is kept for nearly as long, and locks nothing else', async () => {
    await post({ environment: 'production' });
    const elsewhere = await made('elsewhere', 'other', { environment: 'experimental' });
    plane.clock.advance(30 * DAY_MS);
    const { id } = await world.deployed('run-1');
    await retain(id);
    // The policy, of whose lock no record tells.
    expect(extended()).toBe(1);
    expect(daysLeft(objectOf(elsewhere))).toBe(0);
  });

  it('reaches the decisions, their facts and the keys when years have passed', async () => {
    await post({ environment: 'production' });
    const promotion = await world.deployed('run-1');
    await sealRelease(world.sealDeps, promotion.id);
    await world.released('run-2');
    plane.clock.advance(400 * DAY_MS);
    const { id } = await world.deployed('back-1', 'rollback');
    await retain(id);
    const { release_decision: decision, request_decision: request } = promotion;
    for (const key of [
      objectOf(decision?.evidence ?? ''),
      objectOf(request?.evidence ?? ''),
      objectKey.gateInput(decision?.input ?? ''),
      objectKey.release(promotion.id),
      objectKey.publicKey(plane.signer.key.keyid),
    ]) {
      expect(daysLeft(key), key).toBe(PRODUCTION_DAYS);
    }
    const { items } = await plane.ledger.list(lookup.decisions(plane.key.keyid), { limit: 9 });
    for (const { evidence } of items) expect(daysLeft(objectOf(evidence))).toBe(PRODUCTION_DAYS);
  });

  it('goes on where a run had no time left, and where one died', async () => {
    for (const number of [1, 2, 3, 4, 5, 6, 7, 8]) await made(`raw-${number}`, 'iris', { environment: 'experimental' });
    await post({ environment: 'experimental' });
    const { id } = await world.deployed('run-1');
    plane.steps.crashAt('extend-retention', 'lost');
    await expect(retain(id)).rejects.toThrow(Crash);
    const { cursor } = await retain(id, null, () => false);
    expect(cursor).not.toBeNull();
    expect(await retain(id, cursor)).toEqual({ cursor: null });
    const attestations = [...plane.bucket.objects.keys()].filter((key) => key.startsWith('attestations/'));
    expect(attestations.map(daysLeft)).toEqual(Array(9).fill(PRODUCTION_DAYS));
  });

  it('ends in nothing to lock where a rollback removes the endpoint', async () => {
    await post({ environment: 'experimental' });
    await world.released('run-1');
    const before = extended();
    const { id } = await world.deployed('back-1', 'rollback');
    expect(await retain(id)).toEqual({ cursor: null });
    expect(extended()).toBe(before);
  });

  it('is not given to what the gate did not let through in the end', async () => {
    await post();
    const promotion = await world.deployed('run-1');
    world.promotions.promotions.set(promotion.id, { ...promotion, release_decision: null });
    await expect(retain(promotion.id)).rejects.toThrow(refusal('INTEGRITY_FAILURE'));
  });

  it('is not given where evidence that the gate saw is gone', async () => {
    const evidence = await post();
    const { id } = await world.deployed('run-1');
    plane.ledger.records.delete(evidence);
    await expect(retain(id)).rejects.toThrow(refusal('INTEGRITY_FAILURE'));
  });
});
