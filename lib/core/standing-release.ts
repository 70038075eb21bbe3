import type { Deployment, Promotion } from './promotion.ts';

/** A promotion that put a configuration on an endpoint, or of kind `rollback` took one off. */
type Deployed = Promotion & { readonly deployment: Deployment };

/**
 * The promotion whose configuration is to serve on an endpoint; undefined when nothing of ours is.
 *
 * @param ended - promotions of the endpoint that ended, newest first
 */
export function standingRelease(ended: readonly Promotion[]): Deployed | undefined {
  const newest = ended.find(isReleased);
  return newest?.kind === 'rollback' ? makerOf(ended, newest.deployment.previous_config) : newest;
}

/**
 * What served before a release: what a rollback of it leads to. A second rollback leads further back, never to what was left.
 * Undefined when nothing of ours served: the way back is removal, or to what a person had put there.
 */
export function releaseBefore(ended: readonly Promotion[], release: Deployed): Deployed | undefined {
  return makerOf(ended, release.deployment.previous_config);
}

/** The promotion that made a configuration and was released with it. */
function makerOf(ended: readonly Promotion[], config: string | null): Deployed | undefined {
  return ended
    .filter(isReleased)
    .find(({ kind, deployment }) => kind !== 'rollback' && deployment.endpoint_config === config);
}

function isReleased(promotion: Promotion): promotion is Deployed {
  return promotion.state === 'released' && promotion.deployment !== null;
}
