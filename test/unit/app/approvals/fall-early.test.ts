import { beforeEach, describe, expect, it } from 'vitest';
import { fallEarly } from '../../../../lib/app/approvals/fall-early.ts';
import { PromotionError } from '../../../../lib/contracts/promotion.ts';
import { aboutOf } from '../../../../lib/core/approvals/arrival.ts';
import { type Approving, approving, decideBy } from '../../../support/approving.ts';
import { type ControlPlane, controlPlane } from '../../../support/control-plane.ts';
import type { TestKey } from '../../../support/keys.ts';
import { stages } from '../../../support/stages.ts';

let plane: ControlPlane & { readonly key: TestKey };
let world: Approving;
const { post } = stages(() => plane);
beforeEach(async () => {
  plane = await controlPlane();
  world = approving(plane);
  await post();
  await world.enlist('p-1');
  await world.enlist('p-2', { roles: ['privacy-officer'] });
});

/** What the stream tells of a piece of evidence. */
async function arrived(evidence: string) {
  const record = await plane.ledger.find(evidence);
  if (!record) throw new Error(`${evidence} is not there`);
  return await fallEarly(world.watchDeps, [{ evidence, about: aboutOf(record) }]);
}

describe('evidence that arrives while people decide', () => {
  it('has everybody asked anew, and told why, when it takes the place of what they were shown', async () => {
    const promotion = await world.awaiting('run-1');
    await world.ask(promotion, 'model-owner');
    const other = await world.ask(promotion, 'privacy-officer');
    await decideBy(world, 'p-1', 'approve');
    expect(await arrived(await post())).toEqual([promotion.id]);
    expect(world.answers.get(other)).toBe(PromotionError.changed);
    const standing = world.table.promotions.get(promotion.id);
    expect(standing).toMatchObject({ state: 'evaluating', round: 2, changes: [{ code: 'attestation_superseded' }] });
    await world.ask(promotion, 'model-owner', { round: 2 });
    expect(world.mails.at(-1)?.content.kind).toBe('asked_again');
    expect([...world.table.rows.values()]).toMatchObject([{ ended_at: plane.clock.now().toISOString() }]);
  });

  it('changes nothing when it speaks of something else', async () => {
    const promotion = await world.awaiting('run-1');
    await world.ask(promotion, 'model-owner');
    const elsewhere = await post({ model: { id: 'other', sha256: 'a'.repeat(64) }, dataset: undefined });
    expect(await arrived(elsewhere)).toEqual([]);
    expect(world.table.promotions.get(promotion.id)?.round).toBe(1);
  });

  it('costs nothing but one look where nobody waits', async () => {
    await world.awaiting('run-1', { state: 'deploying' });
    expect(await arrived(await post())).toEqual([]);
  });
});
