import { invalid } from './errors.ts';
import type { CapacitySize, DeploymentConfig } from './requests.ts';

/** How long the service takes for what it does itself, in its own seconds. On AWS it varies; these are usual. */
export const SECONDS = { launch: 240, shift: 30, terminate: 60, rollBack: 120, delete: 30 } as const;

/** Longest deployment there is, and the limit of one that names none. */
const LONGEST_DEPLOYMENT = 28_800;

/**
 * After so long a creation that hangs is given up: AWS names no limit, and this was seen
 * (https://github.com/aws/amazon-sagemaker-examples/issues/3432).
 */
const LONGEST_CREATION = 86_400;

/** The size of a fleet's part, by variant. */
export type Capacity = ReadonlyMap<string, number>;

/** One step of a deployment, as `VariantStatus` names it. `capacity` is what of the new fleet takes traffic meanwhile. */
export interface Stage {
  readonly status: 'Creating' | 'ActivatingTraffic' | 'Baking' | 'Deleting';
  readonly seconds: number;
  readonly capacity: Capacity;
  /** `Baking for 600 seconds (TerminationWaitInSeconds) with traffic enabled on full capacity of 3 instance(s).` */
  readonly message: (instances: number) => string;
}

/** As much of a variant as decides its stages. */
interface Sized {
  readonly name: string;
  readonly instances: number;
  readonly instanceType: string;
}

/** How a deployment goes if nothing goes wrong, with the time limit for all of it. */
export interface Plan {
  readonly stages: readonly [Stage, ...Stage[]];
  readonly limitSeconds: number;
}

/** The stages of a first deployment: there is no traffic yet to be shifted. */
export function planCreation(fleet: readonly Sized[]): Plan {
  return { stages: [launch(fleet)], limitSeconds: LONGEST_CREATION };
}

/**
 * The stages of a blue/green deployment (developer guide, "Blue/Green Deployments").
 *
 * Without two instances of each variant there is no canary and no step to make, and with Inf1 not even a bake: then all
 * traffic shifts at once, and nothing says so.
 *
 * @throws SageMakerError if the policy asks for steps of a size, or waits of a length, that the service refuses.
 */
export function planUpdate(fleet: readonly Sized[], config: DeploymentConfig | undefined): Plan {
  const policy = config?.BlueGreenUpdatePolicy;
  const routing = policy?.TrafficRoutingConfiguration;
  const wait = routing?.WaitIntervalInSeconds ?? 0;
  const termination = policy?.TerminationWaitInSeconds ?? 0;
  const limitSeconds = policy?.MaximumExecutionTimeoutInSeconds ?? LONGEST_DEPLOYMENT;
  if (limitSeconds <= wait + termination) {
    throw invalid('MaximumExecutionTimeoutInSeconds must be larger than the total of the waiting times.');
  }
  const excluded = fleet.some(({ instanceType }) => instanceType.startsWith('ml.inf1.'));
  const divisible = !excluded && fleet.every(({ instances }) => instances >= 2);
  const parts = divisible && routing !== undefined ? partsOf(fleet, routing) : [];
  const full = capacityOf(fleet, ({ instances }) => instances);
  return {
    limitSeconds,
    stages: [
      launch(fleet),
      ...parts.flatMap(({ word, capacity }) => [
        shift(word, capacity),
        bake(word, capacity, wait, 'WaitIntervalInSeconds'),
      ]),
      shift('full', full),
      ...(excluded ? [] : [bake('full', full, termination, 'TerminationWaitInSeconds')]),
      {
        status: 'Deleting',
        seconds: SECONDS.terminate,
        capacity: full,
        message: (instances) => `Terminating ${instances} instance(s).`,
      },
    ],
  };
}

interface Part {
  readonly word: 'canary' | 'linear';
  readonly capacity: Capacity;
}

/** What takes traffic before all of the new fleet does: the canary, or one part more at each step. */
function partsOf(
  fleet: readonly Sized[],
  routing: NonNullable<DeploymentConfig['BlueGreenUpdatePolicy']>['TrafficRoutingConfiguration'],
): readonly Part[] {
  if (routing.Type === 'ALL_AT_ONCE') return [];
  const { CanarySize, LinearStepSize } = routing;
  if (routing.Type === 'CANARY') {
    if (CanarySize === undefined) throw invalid('CanarySize is required for traffic routing type CANARY.');
    return [{ word: 'canary', capacity: capacityOf(fleet, (variant) => partOf(variant, CanarySize, 'CanarySize')) }];
  }
  if (LinearStepSize === undefined) throw invalid('LinearStepSize is required for traffic routing type LINEAR.');
  const step = capacityOf(fleet, (variant) => partOf(variant, LinearStepSize, 'LinearStepSize'));
  const sizes = fleet.map(({ name, instances }) => ({ name, instances, step: step.get(name) ?? instances }));
  const steps = Math.max(...sizes.map((size) => Math.ceil(size.instances / size.step)));
  return Array.from({ length: steps - 1 }, (_, at) => ({
    word: 'linear' as const,
    capacity: new Map(sizes.map((size) => [size.name, Math.min(size.instances, size.step * (at + 1))])),
  }));
}

/** @throws SageMakerError if it is more than half of the variant. */
function partOf({ name, instances }: Sized, size: CapacitySize, member: string): number {
  const part = size.Type === 'INSTANCE_COUNT' ? size.Value : Math.ceil((instances * size.Value) / 100);
  if (size.Type === 'CAPACITY_PERCENT' ? size.Value > 50 : part > instances / 2) {
    throw invalid(`${member} must be at most 50% of the ${instances} instance(s) of variant ${name}.`);
  }
  return part;
}

function capacityOf(fleet: readonly Sized[], part: (variant: Sized) => number): Capacity {
  return new Map(fleet.map((variant) => [variant.name, part(variant)]));
}

function launch(fleet: readonly Sized[]): Stage {
  return {
    status: 'Creating',
    seconds: SECONDS.launch,
    capacity: capacityOf(fleet, () => 0),
    message: (instances) => `Launching ${instances} instance(s).`,
  };
}

function shift(word: string, capacity: Capacity): Stage {
  return {
    status: 'ActivatingTraffic',
    seconds: SECONDS.shift,
    capacity,
    message: (instances) => `Activating traffic on ${word} capacity of ${instances} instance(s).`,
  };
}

function bake(word: string, capacity: Capacity, seconds: number, member: string): Stage {
  return {
    status: 'Baking',
    seconds,
    capacity,
    message: (instances) =>
      `Baking for ${seconds} seconds (${member}) with traffic enabled on ${word} capacity of ${instances} instance(s).`,
  };
}
