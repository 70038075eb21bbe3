import { HOSTING_PREFIX } from '../../contracts/deployment.ts';
import { PromotionError, type Watched } from '../../contracts/promotion.ts';
import { foreignImages, type HostedEndpoint, overdueAt, TOLD_BACK } from '../../core/deployment.ts';
import { ENDPOINT_CHANGED, INTEGRITY_CODES, type Reason } from '../../core/deployment-progress.ts';
import type { Promotion } from '../../core/promotion.ts';
import { type DeployDeps, type Deploying, keepEndpoint, requireDeployment } from './deploy-deps.ts';
import { PromotionFailure } from './failure.ts';
import { HostingRefusal } from './hosting.ts';
import { changePromotion } from './state.ts';
import { takeUpRelease } from './take-up-release.ts';
import { ring } from './watch-deployment.ts';

/**
 * Begins the way back to what served before; of a first deployment, to nothing.
 *
 * Crash anywhere: the same call, or the next poll, looks at the endpoint and tells it what is still to be told.
 *
 * @throws PromotionFailure ReleaseSealed when there is nothing to take back: it is released
 */
export async function rollBack(deps: DeployDeps, read: Promotion): Promise<void> {
  requireUnsealed(read);
  const promotion = requireDeployment(read.deployment ? read : await takeUpRelease(deps, read));
  const now = deps.clock();
  await keepEndpoint(deps, promotion, overdueAt(promotion, overdueAt(promotion, now)));
  const begun = await changePromotion(deps, promotion, (standing) => {
    requireUnsealed(standing);
    const { deployment } = requireDeployment(standing);
    if (deployment.way_back) return undefined;
    return {
      state: 'rolling_back',
      deployment: { ...deployment, way_back: { started_at: now.toISOString(), told: 0 } },
    };
  });
  await stepBack(deps, requireDeployment(begun));
}

/** Whoever sealed it may not have been heard: the answer was lost, or came too late. */
function requireUnsealed({ id, state }: Promotion): void {
  if (state !== 'released') return;
  throw new PromotionFailure(PromotionError.sealed, 'release_sealed', `the promotion ${id} is released already`);
}

/**
 * One look at the way back: two calls, unless there is something to be told.
 *
 * @returns `rolled_back` when what served before serves, or nothing does
 */
export async function watchRollback(deps: DeployDeps, promotion: Deploying): Promise<Watched> {
  return { state: await stepBack(deps, promotion) };
}

type Step =
  | { readonly kind: 'done' }
  | { readonly kind: 'wait' }
  /** A deployment is under way that only an alarm can stop. */
  | { readonly kind: 'ring' }
  | { readonly kind: 'put_back'; readonly config: string }
  | { readonly kind: 'remove' }
  | ({ readonly kind: 'fail' } & Reason);

async function stepBack(deps: DeployDeps, promotion: Deploying): Promise<Watched['state']> {
  const endpoint = await deps.hosting.endpoint(promotion.endpoint);
  const step = await sparingReleases(deps, promotion, endpoint, nextStep(promotion, endpoint, deps.clock()));
  switch (step.kind) {
    case 'done':
      return 'rolled_back';
    case 'wait':
      return 'moving';
    case 'ring':
      await ring(deps, promotion);
      return 'moving';
    case 'remove':
    case 'put_back':
      await tell(deps, promotion, step);
      return 'moving';
    case 'fail':
      await noteFailure(deps, promotion, step);
      return 'rollback_failed';
  }
}

function nextStep({ deployment, ...promotion }: Deploying, endpoint: HostedEndpoint | undefined, now: Date): Step {
  const { endpoint_config, previous_config: config, way_back } = deployment;
  if (!endpoint) {
    return config === null
      ? { kind: 'done' }
      : fail('endpoint_gone', 'the endpoint was deleted: there is nothing to put back');
  }
  if (endpoint.status === 'InService' && endpoint.config === config) return restored(promotion, endpoint);
  if (way_back && now > overdueAt(promotion, new Date(way_back.started_at))) {
    return fail('rollback_stuck', `SageMaker still says ${endpoint.status} after its own time limit`);
  }
  switch (endpoint.status) {
    case 'Updating':
      return endpoint.pending?.config === endpoint_config && config !== null ? { kind: 'ring' } : { kind: 'wait' };
    case 'Creating':
    case 'Deleting':
    case 'RollingBack':
    case 'SystemUpdating':
      return { kind: 'wait' };
    case 'Failed':
      // "DeleteEndpoint is the only operation that can be performed on a failed endpoint" (DescribeEndpoint, API reference).
      if (config === null) return remove(endpoint, endpoint_config);
      return fail('endpoint_failed', endpoint.failure ?? 'the endpoint is Failed');
    case 'InService':
    case 'OutOfService':
    case 'UpdateRollbackFailed':
      if (config === null) return remove(endpoint, endpoint_config);
      if ((way_back?.told ?? 0) < TOLD_BACK) return { kind: 'put_back', config };
      return fail('rollback_refused', endpoint.failure ?? `SageMaker does not put ${config} back`);
  }
}

/** A way back that had lost the endpoint, and waited to have it again, undoes nobody's release. */
async function sparingReleases(
  { releases }: DeployDeps,
  { endpoint: name, deployment }: Deploying,
  endpoint: HostedEndpoint | undefined,
  step: Step,
): Promise<Step> {
  if (step.kind !== 'put_back' || !endpoint) return step;
  if (endpoint.config === deployment.endpoint_config || endpoint.config === step.config) return step;
  const [newest] = (await releases.list(name, { limit: 1 })).items;
  if (newest?.served?.endpoint_config !== endpoint.config) return step;
  return fail(ENDPOINT_CHANGED, `the release of ${newest.promotion} serves, which came later`);
}

/** What a rollback is sealed with must serve: its record names the image of the release that it leads to. */
function restored({ kind, image }: Omit<Promotion, 'deployment'>, { config, variants }: HostedEndpoint): Step {
  const isSealed = kind === 'rollback' && config.startsWith(HOSTING_PREFIX);
  const foreign = isSealed ? foreignImages({ image }, variants) : [];
  return foreign.length === 0
    ? { kind: 'done' }
    : fail('image_differs', `not the released image: ${foreign.join(', ')}`);
}

/** What we made, and nothing else. */
function remove({ config }: HostedEndpoint, made: string): Step {
  if (config === made) return { kind: 'remove' };
  return fail(ENDPOINT_CHANGED, `the endpoint runs ${config}, which is not what this promotion made`);
}

function fail(code: string, detail: string): Step {
  return { kind: 'fail', code, detail };
}

/**
 * Counted before it is told, so that what cannot be put back comes to an end. Crash in between: counted, and told once less.
 */
async function tell(
  deps: DeployDeps,
  read: Deploying,
  step: Extract<Step, { readonly kind: 'put_back' | 'remove' }>,
): Promise<void> {
  const { hosting, clock } = deps;
  await keepEndpoint(deps, read, overdueAt(read, clock()));
  try {
    if (step.kind === 'remove') return await hosting.remove(read.endpoint);
    await changePromotion(deps, read, (standing) => {
      const { deployment } = requireDeployment(standing);
      const { started_at, told } = deployment.way_back ?? { started_at: clock().toISOString(), told: 0 };
      return { deployment: { ...deployment, way_back: { started_at, told: told + 1 } } };
    });
    await hosting.update(read.endpoint, step.config, null);
  } catch (error) {
    // Between two looks it began to move, or it is refused for good: the next look tells.
    if (!(error instanceof HostingRefusal)) throw error;
  }
}

/**
 * The reason of a way back that failed matters more than the one for which it was taken; both are kept. The code of what was
 * tampered with stays: the end closes gates by it.
 */
async function noteFailure(deps: DeployDeps, read: Deploying, { code, detail }: Reason): Promise<void> {
  await changePromotion(deps, read, ({ failure }) => {
    if (!failure) return { failure: { code, detail } };
    const why = `${detail}; taken back because: `;
    if (failure.code === code || failure.detail.startsWith(why)) return undefined;
    const kept = INTEGRITY_CODES.has(failure.code) ? failure.code : code;
    return { failure: { code: kept, detail: `${why}${failure.detail}` } };
  });
}
