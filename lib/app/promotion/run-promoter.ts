import type { PromoterTask, Taken } from '../../contracts/promotion.ts';
import { type EndDeps, endPromotion, settleEnded } from './end.ts';
import { awaitEndpoint, takeEndpoint } from './lease.ts';

export type PromoterDeps = EndDeps;

/** Does what the state machine asks for where a promotion stands or falls. */
export async function runPromoter(deps: PromoterDeps, task: PromoterTask): Promise<Taken | object> {
  switch (task.task) {
    case 'take-endpoint':
      return await takeEndpoint(deps, task);
    case 'await-endpoint':
      await awaitEndpoint(deps, task.promotion, task.token);
      return {};
    case 'end':
      await endPromotion(deps, task.promotion, task.end, task.failure);
      return {};
    case 'announce-release':
      await settleEnded(deps, task.promotion);
      return {};
  }
}
