import { PromotionError } from '../../contracts/promotion.ts';
import {
  configName,
  type HostedConfig,
  type HostedEndpoint,
  type HostedModel,
  hostedModel,
  isSame,
  modelName,
  VARIANT,
} from '../../core/deployment.ts';
import { DomainError } from '../../core/errors.ts';
import {
  notCanaried,
  notDeployable,
  notOfEnvironment,
  notOffered,
  notOfName,
  notWatchable,
  type Refused,
} from '../../core/preflight.ts';
import type { Promotion } from '../../core/promotion.ts';
import type { DeployDeps } from './deploy-deps.ts';
import { PromotionFailure } from './failure.ts';
import { HostingRefusal } from './hosting.ts';
import { requireLetThrough } from './let-through.ts';
import { changePromotion, honourAbort } from './state.ts';

/**
 * Makes model and endpoint configuration from what was approved, and refuses what would not canary.
 *
 * Crash anywhere: a model or a configuration that nothing runs. The same call finds them by their names.
 */
export async function prepareDeployment(deps: DeployDeps, promotion: Promotion): Promise<void> {
  honourAbort(promotion);
  await requireLetThrough(deps, promotion);
  refuse(notOffered(promotion, deps.hosting.offers(promotion.instance_type)));
  const endpoint = await deps.hosting.endpoint(promotion.endpoint);
  if (endpoint) await requireDeployable(deps, promotion, endpoint);
  else await requireCreatable(deps, promotion);

  const model = hostedModel(promotion, deps.source);
  const names = { model_name: modelName(model), endpoint_config: configName(promotion) };
  const variant = endpoint?.variants[0]?.name ?? VARIANT;
  await requireModel(deps, names.model_name, model, promotion);
  await requireConfig(deps, names.endpoint_config, configOf(promotion, names.model_name, variant), promotion);

  await changePromotion(deps, promotion, (standing) => {
    honourAbort(standing);
    // Once told, what served before is known no more from the endpoint.
    if (standing.deployment?.started_at) return undefined;
    const deployment = { ...names, previous_config: endpoint?.config ?? null, started_at: null, way_back: null };
    return { deployment };
  });
}

/**
 * Refuses what would not canary, before people are asked about it. What is found here may be otherwise when they have answered:
 * {@link prepareDeployment} looks again.
 */
export async function preflight(deps: DeployDeps, promotion: Promotion): Promise<void> {
  honourAbort(promotion);
  refuse(notOffered(promotion, deps.hosting.offers(promotion.instance_type)));
  const endpoint = await deps.hosting.endpoint(promotion.endpoint);
  if (endpoint) await alarmOfDeployable(deps, promotion, endpoint);
  else await requireCreatable(deps, promotion);
}

async function requireCreatable(deps: DeployDeps, promotion: Promotion): Promise<void> {
  const [{ items }] = await Promise.all([
    deps.releases.list(promotion.endpoint, { limit: 1 }),
    requireAlarms(deps, promotion),
  ]);
  // What was removed is still called by its name.
  for (const { endpoint, environment } of items) {
    refuse(notOfName(endpoint, promotion) ?? notOfEnvironment(environment, promotion));
  }
}

/** Where nothing serves yet, an alarm may ring for that very reason; but it must be there. */
async function requireAlarms({ alarms }: DeployDeps, promotion: Promotion): Promise<void> {
  if (promotion.alarms.length === 0) return;
  const found = await alarms.ringing(promotion.alarms);
  refuse(notWatchable(promotion.alarms, new Map([...found.keys()].map((name) => [name, false]))));
}

async function requireDeployable(deps: DeployDeps, promotion: Promotion, endpoint: HostedEndpoint): Promise<void> {
  // Told before, and asked again: it was deployable then.
  if (promotion.deployment?.started_at) return;
  const alarm = await alarmOfDeployable(deps, promotion, endpoint);
  // The endpoint is this promotion's: what it rang for is a deployment that was taken back.
  if (alarm === 'rings') await deps.alarms.silence(promotion.endpoint);
  else if (alarm === 'absent') await deps.alarms.ensure(promotion.endpoint);
}

/** @returns how our own alarm of the endpoint stands */
async function alarmOfDeployable(
  { alarms, hosting, allAtOnceIn }: DeployDeps,
  promotion: Promotion,
  endpoint: HostedEndpoint,
): Promise<'rings' | 'calm' | 'absent'> {
  if (!allAtOnceIn.has(promotion.environment)) refuse(notCanaried(promotion));
  refuse(notDeployable(endpoint, await hosting.marks(endpoint.arn), promotion));
  const ours = alarms.nameOf(promotion.endpoint);
  const ringing = new Map(await alarms.ringing([ours, ...promotion.alarms]));
  const isRinging = ringing.get(ours);
  ringing.delete(ours);
  refuse(notWatchable(promotion.alarms, ringing));
  if (isRinging === undefined) return 'absent';
  return isRinging ? 'rings' : 'calm';
}

function refuse(refused: Refused | undefined): void {
  if (refused) throw new PromotionFailure(PromotionError.deploymentRefused, refused.code, refused.detail);
}

export function configOf(promotion: Promotion, model: string, variant: string): HostedConfig {
  const { instance_type, instance_count } = promotion;
  return { variants: [{ name: variant, model, instance_type, instance_count }], extras: [] };
}

async function requireModel({ hosting }: DeployDeps, name: string, wanted: HostedModel, promotion: Promotion) {
  if (await unlessRefused(hosting.createModel(name, wanted, promotion.model))) return;
  requireSame(await hosting.model(name), wanted, 'model_differs', `the SageMaker model ${name}`);
}

async function requireConfig({ hosting }: DeployDeps, name: string, wanted: HostedConfig, promotion: Promotion) {
  if (await unlessRefused(hosting.createConfig(name, wanted, promotion.id))) return;
  requireSame(await hosting.config(name), wanted, 'config_differs', `the endpoint configuration ${name}`);
}

function requireSame<T extends HostedModel | HostedConfig>(
  found: T | undefined,
  wanted: T,
  code: string,
  what: string,
) {
  if (!found) {
    // There a moment ago: SageMaker's reads are eventually consistent.
    throw new DomainError('DEPENDENCY_UNAVAILABLE', `${what} is not seen yet`, { retryAfterMs: 1000 });
  }
  if (!isSame(found, wanted)) throw new PromotionFailure(PromotionError.integrity, code, `${what} is not what we made`);
}

/** What SageMaker refuses at once is no fault of ours to be retried. */
export async function unlessRefused<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof HostingRefusal)) throw error;
    throw new PromotionFailure(PromotionError.deploymentRefused, 'refused_by_sagemaker', error.message);
  }
}
