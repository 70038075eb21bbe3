import { limitSeconds, overdueAt } from '../../core/deployment.ts';
import { DomainError } from '../../core/errors.ts';
import { notCanaried } from '../../core/preflight.ts';
import { isBeforeDeployment, type Promotion } from '../../core/promotion.ts';
import { type DeployDeps, type Deploying, keepEndpoint, requireDeployment } from './deploy-deps.ts';
import { HostingRefusal } from './hosting.ts';
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
  honourAbort(read);
  const now = deps.clock();
  // Long enough for the deployment and for a way back.
  const stuck = overdueAt(read, now);
  await keepEndpoint(deps, read, overdueAt(read, stuck));
  const promotion = requireDeployment(
    await changePromotion(deps, read, (standing) => {
      honourAbort(standing);
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
 */
function requireDeployable(promotion: Promotion): void {
  const { deployment, failure, state } = promotion;
  if (failure || deployment?.way_back || !(isBeforeDeployment(promotion) || state === 'deploying'))
    throw conflict(promotion);
  if (state !== 'deploying') requireGate(promotion);
}

async function tell({ hosting, alarms }: DeployDeps, promotion: Deploying): Promise<void> {
  const { endpoint, environment, deployment, bake_seconds } = promotion;
  if (deployment.previous_config === null) {
    const isMade = await hosting.create(endpoint, deployment.endpoint_config, environment);
    if (!isMade) await requireMade(hosting, promotion);
    return;
  }
  await hosting.update(endpoint, deployment.endpoint_config, {
    canary_percent: notCanaried(promotion) ? null : promotion.canary_percent,
    bake_seconds,
    alarms: [alarms.nameOf(endpoint), ...promotion.alarms],
    limit_seconds: limitSeconds(promotion),
  });
}

/**
 * An endpoint of the name is there. It may be the one that an earlier run of this step made, whose answer was lost: SageMaker's
 * reads are eventually consistent, and may not show it yet.
 *
 * @throws DomainError worth a retry until it is seen; HostingRefusal for another's
 */
async function requireMade(hosting: DeployDeps['hosting'], { endpoint, deployment }: Deploying): Promise<void> {
  const found = await hosting.endpoint(endpoint);
  if (found?.config === deployment.endpoint_config) return;
  if (found) throw new HostingRefusal(`the endpoint ${endpoint} was made by somebody else meanwhile`);
  throw new DomainError('DEPENDENCY_UNAVAILABLE', `the endpoint ${endpoint} is not seen yet`, { retryAfterMs: 1000 });
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
