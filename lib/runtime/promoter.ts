import type { Context } from 'aws-lambda';
import { type PromoterDeps, runPromoter } from '../app/promotion/run-promoter.ts';
import { type StoppedDeps, settleStopped } from '../app/promotion/stopped.ts';
import { Env } from '../contracts/env.ts';
import type { ExecutionEnded, PromoterTask } from '../contracts/promotion.ts';
import { required } from './environment.ts';
import { promotionDeps } from './promotion-deps.ts';
import { stateTasks } from './state-tasks.ts';

export function promoterDeps(): PromoterDeps & StoppedDeps {
  return {
    ...promotionDeps(),
    leaseSeconds: Number(required(Env.LEASE_SECONDS)),
    endpointWaitSeconds: Number(required(Env.ENDPOINT_WAIT_SECONDS)),
  };
}

export function promoter(deps: PromoterDeps & StoppedDeps) {
  const tasks = stateTasks<PromoterTask>(
    (task) => runPromoter(deps, task),
    ({ promotion }) => ({ promotion }),
  );
  const events = stateTasks<ExecutionEnded & { readonly task: string }>(
    async ({ detail }) => {
      await settleStopped(deps, detail.name);
      return {};
    },
    ({ detail: { name, status } }) => ({ promotion: name, status }),
  );
  return async (event: PromoterTask | ExecutionEnded, context: Context): Promise<object> =>
    'detail' in event ? await events({ ...event, task: 'settle-stopped' }, context) : await tasks(event, context);
}
