import type { Watched } from '../../contracts/promotion.ts';
import { overdueAt } from '../../core/deployment.ts';
import { progressOf, type Reason } from '../../core/deployment-progress.ts';
import { notWatchable } from '../../core/preflight.ts';
import type { Deployment } from '../../core/promotion.ts';
import { type DeployDeps, type Deploying, keepEndpoint } from './deploy-deps.ts';
import { changePromotion } from './state.ts';

/**
 * One look at a running deployment: two calls, unless something is to be noted.
 *
 * SageMaker does not stop what it was told. Our alarm, which is one of its rollback alarms, takes it back while it bakes; what has
 * come through by then is taken back afterwards. A first deployment SageMaker watches by no alarm: we do.
 */
export async function watchDeployment(deps: DeployDeps, promotion: Deploying): Promise<Watched> {
  const { deployment } = promotion;
  if (deployment.bake) return { state: await watchBake(deps, promotion, deployment.bake) };
  const endpoint = await deps.hosting.endpoint(promotion.endpoint);
  const progress = progressOf(promotion, deployment, endpoint, deps.clock());
  const wanted = progress.difference ?? promotion.abort;
  if (progress.state === 'moving' && wanted && deployment.previous_config !== null) await ring(deps, promotion);
  const { difference, failure } = progress;
  if (difference || failure) await note(deps, promotion, difference, difference ?? failure);
  if (progress.state !== 'in_service') return { state: progress.state };
  // Somebody wants it back, and it came through: it is taken back.
  if (wanted) return { state: 'failed' };
  if (!isOursToBake(promotion)) return { state: 'in_service' };
  await beginBake(deps, promotion);
  return { state: 'moving' };
}

/** CreateEndpoint knows no alarms. */
function isOursToBake({ deployment, alarms, bake_seconds }: Deploying): boolean {
  return deployment.previous_config === null && alarms.length > 0 && bake_seconds > 0;
}

async function beginBake(deps: DeployDeps, promotion: Deploying): Promise<void> {
  const ringing = [...(await deps.alarms.ringing(promotion.alarms))].filter(([, rings]) => rings).map(([name]) => name);
  await changePromotion(deps, promotion, ({ deployment }) =>
    deployment && !deployment.bake
      ? { deployment: { ...deployment, bake: { since: deps.clock().toISOString(), ringing } } }
      : undefined,
  );
}

/**
 * One look at the alarms while a first deployment bakes. What serves is compared once more when the bake is over, by the check
 * before the release.
 */
async function watchBake(
  deps: DeployDeps,
  promotion: Deploying,
  bake: NonNullable<Deployment['bake']>,
): Promise<Watched['state']> {
  const ringing = await deps.alarms.ringing(promotion.alarms);
  const isOver = deps.clock().getTime() >= Date.parse(bake.since) + promotion.bake_seconds * 1000;
  // What rang because nothing served has until the end of the bake to calm down.
  const counted = [...ringing].map(
    ([name, rings]) => [name, rings && (isOver || !bake.ringing.includes(name))] as const,
  );
  const failure = notWatchable(promotion.alarms, new Map(counted));
  if (failure) await note(deps, promotion, undefined, failure);
  if (failure || promotion.abort) return 'failed';
  return isOver ? 'in_service' : 'moving';
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
