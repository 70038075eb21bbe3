import type { Environment } from '../../contracts/predicates.ts';
import { PromotionError } from '../../contracts/promotion.ts';
import type { Deployment, Promotion } from '../../core/promotion.ts';
import type { ArtifactStore, Ledger, Log } from '../ports.ts';
import { PromotionFailure } from './failure.ts';
import type { DeploymentAlarms, Hosting } from './hosting.ts';
import type { SignedAbout } from './let-through.ts';
import type { Endpoints, Promotions } from './ports.ts';
import type { Releases } from './releases.ts';
import type { PromotionStateDeps } from './state.ts';

export interface DeployDeps extends PromotionStateDeps, SignedAbout {
  readonly promotions: Pick<Promotions, 'ended' | 'find' | 'save'>;
  readonly releases: Pick<Releases, 'list'>;
  readonly endpoints: Pick<Endpoints, 'renew'>;
  readonly hosting: Hosting;
  readonly alarms: DeploymentAlarms;
  readonly artifacts: Pick<ArtifactStore, 'head'>;
  readonly ledger: Pick<Ledger, 'findArtifact'>;
  /** Evidence bucket, and ARN of the role that models run as. */
  readonly source: { readonly bucket: string; readonly role: string };
  /** Environments whose deployments may move all traffic at once. */
  readonly allAtOnceIn: ReadonlySet<Environment>;
  readonly log: Log;
}

/** A promotion that {@link prepareDeployment} has been at. */
export type Deploying = Promotion & { readonly deployment: Deployment };

export function requireDeployment(promotion: Promotion): Deploying {
  const { deployment } = promotion;
  if (deployment) return { ...promotion, deployment };
  throw new Error(`the promotion ${promotion.id} has no deployment yet`);
}

/**
 * Keeps the endpoint for the promotion for as long as what follows may last.
 *
 * @throws PromotionFailure when the endpoint is another's: then nothing may be told to it
 */
export async function keepEndpoint(
  { endpoints }: Pick<DeployDeps, 'endpoints'>,
  { id, endpoint }: Promotion,
  until: Date,
): Promise<void> {
  if (await endpoints.renew(endpoint, id, until.toISOString())) return;
  throw new PromotionFailure(
    PromotionError.deploymentRefused,
    'endpoint_lost',
    'the endpoint is not this promotion’s any more: its lease ran out, and another took it',
  );
}
