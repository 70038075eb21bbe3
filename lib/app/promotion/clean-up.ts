import type { Watched } from '../../contracts/promotion.ts';
import type { Promotion } from '../../core/promotion.ts';
import { DAY_MS } from '../../core/time.ts';
import type { DeployDeps } from './deploy-deps.ts';
import { HostingRefusal } from './hosting.ts';

/** SageMaker was seen to keep an endpoint in `Creating` for a day: https://github.com/aws/amazon-sagemaker-examples/issues/3432 */
const LETS_GO_WITHIN_MS = 3 * DAY_MS;

/**
 * One look at what the way back of a first deployment could not remove: SageMaker neither stops nor deletes an endpoint that it is
 * still making. What it lets go of later, whether it serves by then or not, is removed. People were told before, and it holds up
 * nobody: whoever has the endpoint by now deploys another configuration, which is left alone. So is what a release says serves: what a
 * rollback was to take off, and what turns out to be sealed.
 *
 * @returns `moving` while there is something to wait for; `rolled_back` when nothing serves
 */
export async function cleanUp(
  { hosting, clock }: Pick<DeployDeps, 'hosting' | 'clock'>,
  { endpoint: name, kind, state, deployment, ended_at }: Promotion,
): Promise<Watched> {
  const isWayBack = state === 'rollback_failed' && kind !== 'rollback';
  if (!isWayBack || deployment?.previous_config !== null) return { state: 'rollback_failed' };
  const endpoint = await hosting.endpoint(name);
  if (!endpoint) return { state: 'rolled_back' };
  const isLate = clock().getTime() > Date.parse(ended_at ?? '') + LETS_GO_WITHIN_MS;
  if (endpoint.config !== deployment.endpoint_config || isLate) return { state: 'rollback_failed' };
  if (endpoint.status === 'InService' || endpoint.status === 'OutOfService' || endpoint.status === 'Failed') {
    try {
      await hosting.remove(name);
    } catch (error) {
      // It began to move between the two calls: the next look tells.
      if (!(error instanceof HostingRefusal)) throw error;
    }
  }
  return { state: 'moving' };
}
