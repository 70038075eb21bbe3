import { type PromoterDeps, runPromoter } from '../app/promotion/run-promoter.ts';
import { Env } from '../contracts/env.ts';
import type { PromoterTask } from '../contracts/promotion.ts';
import { required } from './environment.ts';
import { promotionDeps } from './promotion-deps.ts';
import { stateTasks } from './state-tasks.ts';

export function promoterDeps(): PromoterDeps {
  return { ...promotionDeps(), leaseSeconds: Number(required(Env.LEASE_SECONDS)) };
}

export function promoter(deps: PromoterDeps) {
  return stateTasks<PromoterTask>(
    (task) => runPromoter(deps, task),
    ({ promotion }) => ({ promotion }),
  );
}
