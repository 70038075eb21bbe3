import { afterEach, describe, expect, it } from 'vitest';
import { configName } from '../../../../lib/core/deployment.ts';
import { type Deployings, deploying, OTHER_IMAGE } from '../../../support/deploying.ts';
import { Crash } from '../../../support/memory/steps.ts';
import { IMAGE, NAMED_ALARM } from '../../../support/promotions.ts';

/** Runs a task again until it is not killed, as the state machine does. @returns how often it was */
async function untilDone(on: Deployings, id: string, task: Parameters<Deployings['run']>[1]): Promise<number> {
  for (let kills = 0; ; kills++) {
    try {
      await on.run(id, task);
      return kills;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
  }
}

/** The parts of a journey that a kill may meet, each from a world of its own. */
async function begun(): Promise<{ readonly on: Deployings; readonly one: string; readonly two: string }> {
  const on = deploying();
  const one = await on.released('one');
  return { on, one, two: on.approved('two') };
}

describe('a step that is killed after any of its calls and run again', () => {
  it.each(['first', 'later'] as const)('prepares and deploys a %s deployment once', async (which) => {
    for (let call = 1, killed = 1; killed > 0; call++) {
      const on = deploying();
      if (which === 'later') await on.released('one');
      const id = on.approved('two');
      const before = on.calls.length;
      on.killAfter(call);
      killed = (await untilDone(on, id, 'prepare')) + (await untilDone(on, id, 'deploy'));
      on.killAfter(Number.POSITIVE_INFINITY);
      const told = on.calls.slice(before).filter((name) => /^(Create|Update)Endpoint$/.test(name));
      expect(told).toEqual([which === 'first' ? 'CreateEndpoint' : 'UpdateEndpoint']);
      expect(await on.watch(id, 'watch')).toBe('in_service');
      await on.run(id, 'check-integrity');
    }
  });

  it('takes a deployment back that is being taken back already, and does not begin it anew', async () => {
    const { on, one, two } = await begun();
    on.sagemaker.faults.arm({ kind: 'unhealthy' });
    await on.run(two, 'prepare');
    on.killAfter(4);
    // After find, renew, save and update: the answer of SageMaker is lost, and the retry comes late.
    await expect(on.run(two, 'deploy')).rejects.toThrow('killed after update');
    for (let minute = 0; minute < 10; minute++) await on.poll();
    await on.run(two, 'deploy');
    expect(on.calls.filter((call) => call === 'UpdateEndpoint')).toHaveLength(1);
    expect(await on.watch(two, 'watch')).toBe('rolled_back');
    expect(on.sagemaker.describeEndpoint('fraud').EndpointConfigName).toBe(configName({ id: one }));
  });

  it('looks at a first deployment while it bakes', async () => {
    for (let call = 1, killed = 1; killed > 0; call++) {
      const on = deploying();
      const id = on.approved('one');
      await on.run(id, 'prepare');
      await on.run(id, 'deploy');
      for (let minute = 0; minute < 10; minute++) await on.poll();
      on.killAfter(call);
      killed = await untilDone(on, id, 'watch');
      on.killAfter(Number.POSITIVE_INFINITY);
      expect(on.get(id).deployment?.bake).toEqual({ since: on.clock.now().toISOString(), ringing: [] });
      expect(await on.watch(id, 'watch')).toBe('in_service');
    }
  });

  it('rolls back a running canary and one that serves alike', async () => {
    for (let call = 1, killed = 1; killed > 0; call++) {
      const { on, one, two } = await begun();
      await on.run(two, 'prepare');
      await on.run(two, 'deploy');
      for (let minute = 0; minute < 6; minute++) await on.poll();
      on.killAfter(call);
      killed = await untilDone(on, two, 'roll-back');
      on.killAfter(Number.POSITIVE_INFINITY);
      expect(await on.watch(two, 'watch-rollback')).toBe('rolled_back');
      expect(on.sagemaker.describeEndpoint('fraud').EndpointConfigName).toBe(configName({ id: one }));
    }
    for (let call = 1, killed = 1; killed > 0; call++) {
      const { on, one, two } = await begun();
      await on.run(two, 'prepare');
      await on.run(two, 'deploy');
      expect(await on.watch(two, 'watch')).toBe('in_service');
      on.killAfter(call);
      killed = await untilDone(on, two, 'roll-back');
      on.killAfter(Number.POSITIVE_INFINITY);
      expect(await on.watch(two, 'watch-rollback')).toBe('rolled_back');
      expect(on.sagemaker.describeEndpoint('fraud').EndpointConfigName).toBe(configName({ id: one }));
    }
  });
});

describe('a rollback', () => {
  let on: Deployings;
  afterEach(() => expect(on.sagemaker.faults.armed).toEqual([]));

  /** The next updates fail, and SageMaker's own way back from each. */
  const tear = (updates: number) => {
    for (let update = 0; update < updates; update++) {
      on.sagemaker.faults.arm({ kind: 'unhealthy' });
      on.sagemaker.faults.arm({ kind: 'rollback-fails' });
    }
  };

  async function tornUpdate() {
    const world = await begun();
    on = world.on;
    tear(1);
    await on.run(world.two, 'prepare');
    await on.run(world.two, 'deploy');
    expect(await on.watch(world.two, 'watch')).toBe('failed');
    expect(on.sagemaker.describeEndpoint('fraud').EndpointStatus).toBe('UpdateRollbackFailed');
    return world;
  }

  it('that SageMaker failed at is told once more', async () => {
    const { one, two } = await tornUpdate();
    await on.run(two, 'roll-back');
    expect(await on.watch(two, 'watch-rollback')).toBe('rolled_back');
    expect(on.sagemaker.describeEndpoint('fraud').EndpointConfigName).toBe(configName({ id: one }));
  });

  it('that fails again and again comes to an end, which says why', async () => {
    const { two } = await tornUpdate();
    tear(2);
    await on.run(two, 'roll-back');
    expect(await on.watch(two, 'watch-rollback')).toBe('rollback_failed');
    expect(on.get(two).failure).toMatchObject({
      code: 'rollback_refused',
      detail: expect.stringMatching(/The rollback failed.*taken back because: .*ping health check/s),
    });
  });

  it('that fails keeps the code of what was tampered with', async () => {
    const { two } = await tornUpdate();
    on.change(two, { failure: { code: 'image_differs', detail: 'not the approved image' } });
    tear(2);
    await on.run(two, 'roll-back');
    expect(await on.watch(two, 'watch-rollback')).toBe('rollback_failed');
    expect(on.get(two).failure).toMatchObject({
      code: 'image_differs',
      detail: expect.stringMatching(/The rollback failed.*taken back because: not the approved image/s),
    });
  });

  it('puts what served before back over what a stranger put there', async () => {
    const world = await begun();
    on = world.on;
    const { one, two } = world;
    await on.run(two, 'prepare');
    await on.run(two, 'deploy');
    for (let minute = 0; minute < 30; minute++) await on.poll();
    const { deployment } = on.get(one);
    const variant = { VariantName: 'AllTraffic', InitialInstanceCount: 2, InstanceType: 'ml.m5.large' };
    const ProductionVariants = [{ ...variant, ModelName: deployment?.model_name ?? '' }];
    on.sagemaker.createEndpointConfig({ EndpointConfigName: 'strange', ProductionVariants });
    await on.sagemaker.updateEndpoint({ EndpointName: 'fraud', EndpointConfigName: 'strange' });
    for (let minute = 0; minute < 10; minute++) await on.poll();
    expect(await on.watch(two, 'watch')).toBe('failed');
    expect(on.get(two).failure).toMatchObject({ code: 'endpoint_changed', detail: expect.stringContaining('strange') });
    await on.run(two, 'roll-back');
    expect(await on.watch(two, 'watch-rollback')).toBe('rolled_back');
    expect(on.sagemaker.describeEndpoint('fraud').EndpointConfigName).toBe(configName({ id: one }));
  });

  it('that lost the endpoint, and has it again, leaves what another promotion released meanwhile', async () => {
    const world = await begun();
    on = world.on;
    const { two } = world;
    await on.run(two, 'prepare');
    await on.run(two, 'deploy');
    expect(await on.watch(two, 'watch')).toBe('in_service');
    const three = await on.released('three');
    on.leases.set('fraud', two);
    await on.run(two, 'roll-back');
    expect(await on.watch(two, 'watch-rollback')).toBe('rollback_failed');
    expect(on.get(two).failure).toMatchObject({ code: 'endpoint_changed', detail: expect.stringContaining(three) });
    expect(on.sagemaker.describeEndpoint('fraud').EndpointConfigName).toBe(configName({ id: three }));
  });

  /** Asks for a rollback, and seals it. @returns the configuration that serves afterwards */
  async function rollBack(name: string): Promise<string> {
    const id = on.approved(name, { kind: 'rollback', image: OTHER_IMAGE });
    await on.run(id, 'roll-back');
    expect(await on.watch(id, 'watch-rollback')).toBe('rolled_back');
    on.seal(id);
    return on.sagemaker.describeEndpoint('fraud').EndpointConfigName;
  }
  it('after one that failed puts back what that one could not', async () => {
    const { one, two } = await tornUpdate();
    const back = on.approved('back', { kind: 'rollback' });
    for (const [id, ended] of [
      [two, 'deploying'],
      [back, 'rollback_failed'],
    ] as const) {
      on.change(two, { state: ended, ended_at: on.clock.now().toISOString() });
      tear(2);
      on.leases.set('fraud', id);
      await on.run(id, 'roll-back');
      expect(await on.watch(id, 'watch-rollback')).toBe('rollback_failed');
    }
    on.change(back, { state: 'rollback_failed', ended_at: on.clock.now().toISOString() });
    expect(await rollBack('once more')).toBe(configName({ id: one }));
    expect(on.releases[0]).toMatchObject({ served: { image: IMAGE }, restores: on.releases[1]?.evidence });
  });

  it('of a release that failed leads to the release before when it is tried again', async () => {
    on = deploying();
    const one = await on.released('one');
    await on.released('two');
    const back = on.approved('back', { kind: 'rollback' });
    tear(2);
    await on.run(back, 'roll-back');
    expect(await on.watch(back, 'watch-rollback')).toBe('rollback_failed');
    on.change(back, { state: 'rollback_failed', ended_at: on.clock.now().toISOString() });
    expect(await rollBack('once more')).toBe(configName({ id: one }));
  });

  it('over what a stranger put there leads to the newest release, and a second one further back', async () => {
    on = deploying();
    const [one, two] = [await on.released('one'), await on.released('two')];
    const ProductionVariants = [
      {
        VariantName: 'AllTraffic',
        InitialInstanceCount: 2,
        InstanceType: 'ml.m5.large',
        ModelName: on.get(one).deployment?.model_name ?? '',
      },
    ];
    on.sagemaker.createEndpointConfig({ EndpointConfigName: 'strange', ProductionVariants });
    await on.sagemaker.updateEndpoint({ EndpointName: 'fraud', EndpointConfigName: 'strange' });
    for (let minute = 0; minute < 10; minute++) await on.poll();
    expect(await rollBack('back')).toBe(configName({ id: two }));
    expect(on.releases[0]).toMatchObject({ restores: on.releases[1]?.evidence, way_back: on.releases[2]?.evidence });
    expect(await rollBack('further back')).toBe(configName({ id: one }));
  });

  it('of a release leads to the one before, a second one further back, and the last to removal', async () => {
    on = deploying();
    const [one, two, three] = [await on.released('one'), await on.released('two'), await on.released('three')];
    const rollBack = async (name: string) => {
      const id = on.approved(name, { kind: 'rollback' });
      await on.run(id, 'roll-back');
      expect(await on.watch(id, 'watch-rollback')).toBe('rolled_back');
      on.seal(id);
      return on.get(id).deployment;
    };
    expect(await rollBack('back')).toMatchObject({ endpoint_config: configName({ id: three }), started_at: null });
    expect(on.sagemaker.describeEndpoint('fraud').EndpointConfigName).toBe(configName({ id: two }));
    await rollBack('further back');
    expect(on.sagemaker.describeEndpoint('fraud').EndpointConfigName).toBe(configName({ id: one }));
    const four = await on.released('four');
    await rollBack('back from four');
    expect(on.get(four).deployment?.previous_config).toBe(configName({ id: one }));
    expect(on.sagemaker.describeEndpoint('fraud').EndpointConfigName).toBe(configName({ id: one }));
    await rollBack('to nothing');
    expect(() => on.sagemaker.describeEndpoint('fraud')).toThrow('Could not find endpoint');
    const id = on.approved('from nothing', { kind: 'rollback' });
    await expect(on.run(id, 'roll-back')).rejects.toMatchObject({ code: 'RELEASE_UNKNOWN' });
  });

  it('whose fleet runs another image than the release had is no rollback', async () => {
    on = deploying();
    await on.released('one');
    await on.released('two');
    const id = on.approved('back', { kind: 'rollback' });
    on.sagemaker.faults.arm({ kind: 'serves', image: OTHER_IMAGE });
    await on.run(id, 'roll-back');
    expect(await on.watch(id, 'watch-rollback')).toBe('rollback_failed');
    expect(on.get(id).failure).toMatchObject({ code: 'image_differs', detail: expect.stringContaining(OTHER_IMAGE) });
  });

  it('does not follow a row that names what its promotion did not make', async () => {
    on = deploying();
    const [, two] = [await on.released('one'), await on.released('two'), await on.released('three')];
    const row = on.releases.find(({ promotion }) => promotion === two);
    Object.assign(row?.served ?? {}, { endpoint_config: 'strange' });
    const id = on.approved('back', { kind: 'rollback' });
    await expect(on.run(id, 'roll-back')).rejects.toMatchObject({ code: 'INTEGRITY_FAILURE' });
    expect(on.get(id).deployment).toBe(null);
  });

  it('of the first release of an endpoint that was given to us leads to what was there', async () => {
    on = deploying();
    const one = await on.released('one');
    const { deployment } = on.get(one);
    if (!deployment) throw new Error('nothing is deployed');
    on.change(one, { deployment: { ...deployment, previous_config: 'theirs' } });
    const variant = { VariantName: 'AllTraffic', InitialInstanceCount: 2, InstanceType: 'ml.m5.large' };
    const ProductionVariants = [{ ...variant, ModelName: deployment.model_name }];
    on.sagemaker.createEndpointConfig({ EndpointConfigName: 'theirs', ProductionVariants });
    const id = on.approved('back', { kind: 'rollback' });
    await on.run(id, 'roll-back');
    expect(await on.watch(id, 'watch-rollback')).toBe('rolled_back');
    expect(on.sagemaker.describeEndpoint('fraud').EndpointConfigName).toBe('theirs');
  });

  it('that is asked for while alarms ring is not held up by them', async () => {
    const world = await begun();
    on = world.on;
    await on.released('three', { request: 'three' });
    on.alarms.set(NAMED_ALARM, { ringsUntil: Number.POSITIVE_INFINITY });
    const id = on.approved('back', { kind: 'rollback' });
    await on.run(id, 'roll-back');
    expect(await on.watch(id, 'watch-rollback')).toBe('rolled_back');
  });

  it('takes nothing back that is sealed, though whoever sealed it was not heard', async () => {
    const world = deploying();
    const id = await world.released('one');
    const released = world.get(id);
    expect(released.state).toBe('released');
    await expect(world.run(id, 'roll-back')).rejects.toMatchObject({ name: 'ReleaseSealed' });
    expect(world.get(id)).toEqual(released);
    expect(world.sagemaker.describeEndpoint('fraud')).toMatchObject({
      EndpointConfigName: configName({ id }),
      EndpointStatus: 'InService',
    });
  });
});

describe('the check of what serves', () => {
  async function serving() {
    const on = deploying();
    const id = on.approved('one', { alarms: [] });
    await on.run(id, 'prepare');
    await on.run(id, 'deploy');
    expect(await on.watch(id, 'watch')).toBe('in_service');
    on.killAfter(Number.POSITIVE_INFINITY);
    return { on, id };
  }
  const failure = async (on: Deployings, id: string) => {
    await expect(on.run(id, 'check-integrity')).rejects.toMatchObject({ name: 'IntegrityFailure' });
    return on.get(id).failure;
  };

  it('reads endpoint, configuration, model and bytes, each once, and keeps the endpoint', async () => {
    const { on, id } = await serving();
    await on.run(id, 'check-integrity');
    expect(on.portCalls.toSorted()).toEqual(['config', 'endpoint', 'find', 'findArtifact', 'head', 'model', 'renew']);
  });

  it('finds an image that was changed by hand, also between two polls', async () => {
    const { on, id } = await serving();
    on.sagemaker.tamper({ endpoint: 'fraud', image: OTHER_IMAGE });
    expect(await failure(on, id)).toMatchObject({
      code: 'image_differs',
      detail: expect.stringContaining(OTHER_IMAGE),
    });
    expect(await on.run(id, 'watch')).toEqual({ state: 'failed' });
  });

  it('finds a model that unpacks something else', async () => {
    const { on, id } = await serving();
    const model = on.get(id).deployment?.model_name ?? '';
    on.sagemaker.tamper({ model, modelDataUrl: 's3://evidence/artifacts/sha256/ff/other' });
    expect(await failure(on, id)).toMatchObject({ code: 'model_differs' });
  });

  it('finds a second variant, and a configuration that is not ours', async () => {
    const { on, id } = await serving();
    const ModelName = on.get(id).deployment?.model_name ?? '';
    const variant = { ModelName, InitialInstanceCount: 2, InstanceType: 'ml.m5.large' };
    const EndpointConfigName = configName({ id });
    on.sagemaker.deleteEndpointConfig(EndpointConfigName);
    const ProductionVariants = ['AllTraffic', 'second'].map((VariantName) => ({ VariantName, ...variant }));
    on.sagemaker.createEndpointConfig({ EndpointConfigName, ProductionVariants });
    expect(await failure(on, id)).toMatchObject({ code: 'config_differs' });
  });

  it('finds other bytes under the content address, and a lock that ended', async () => {
    const { on, id } = await serving();
    on.artifact.versionId = 'v2';
    expect(await failure(on, id)).toMatchObject({ code: 'artifact_differs' });
    on.artifact.versionId = 'v1';
    on.artifact.retainUntil = on.clock.now();
    expect(await failure(on, id)).toMatchObject({ code: 'artifact_differs' });
  });
});
