import { describe, expect, it } from 'vitest';
import {
  advance,
  createEndpoint,
  deleteEndpoint,
  type Endpoint,
  type Flaw,
  type Fleet,
  updateEndpoint,
} from '../../../local/sagemaker/endpoint.ts';
import type { DeploymentConfig } from '../../../local/sagemaker/requests.ts';
import { SECONDS } from '../../../local/sagemaker/stages.ts';
import { describeEndpoint } from '../../../local/sagemaker/views.ts';

const ARN = 'arn:aws:sagemaker:eu-west-1:111122223333:endpoint/fraud';
const T0 = Date.parse('2026-01-01T00:00:00Z');
const QUIET: ReadonlySet<string> = new Set();
const TRIPPED: ReadonlySet<string> = new Set(['errors', 'someone-elses']);

const fleet = (configName: string, instances = 4, instanceType = 'ml.m5.large'): Fleet => ({
  configName,
  variants: [
    {
      name: 'AllTraffic',
      instances,
      instanceType,
      weight: 1,
      resolvedAt: T0,
      images: [{ specified: `registry/model:${configName}`, resolved: `registry/model@sha256:${configName}` }],
    },
  ],
});

type BlueGreen = NonNullable<DeploymentConfig['BlueGreenUpdatePolicy']>;
const guarded = (
  routing: BlueGreen['TrafficRoutingConfiguration'],
  policy: Partial<BlueGreen> = {},
): DeploymentConfig => ({
  BlueGreenUpdatePolicy: { TrafficRoutingConfiguration: routing, TerminationWaitInSeconds: 600, ...policy },
  AutoRollbackConfiguration: { Alarms: [{ AlarmName: 'latency' }, { AlarmName: 'errors' }] },
});
const QUARTER = { Type: 'CAPACITY_PERCENT', Value: 25 } as const;
const CANARY = guarded({ Type: 'CANARY', WaitIntervalInSeconds: 300, CanarySize: QUARTER });

const create = (options: { instances?: number; flaws?: readonly Flaw[]; config?: DeploymentConfig } = {}): Endpoint =>
  createEndpoint('fraud', {
    fleet: fleet('blue', options.instances),
    config: options.config,
    flaws: options.flaws ?? [],
    now: T0,
  });
const inService = (instances?: number): Endpoint =>
  later(create({ ...(instances === undefined ? {} : { instances }) }), 3600);

/** The endpoint so many seconds after T0. */
function later(endpoint: Endpoint, seconds: number, inAlarm = QUIET): Endpoint {
  const next = advance(endpoint, T0 + seconds * 1000, inAlarm);
  if (next === undefined) throw new Error('the endpoint is gone');
  return next;
}

function update(
  endpoint: Endpoint,
  config?: DeploymentConfig,
  options: { green?: Fleet; flaws?: Flaw[] } = {},
): Endpoint {
  const { green = fleet('green'), flaws = [] } = options;
  return updateEndpoint(endpoint, ARN, { fleet: green, config, flaws, now: T0 });
}

const shown = (endpoint: Endpoint) => describeEndpoint(ARN, endpoint, (at) => (at - T0) / 1000);
const stageOf = (endpoint: Endpoint) => shown(endpoint).PendingDeploymentSummary?.ProductionVariants[0];
const messageOf = (endpoint: Endpoint) => {
  const [variant] = shown(endpoint).PendingDeploymentSummary?.ProductionVariants ?? [];
  return variant !== undefined && 'VariantStatus' in variant ? variant.VariantStatus[0]?.StatusMessage : undefined;
};

/** Seconds after the update at which the canary begins to bake, ends to, and all traffic has shifted. */
const BAKE = SECONDS.launch + SECONDS.shift;
const BAKED = BAKE + 300;
const FULL = BAKED + SECONDS.shift;
const DONE = FULL + 600 + SECONDS.terminate;

describe('a first deployment', () => {
  it('is Creating until the fleet is launched, and says what it deploys', () => {
    const creating = later(create(), SECONDS.launch - 1);
    expect(shown(creating)).toMatchObject({ EndpointStatus: 'Creating', EndpointConfigName: 'blue' });
    expect(shown(creating)).not.toHaveProperty('ProductionVariants');
    expect(stageOf(creating)).toMatchObject({
      CurrentInstanceCount: 0,
      DesiredInstanceCount: 4,
      VariantStatus: [{ Status: 'Creating', StatusMessage: 'Launching 4 instance(s).', StartTime: 0 }],
    });
  });

  it('is InService then, and shows the images by digest', () => {
    const view = shown(later(create(), SECONDS.launch));
    expect(view).toMatchObject({
      EndpointStatus: 'InService',
      EndpointConfigName: 'blue',
      LastModifiedTime: SECONDS.launch,
      ProductionVariants: [
        {
          VariantName: 'AllTraffic',
          CurrentWeight: 1,
          CurrentInstanceCount: 4,
          DeployedImages: [{ SpecifiedImage: 'registry/model:blue', ResolvedImage: 'registry/model@sha256:blue' }],
        },
      ],
    });
    expect(view).not.toHaveProperty('PendingDeploymentSummary');
    expect(view).not.toHaveProperty('FailureReason');
  });

  it('fails when its containers do, and can only be deleted then', () => {
    const failed = later(create({ flaws: ['unhealthy'] }), SECONDS.launch);
    expect(shown(failed)).toMatchObject({
      EndpointStatus: 'Failed',
      FailureReason: expect.stringContaining('AllTraffic did not pass the ping health check'),
    });
    expect(() => update(failed)).toThrow('DeleteEndpoint is the only operation');
    expect(deleteEndpoint(failed, ARN, T0).status).toBe('Deleting');
  });

  it('that hangs can be neither stopped nor deleted, and fails after a day', () => {
    const hanging = later(create({ flaws: ['hangs'] }), 86_399);
    expect(hanging.status).toBe('Creating');
    expect(() => deleteEndpoint(hanging, ARN, T0)).toThrow('Cannot update in-progress endpoint');
    expect(later(create({ flaws: ['hangs'] }), 86_400).status).toBe('Failed');
  });

  it('shifts no traffic and heeds no alarm, but keeps its deployment configuration', () => {
    const created = later(create({ config: CANARY }), SECONDS.launch, TRIPPED);
    expect(shown(created)).toMatchObject({ EndpointStatus: 'InService', LastDeploymentConfig: CANARY });
  });
});

describe('a canary', () => {
  it.each([
    [0, 'Launching 4 instance(s).', 0],
    [SECONDS.launch, 'Activating traffic on canary capacity of 1 instance(s).', 1],
    [
      BAKE,
      'Baking for 300 seconds (WaitIntervalInSeconds) with traffic enabled on canary capacity of 1 instance(s).',
      1,
    ],
    [BAKED, 'Activating traffic on full capacity of 4 instance(s).', 4],
    [
      FULL,
      'Baking for 600 seconds (TerminationWaitInSeconds) with traffic enabled on full capacity of 4 instance(s).',
      4,
    ],
  ])('is, %i seconds after its start, at: %s', (seconds, message, active) => {
    const updating = later(update(inService(), CANARY), seconds);
    expect(shown(updating)).toMatchObject({
      EndpointStatus: 'Updating',
      EndpointConfigName: 'blue',
      ProductionVariants: [{ CurrentInstanceCount: 4 }],
      PendingDeploymentSummary: { EndpointConfigName: 'green', StartTime: 0 },
    });
    expect(messageOf(updating)).toBe(message);
    expect(stageOf(updating)).toMatchObject({ CurrentInstanceCount: active, DesiredInstanceCount: 4 });
  });

  it('terminates the old fleet last, while the endpoint still updates', () => {
    const view = shown(later(update(inService(), CANARY), DONE - 1));
    expect(view).toMatchObject({
      EndpointStatus: 'Updating',
      ProductionVariants: [
        { VariantStatus: [{ Status: 'Deleting', StatusMessage: 'Terminating 4 instance(s).', StartTime: FULL + 600 }] },
      ],
    });
  });

  it('ends InService with the new fleet', () => {
    expect(shown(later(update(inService(), CANARY), DONE))).toMatchObject({
      EndpointStatus: 'InService',
      EndpointConfigName: 'green',
      LastModifiedTime: DONE,
      LastDeploymentConfig: CANARY,
      ProductionVariants: [{ DeployedImages: [{ ResolvedImage: 'registry/model@sha256:green' }] }],
    });
  });

  it('comes to the same end by many small steps as by one', () => {
    let stepped = update(inService(), CANARY);
    for (let seconds = 0; seconds <= DONE; seconds += 7) stepped = later(stepped, seconds);
    expect(later(stepped, DONE)).toEqual(later(update(inService(), CANARY), DONE));
  });

  it('refuses another update, and its deletion', () => {
    const updating = later(update(inService(), CANARY), BAKE);
    expect(() => update(updating, CANARY)).toThrow(`Cannot update in-progress endpoint "${ARN}".`);
    expect(() => deleteEndpoint(updating, ARN, T0)).toThrow(`Cannot update in-progress endpoint "${ARN}".`);
  });

  it.each([
    ['more than half of the fleet in percent', { Type: 'CAPACITY_PERCENT', Value: 51 } as const],
    ['more than half of the fleet in instances', { Type: 'INSTANCE_COUNT', Value: 3 } as const],
  ])('of %s is refused', (_, CanarySize) => {
    const config = guarded({ Type: 'CANARY', WaitIntervalInSeconds: 0, CanarySize });
    expect(() => update(inService(), config)).toThrow('CanarySize must be at most 50%');
  });

  it('without a size is refused', () => {
    expect(() => update(inService(), guarded({ Type: 'CANARY' }))).toThrow('CanarySize is required');
  });

  it('that cannot end within its time limit is refused', () => {
    const config = guarded(
      { Type: 'CANARY', WaitIntervalInSeconds: 300, CanarySize: QUARTER },
      { MaximumExecutionTimeoutInSeconds: 900 },
    );
    expect(() => update(inService(), config)).toThrow('MaximumExecutionTimeoutInSeconds');
  });

  it('onto other variant names is refused, though an update without guardrails may bring them', () => {
    const green = fleet('green');
    const renamed = { ...green, variants: green.variants.map((variant) => ({ ...variant, name: 'Other' })) };
    expect(() => update(inService(), CANARY, { green: renamed })).toThrow('same variant names');
    expect(update(inService(), undefined, { green: renamed }).status).toBe('Updating');
  });

  it('is one instance at least', () => {
    const CanarySize = { Type: 'CAPACITY_PERCENT', Value: 10 } as const;
    const config = guarded({ Type: 'CANARY', WaitIntervalInSeconds: 300, CanarySize });
    expect(stageOf(later(update(inService(), config), BAKE))).toMatchObject({ CurrentInstanceCount: 1 });
  });

  it('falls back silently to all at once with a single instance', () => {
    const single = update(inService(1), CANARY, { green: fleet('green', 1) });
    expect(messageOf(later(single, SECONDS.launch))).toBe('Activating traffic on full capacity of 1 instance(s).');
    expect(messageOf(later(single, BAKE))).toContain('(TerminationWaitInSeconds)');
  });

  it('on Inf1 neither shifts in parts nor bakes, so that no alarm is heeded', () => {
    const inferentia = update(inService(), CANARY, { green: fleet('green', 4, 'ml.inf1.xlarge') });
    const updated = later(inferentia, BAKE + SECONDS.terminate, TRIPPED);
    expect(shown(updated)).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: 'green' });
  });
});

describe('the other ways to shift traffic', () => {
  const STEP = SECONDS.shift + 100;

  it('all at once is what an update without a policy does, and it does not wait', () => {
    const plain = update(inService());
    expect(messageOf(later(plain, SECONDS.launch))).toBe('Activating traffic on full capacity of 4 instance(s).');
    expect(shown(later(plain, BAKE + SECONDS.terminate))).toMatchObject({ EndpointStatus: 'InService' });
  });

  it.each([
    [SECONDS.launch, 'linear capacity of 1'],
    [SECONDS.launch + STEP, 'linear capacity of 2'],
    [SECONDS.launch + 2 * STEP, 'full capacity of 3'],
  ])('linear activates, %i seconds after its start, the %s', (seconds, capacity) => {
    const size = { Type: 'INSTANCE_COUNT', Value: 1 } as const;
    const linear = guarded({ Type: 'LINEAR', WaitIntervalInSeconds: 100, LinearStepSize: size });
    const updating = update(inService(3), linear, { green: fleet('green', 3) });
    expect(messageOf(later(updating, seconds))).toBe(`Activating traffic on ${capacity} instance(s).`);
  });

  it('linear by steps of more than half is refused', () => {
    const linear = guarded({ Type: 'LINEAR', LinearStepSize: { Type: 'CAPACITY_PERCENT', Value: 60 } });
    expect(() => update(inService(), linear)).toThrow('LinearStepSize must be at most 50%');
  });
});

describe('an alarm', () => {
  it.each([
    ['a minute into the canary', BAKE + 60],
    ['in the last second of the canary', BAKED - 1],
    ['a minute into the last bake', FULL + 60],
    ['in the last second of the last bake', FULL + 599],
  ])('%s rolls the update back', (_, seconds) => {
    const baking = later(update(inService(), CANARY), seconds - 1);
    const rolling = later(baking, seconds, TRIPPED);
    expect(shown(rolling)).toMatchObject({
      EndpointStatus: 'RollingBack',
      EndpointConfigName: 'blue',
      FailureReason: expect.stringContaining('[errors]'),
      LastModifiedTime: seconds,
      PendingDeploymentSummary: {
        ProductionVariants: [{ CurrentInstanceCount: 0, VariantStatus: [{ Status: 'Deleting', StartTime: seconds }] }],
      },
    });
    expect(() => update(rolling)).toThrow('Cannot update in-progress endpoint');
    const back = shown(later(rolling, seconds + SECONDS.rollBack));
    expect(back).toMatchObject({
      EndpointStatus: 'InService',
      EndpointConfigName: 'blue',
      FailureReason: expect.stringContaining('[errors]'),
      ProductionVariants: [{ DeployedImages: [{ ResolvedImage: 'registry/model@sha256:blue' }] }],
    });
    expect(back).not.toHaveProperty('PendingDeploymentSummary');
  });

  it('that is seen late still counts against the bake that had not been ended', () => {
    const baking = later(update(inService(), CANARY), BAKE);
    expect(shown(later(baking, DONE + SECONDS.rollBack, TRIPPED))).toMatchObject({
      EndpointStatus: 'InService',
      EndpointConfigName: 'blue',
    });
  });

  it('that trips while the fleet is launched waits for the canary to bake', () => {
    const launching = later(update(inService(), CANARY), SECONDS.launch - 1, TRIPPED);
    expect(launching.status).toBe('Updating');
    expect(later(launching, BAKE, TRIPPED).status).toBe('RollingBack');
  });

  it('comes too late once the old fleet is being terminated', () => {
    const terminating = later(update(inService(), CANARY), FULL + 600);
    expect(shown(later(terminating, DONE, TRIPPED))).toMatchObject({
      EndpointStatus: 'InService',
      EndpointConfigName: 'green',
    });
  });

  it('of a bake of no length is heeded all the same', () => {
    const routing = { Type: 'ALL_AT_ONCE', WaitIntervalInSeconds: 0 } as const;
    const brief = update(inService(), guarded(routing, { TerminationWaitInSeconds: 0 }));
    expect(later(brief, DONE, TRIPPED)).toMatchObject({ status: 'InService', running: { configName: 'blue' } });
  });

  it('that nobody configured changes nothing', () => {
    const other: ReadonlySet<string> = new Set(['someone-elses']);
    expect(shown(later(update(inService(), CANARY), DONE, other))).toMatchObject({ EndpointConfigName: 'green' });
  });
});

describe('an update that goes wrong', () => {
  it('rolls back when its containers fail, before any traffic reached them', () => {
    const unhealthy = update(inService(), CANARY, { flaws: ['unhealthy'] });
    expect(shown(later(unhealthy, SECONDS.launch))).toMatchObject({
      EndpointStatus: 'RollingBack',
      FailureReason: expect.stringContaining('ping health check'),
    });
  });

  it('rolls back at its time limit when it hangs', () => {
    const config = guarded(
      { Type: 'CANARY', WaitIntervalInSeconds: 300, CanarySize: QUARTER },
      { MaximumExecutionTimeoutInSeconds: 1800 },
    );
    const hanging = update(inService(), config, { flaws: ['hangs'] });
    expect(later(hanging, 1799).status).toBe('Updating');
    expect(shown(later(hanging, 1800))).toMatchObject({
      EndpointStatus: 'RollingBack',
      FailureReason: expect.stringContaining('MaximumExecutionTimeoutInSeconds'),
    });
  });

  it('rolls back at its time limit when the stages take too long', () => {
    const routing = { Type: 'CANARY', WaitIntervalInSeconds: 300, CanarySize: QUARTER } as const;
    const slow = update(inService(), guarded(routing, { MaximumExecutionTimeoutInSeconds: 1000 }));
    expect(later(slow, 1000).status).toBe('RollingBack');
  });

  it('has no time limit any more once the old fleet is being terminated', () => {
    const routing = { Type: 'CANARY', WaitIntervalInSeconds: 300, CanarySize: QUARTER } as const;
    const close = update(inService(), guarded(routing, { MaximumExecutionTimeoutInSeconds: FULL + 630 }));
    expect(later(close, DONE)).toMatchObject({ status: 'InService', running: { configName: 'green' } });
  });

  it('whose rollback fails too serves a mix, and can be updated again', () => {
    const stuck = later(
      update(inService(), CANARY, { flaws: ['unhealthy', 'rollback-fails'] }),
      SECONDS.launch + SECONDS.rollBack,
    );
    expect(shown(stuck)).toMatchObject({
      EndpointStatus: 'UpdateRollbackFailed',
      EndpointConfigName: 'blue',
      FailureReason: expect.stringContaining('The rollback failed.'),
      ProductionVariants: [
        {
          DeployedImages: [
            { ResolvedImage: 'registry/model@sha256:blue' },
            { ResolvedImage: 'registry/model@sha256:green' },
          ],
        },
      ],
    });
    const mended = later(update(stuck, undefined, { green: fleet('blue') }), DONE);
    expect(shown(mended)).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: 'blue' });
    expect(shown(mended)).not.toHaveProperty('FailureReason');
  });

  it('forgets its reason as soon as the next update is asked for', () => {
    const back = later(update(inService(), CANARY, { flaws: ['unhealthy'] }), SECONDS.launch + SECONDS.rollBack);
    expect(shown(back)).toHaveProperty('FailureReason');
    expect(shown(update(back, CANARY))).not.toHaveProperty('FailureReason');
  });
});

describe('a deletion', () => {
  it('takes its time, and then there is no endpoint', () => {
    const deleting = deleteEndpoint(inService(), ARN, T0);
    expect(shown(later(deleting, SECONDS.delete - 1))).toMatchObject({
      EndpointStatus: 'Deleting',
      EndpointConfigName: 'blue',
    });
    expect(advance(deleting, T0 + SECONDS.delete * 1000, QUIET)).toBeUndefined();
    expect(() => deleteEndpoint(deleting, ARN, T0)).toThrow('Cannot update in-progress endpoint');
  });
});
