import { expect, it } from 'vitest';
import { shownFacts } from '../../../../lib/app/approvals/page-facts.ts';
import { approving } from '../../../support/approving.ts';
import { controlPlane } from '../../../support/control-plane.ts';
import { digestOf } from '../../../support/manifests.ts';
import { stages } from '../../../support/stages.ts';

it('another answer has what was decided on this model read anew, and a minute the endpoint’s past', async () => {
  const plane = await controlPlane();
  const world = approving(plane);
  await stages(() => plane).post();
  await world.enlist('p-1');
  const promotion = await world.awaiting('run-1');
  await world.ask(promotion, 'model-owner');
  const [ask] = [...world.table.asks.values()];
  const earlier = { ...promotion, model: digestOf('an earlier model') };
  let asked: string[] = [];
  const shown = shownFacts({
    ...world.deps,
    promotions: { ended: async () => [earlier] },
    approvals: {
      of: async (model) => {
        asked.push(model);
        return await world.deps.approvals.of(model);
      },
    },
  });
  const models = async (revision: number) => {
    asked = [];
    await shown({ promotion, ask: ask && { ...ask, revision }, others: [] });
    return asked.toSorted();
  };
  const both = [promotion.model, earlier.model].toSorted();
  expect(await models(1)).toEqual(both);
  expect(await models(1)).toEqual([]);
  expect(await models(2)).toEqual([promotion.model]);
  plane.clock.advance(60_000);
  expect(await models(2)).toEqual(both);
});
