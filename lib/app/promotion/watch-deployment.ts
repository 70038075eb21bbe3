import type { Watched } from '../../contracts/promotion.ts';
import { overdueAt } from '../../core/deployment.ts';
import { progressOf, type Reason } from '../../core/deployment-progress.ts';
import { type DeployDeps, type Deploying, keepEndpoint } from './deploy-deps.ts';
import { changePromotion } from './state.ts';

/**
 * One look at a running deployment: two calls, unless something is wrong.
 *
 * SageMaker does not stop what it was told. Our alarm, which is one of its rollback alarms, takes it back while it bakes; what has
 * come through by then is taken back afterwards.
 */
export async function watchDeployment(deps: DeployDeps, promotion: Deploying): Promise<Watched> {
  const { deployment } = promotion;
  const endpoint = await deps.hosting.endpoint(promotion.endpoint);
  const progress = progressOf(promotion, deployment, endpoint, deps.clock());
  const wanted = progress.difference ?? promotion.abort;
  if (progress.state === 'moving' && wanted && deployment.previous_config !== null) await ring(deps, promotion);
  const { difference, failure } = progress;
  if (difference || failure) await note(deps, promotion, difference, difference ?? failure);
  // Somebody wants it back, and it came through: it is taken back.
  return { state: progress.state === 'in_service' && wanted ? 'failed' : progress.state };
}

/** At each poll until it is taken back: a lost word, or a bake that begins later, costs no more than that. */
export async function ring(deps: DeployDeps, promotion: Deploying): Promise<void> {
  // Another's deployment is not ours to stop.
  await keepEndpoint(deps, promotion, overdueAt(promotion, deps.clock()));
  await deps.alarms.ring(promotion.endpoint);
}

async function note(
  deps: DeployDeps,
  promotion: Deploying,
  difference: Reason | undefined,
  failure: Reason | undefined,
): Promise<void> {
  await changePromotion(deps, promotion, (standing) => {
    const changes = {
      ...(difference && !standing.abort ? { abort: abortFor(difference, deps.clock()) } : {}),
      ...(failure && !standing.failure ? { failure } : {}),
    };
    return Object.keys(changes).length > 0 ? changes : undefined;
  });
}

function abortFor({ detail }: Reason, at: Date) {
  return { cause: 'integrity', by: null, reason: detail, at: at.toISOString() } as const;
}
