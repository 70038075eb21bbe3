import { PromotionError } from '../../contracts/promotion.ts';
import { limitSeconds, overdueAt } from '../../core/deployment.ts';
import { DomainError } from '../../core/errors.ts';
import { notCanaried } from '../../core/preflight.ts';
import { isBeforeDeployment, type Promotion } from '../../core/promotion.ts';
import { type DeployDeps, type Deploying, keepEndpoint, requireDeployment } from './deploy-deps.ts';
import { PromotionFailure } from './failure.ts';
import { HostingRefusal, type Takeover } from './hosting.ts';
import { requireGate } from './let-through.ts';
import { unlessRefused } from './prepare-deployment.ts';
import { changePromotion, conflict, honourAbort } from './state.ts';

/**
 * Tells SageMaker to deploy: to an endpoint that serves as a canary, else by making the endpoint.
 *
 * Crash after the record says so: the same call looks whether SageMaker was told, and tells it if not. Crash after it was told:
 * the same call finds that, by the configuration or by the time of the endpoint's last change.
 */
export async function startDeployment(deps: DeployDeps, read: Deploying): Promise<void> {
  if (await isTold(deps, read)) return;
  requireDeployable(read);
  const now = deps.clock();
  // Long enough for the deployment and for a way back.
  const stuck = overdueAt(read, now);
  await keepEndpoint(deps, read, overdueAt(read, stuck));
  const promotion = requireDeployment(
    await changePromotion(deps, read, (standing) => {
      requireDeployable(standing);
      const { deployment } = requireDeployment(standing);
      return { state: 'deploying', deployment: { ...deployment, started_at: now.toISOString() } };
    }),
  );
  try {
    await tell(deps, promotion);
  } catch (error) {
    // Another run of this very step may have been faster.
    if (error instanceof HostingRefusal && (await isTold(deps, promotion))) return;
    await unlessRefused(Promise.reject(error));
  }
}

/**
 * Nothing is told to SageMaker but of what was let through, and of that not once it is over, on its way back, or about to end: a
 * failure is noted before the end is signed, and by then nobody looks again whether something was deployed.
 *
 * @throws PromotionFailure that ends it with nothing deployed, by the reason that is noted; DomainError where it goes back, or where a
 *   run that died may have told SageMaker: that is worth a retry until it is seen
 */
function requireDeployable(promotion: Promotion): void {
  const { abort, deployment, failure, state } = promotion;
  const isBegun = state === 'deploying';
  if (deployment?.way_back || !(isBeforeDeployment(promotion) || isBegun)) throw conflict(promotion);
  if (isBegun && abort) throw unseen(promotion);
  honourAbort(promotion);
  if (failure) throw new PromotionFailure(PromotionError.deploymentRefused, failure.code, failure.detail);
  if (!isBegun) requireGate(promotion);
}

async function tell(deps: DeployDeps, promotion: Deploying): Promise<void> {
  const { endpoint, environment, deployment } = promotion;
  const isDone =
    deployment.previous_config === null
      ? await deps.hosting.create(endpoint, deployment.endpoint_config, environment)
      : await deps.hosting.update(endpoint, deployment.endpoint_config, takeoverOf(deps, promotion));
  if (!isDone) await requireOurs(deps, promotion);
}

function takeoverOf({ alarms }: DeployDeps, promotion: Deploying): Takeover {
  return {
    canary_percent: notCanaried(promotion) ? null : promotion.canary_percent,
    bake_seconds: promotion.bake_seconds,
    alarms: [alarms.nameOf(promotion.endpoint), ...promotion.alarms],
    limit_seconds: limitSeconds(promotion),
  };
}

/**
 * The endpoint is there, or on its way to something, already. That may be to ours, as an earlier run of this step, or a try of the
 * SDK's, told it, whose answer was lost: SageMaker's reads are eventually consistent, and may not show it yet.
 *
 * @throws DomainError worth a retry until it is seen; HostingRefusal where it is on its way to another's
 */
async function requireOurs({ hosting }: DeployDeps, { endpoint, deployment }: Deploying): Promise<void> {
  const found = await hosting.endpoint(endpoint);
  const config = found?.pending?.config ?? found?.config ?? null;
  if (config === deployment.endpoint_config) return;
  if (config !== deployment.previous_config) {
    throw new HostingRefusal(`the endpoint ${endpoint} was made or changed by somebody else meanwhile`);
  }
  throw unseen({ endpoint });
}

function unseen({ endpoint }: Pick<Promotion, 'endpoint'>): DomainError {
  const message = `what the endpoint ${endpoint} was told is not seen yet`;
  return new DomainError('DEPENDENCY_UNAVAILABLE', message, { retryAfterMs: 1000 });
}

async function isTold({ hosting }: DeployDeps, { endpoint, deployment }: Deploying): Promise<boolean> {
  const { endpoint_config, previous_config, started_at } = deployment;
  if (started_at === null) return false;
  const found = await hosting.endpoint(endpoint);
  if (!found) return false;
  if (found.config === endpoint_config || found.pending?.config === endpoint_config) return true;
  // The deployment may have been taken back by now: it is not begun again.
  return previous_config !== null && found.modified_at > new Date(started_at);
}
