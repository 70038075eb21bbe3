import { expect, it } from 'vitest';
import { shownFacts } from '../../../../lib/app/approvals/page-facts.ts';
import type { RecordedApproval } from '../../../../lib/core/approvals/approval.ts';
import { DomainError } from '../../../../lib/core/errors.ts';
import { approving } from '../../../support/approving.ts';
import { controlPlane } from '../../../support/control-plane.ts';
import { digestOf } from '../../../support/manifests.ts';
import { stages } from '../../../support/stages.ts';

/** A promotion about which one role is asked. */
async function asked() {
  const plane = await controlPlane();
  const world = approving(plane);
  await stages(() => plane).post();
  await world.enlist('p-1');
  const promotion = await world.awaiting('run-1');
  await world.ask(promotion, 'model-owner');
  const [ask] = [...world.table.asks.values()];
  return { plane, world, promotion, ask };
}

it('nobody is kept from deciding by rows of something else that cannot be read, or that their statements do not bear out', async () => {
  const { plane, world, promotion, ask } = await asked();
  const earlier = digestOf('an earlier model');
  const row: RecordedApproval = {
    // A statement of ours, and no approval.
    evidence: promotion.request_decision?.evidence ?? '',
    role: 'privacy-officer',
    person: 'p-2',
    decision: 'approved',
    model: promotion.model,
    environment: promotion.environment,
    endpoint: promotion.endpoint,
    image_digest: null,
    promotion: promotion.id,
    decided_at: '2026-11-20T00:00:00.000Z',
    round: 1,
    ended_at: null,
    end: null,
  };
  const of = async (model: string) => {
    if (model === earlier) throw new DomainError('INTEGRITY_FAILURE', 'the item has another form than we write');
    return [row];
  };
  const ended = async () => [{ ...promotion, model: earlier }];
  const shown = shownFacts({ ...world.deps, promotions: { ended }, approvals: { of } });
  expect(await shown({ promotion, ask, others: [] })).toMatchObject({ decided: [], earlier: [] });
  expect(plane.logged).toContainEqual(expect.objectContaining({ event: 'INTEGRITY_FAILURE' }));
});

it('another answer has what was decided on this model read anew, and a minute the endpoint’s past', async () => {
  const { plane, world, promotion, ask } = await asked();
  const earlier = { ...promotion, model: digestOf('an earlier model') };
  let looked: string[] = [];
  const shown = shownFacts({
    ...world.deps,
    promotions: { ended: async () => [earlier] },
    approvals: {
      of: async (model) => {
        looked.push(model);
        return await world.deps.approvals.of(model);
      },
    },
  });
  const models = async (revision: number) => {
    looked = [];
    await shown({ promotion, ask: ask && { ...ask, revision }, others: [] });
    return looked.toSorted();
  };
  const both = [promotion.model, earlier.model].toSorted();
  expect(await models(1)).toEqual(both);
  expect(await models(1)).toEqual([]);
  expect(await models(2)).toEqual([promotion.model]);
  plane.clock.advance(60_000);
  expect(await models(2)).toEqual(both);
});
