import { invalid } from './errors.ts';
import type { DeploymentConfig } from './requests.ts';
import { type Plan, planCreation, planUpdate, SECONDS, type Stage } from './stages.ts';

/** How one container's image came to be a digest (`DeployedImage`). */
export interface DeployedImage {
  readonly specified: string;
  /** `repository@sha256:…` */
  readonly resolved: string;
}

export interface Variant {
  readonly name: string;
  readonly instances: number;
  readonly instanceType: string;
  readonly weight: number;
  readonly images: readonly DeployedImage[];
  /** When the images were resolved; service time. */
  readonly resolvedAt: number;
}

/** The instances that serve one endpoint configuration. */
export interface Fleet {
  readonly configName: string;
  readonly variants: readonly Variant[];
}

/** What was told beforehand to go wrong in a deployment. */
export type Flaw = 'unhealthy' | 'hangs' | 'rollback-fails';

export interface Deployment {
  readonly fleet: Fleet;
  readonly startedAt: number;
  /** After this the deployment is rolled back. */
  readonly deadline: number;
  /** Those to come; the first is under way. */
  readonly stages: readonly [Stage, ...Stage[]];
  readonly stageStartedAt: number;
  /** Names of the alarms that roll it back while it bakes. */
  readonly alarms: readonly string[];
  readonly flaws: readonly Flaw[];
}

interface Common {
  readonly name: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
  readonly lastDeploymentConfig?: DeploymentConfig;
}

/** An endpoint in one of its states. Times are service time in milliseconds. */
export type Endpoint = Common &
  (
    | { readonly status: 'Creating'; readonly deployment: Deployment }
    | { readonly status: 'Failed'; readonly configName: string; readonly failureReason: string }
    | {
        readonly status: 'InService' | 'UpdateRollbackFailed';
        readonly running: Fleet;
        /** Why the last update was rolled back. It stays until the next one is asked for. */
        readonly failureReason?: string;
      }
    | { readonly status: 'Updating'; readonly running: Fleet; readonly deployment: Deployment }
    | {
        readonly status: 'RollingBack';
        readonly running: Fleet;
        readonly deployment: Deployment;
        readonly since: number;
        readonly failureReason: string;
      }
    | { readonly status: 'Deleting'; readonly configName: string; readonly since: number }
  );

/** What is deployed, how, and when. */
export interface Rollout {
  readonly fleet: Fleet;
  readonly config: DeploymentConfig | undefined;
  readonly flaws: readonly Flaw[];
  readonly now: number;
}

export function createEndpoint(name: string, rollout: Rollout): Endpoint {
  const { fleet, config, now } = rollout;
  return {
    // Kept for RetainDeploymentConfig alone: a first deployment has nothing to shift from or to roll back to.
    ...common({ name, createdAt: now }, now, config),
    status: 'Creating',
    deployment: deploymentOf(planCreation(fleet.variants), rollout),
  };
}

/**
 * Begins a blue/green deployment.
 *
 * @param arn - of the endpoint, for messages.
 * @throws SageMakerError if the endpoint is between two states or has failed, or if the fleet or the policy does not suit.
 */
export function updateEndpoint(endpoint: Endpoint, arn: string, rollout: Rollout): Endpoint {
  const { fleet, config, now } = rollout;
  if (endpoint.status === 'Failed') {
    throw invalid(`Cannot update endpoint "${arn}" in status Failed. DeleteEndpoint is the only operation on it.`);
  }
  if (endpoint.status !== 'InService' && endpoint.status !== 'UpdateRollbackFailed') throw inProgress(arn);
  if (config !== undefined && !sameNames(endpoint.running, fleet)) {
    throw invalid('The new endpoint configuration must have the same variant names as the old one.');
  }
  return {
    ...common(endpoint, now, config),
    status: 'Updating',
    running: endpoint.running,
    deployment: deploymentOf(planUpdate(fleet.variants, config), rollout),
  };
}

/** @throws SageMakerError if the endpoint is between two states. */
export function deleteEndpoint(endpoint: Endpoint, arn: string, now: number): Endpoint {
  const configName = configNameOf(endpoint);
  switch (endpoint.status) {
    case 'InService':
    case 'UpdateRollbackFailed':
    case 'Failed':
      return { ...common(endpoint, now), status: 'Deleting', configName, since: now };
    default:
      throw inProgress(arn);
  }
}

/** The configuration that serves, or that is to serve first. */
export function configNameOf(endpoint: Endpoint): string {
  if ('running' in endpoint) return endpoint.running.configName;
  return 'deployment' in endpoint ? endpoint.deployment.fleet.configName : endpoint.configName;
}

/**
 * The endpoint as time has changed it; undefined once it is deleted.
 *
 * @param inAlarm - names of the alarms that are in state ALARM at `now`.
 */
export function advance(endpoint: Endpoint, now: number, inAlarm: ReadonlySet<string>): Endpoint | undefined {
  let current = endpoint;
  for (;;) {
    const next = step(current, now, inAlarm);
    if (next === undefined || next === current) return next;
    current = next;
  }
}

/** The alarms whose states {@link advance} needs at `now`: while a new fleet bakes, or may have come to. */
export function alarmsToRead(endpoint: Endpoint, now: number): readonly string[] {
  if (endpoint.status !== 'Updating') return [];
  const { stages, stageStartedAt, alarms } = endpoint.deployment;
  return stages[0].status === 'Baking' || stageStartedAt + stages[0].seconds * 1000 <= now ? alarms : [];
}

/** The next state that is reached by now; the same one if there is none. */
function step(endpoint: Endpoint, now: number, inAlarm: ReadonlySet<string>): Endpoint | undefined {
  switch (endpoint.status) {
    case 'Creating':
    case 'Updating':
      return deploy(endpoint, now, inAlarm);
    case 'RollingBack': {
      const end = endpoint.since + SECONDS.rollBack * 1000;
      return now < end ? endpoint : rolledBack(endpoint, end);
    }
    case 'Deleting':
      return now < endpoint.since + SECONDS.delete * 1000 ? endpoint : undefined;
    default:
      return endpoint;
  }
}

type Deploying = Extract<Endpoint, { status: 'Creating' | 'Updating' }>;

function deploy(endpoint: Deploying, now: number, inAlarm: ReadonlySet<string>): Endpoint {
  const { deployment } = endpoint;
  const [stage, ...later] = deployment.stages;
  const hangs = deployment.flaws.includes('hangs') && stage.status === 'Creating';
  const end = hangs ? Number.POSITIVE_INFINITY : deployment.stageStartedAt + stage.seconds * 1000;
  const tripped = stage.status === 'Baking' ? deployment.alarms.filter((name) => inAlarm.has(name)) : [];
  if (tripped.length > 0) {
    return failed(endpoint, Math.min(now, end), `Alarm(s) [${tripped.join(', ')}] tripped while the new fleet baked.`);
  }
  // Once the old fleet is being terminated there is no way back.
  if (stage.status !== 'Deleting' && deployment.deadline < end && deployment.deadline <= now) {
    const reason =
      endpoint.status === 'Creating'
        ? 'Request to service failed. If failure persists after retry, contact customer support.'
        : 'The deployment exceeded MaximumExecutionTimeoutInSeconds.';
    return failed(endpoint, deployment.deadline, reason);
  }
  if (now < end) return endpoint;
  if (stage.status === 'Creating' && deployment.flaws.includes('unhealthy')) {
    const { name } = deployment.fleet.variants[0] ?? { name: '' };
    const reason = `The primary container for production variant ${name} did not pass the ping health check. Please check CloudWatch logs for this endpoint.`;
    return failed(endpoint, end, reason);
  }
  const [next, ...rest] = later;
  if (next === undefined) {
    return { ...common(endpoint, end), status: 'InService', running: deployment.fleet };
  }
  return { ...endpoint, deployment: { ...deployment, stages: [next, ...rest], stageStartedAt: end } };
}

function failed(endpoint: Deploying, at: number, failureReason: string): Endpoint {
  const rest = common(endpoint, at);
  if (endpoint.status === 'Creating') {
    return { ...rest, status: 'Failed', configName: configNameOf(endpoint), failureReason };
  }
  const { running, deployment } = endpoint;
  return { ...rest, status: 'RollingBack', running, deployment, since: at, failureReason };
}

function rolledBack(endpoint: Extract<Endpoint, { status: 'RollingBack' }>, at: number): Endpoint {
  const { running, deployment, failureReason } = endpoint;
  const rest = common(endpoint, at);
  if (!deployment.flaws.includes('rollback-fails')) return { ...rest, status: 'InService', running, failureReason };
  // "In service with a mix of the old and new endpoint configurations" (DescribeEndpoint).
  const variants = running.variants.map((variant) => {
    const twin = deployment.fleet.variants.find(({ name }) => name === variant.name);
    return { ...variant, images: [...variant.images, ...(twin?.images ?? [])] };
  });
  return {
    ...rest,
    status: 'UpdateRollbackFailed',
    running: { ...running, variants },
    failureReason: `${failureReason} The rollback failed.`,
  };
}

function deploymentOf({ stages, limitSeconds }: Plan, { fleet, config, flaws, now }: Rollout): Deployment {
  return {
    fleet,
    startedAt: now,
    deadline: now + limitSeconds * 1000,
    stages,
    stageStartedAt: now,
    alarms: config?.AutoRollbackConfiguration?.Alarms?.map(({ AlarmName }) => AlarmName) ?? [],
    flaws,
  };
}

function common(
  of: Pick<Common, 'name' | 'createdAt' | 'lastDeploymentConfig'>,
  modifiedAt: number,
  lastDeploymentConfig = of.lastDeploymentConfig,
): Common {
  const { name, createdAt } = of;
  return { name, createdAt, modifiedAt, ...(lastDeploymentConfig === undefined ? {} : { lastDeploymentConfig }) };
}

function sameNames(one: Fleet, other: Fleet): boolean {
  const names = ({ variants }: Fleet) => JSON.stringify(variants.map(({ name }) => name).sort());
  return names(one) === names(other);
}

function inProgress(arn: string) {
  return invalid(`Cannot update in-progress endpoint "${arn}".`);
}
