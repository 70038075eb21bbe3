import { describe, expect, it } from 'vitest';
import { ENVIRONMENT_TAG, hostingTag } from '../../../../lib/contracts/deployment.ts';
import { configName, hostedModel, modelName } from '../../../../lib/core/deployment.ts';
import { deploying, OTHER_IMAGE, STAGE } from '../../../support/deploying.ts';
import { IMAGE, NAMED_ALARM } from '../../../support/promotions.ts';

describe('a first deployment', () => {
  it('makes the endpoint from the content-addressed bytes and the image by its digest', async () => {
    const on = deploying();
    const id = await on.released('one');
    const { deployment, model, image } = on.get(id);
    const wanted = hostedModel({ model, image }, on.deps.source);
    expect(deployment).toMatchObject({
      model_name: modelName(wanted),
      endpoint_config: configName({ id }),
      previous_config: null,
    });
    expect(wanted.data).toBe(`s3://evidence/artifacts/sha256/${model.slice(0, 2)}/${model}`);
    expect(on.sagemaker.describeModel(modelName(wanted))).toMatchObject({
      EnableNetworkIsolation: true,
      PrimaryContainer: {
        Image: IMAGE,
        ModelDataSource: { S3DataSource: { S3Uri: wanted.data, S3DataType: 'S3Object', CompressionType: 'Gzip' } },
      },
    });
    const { EndpointArn, ...endpoint } = on.sagemaker.describeEndpoint('fraud');
    expect(endpoint).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: configName({ id }) });
    expect(on.sagemaker.listTags(EndpointArn).Tags).toEqual([
      { Key: 'managed-by', Value: `countersign-${STAGE}` },
      { Key: ENVIRONMENT_TAG, Value: 'production' },
    ]);
  });

  it('is refused where it names an alarm that is not there, and not where one rings', async () => {
    const on = deploying();
    const alarms = [NAMED_ALARM, 'not-there'];
    const refused = on.approved('one', { alarms });
    for (const task of ['preflight', 'prepare'] as const)
      await expect(on.run(refused, task)).rejects.toMatchObject({ code: 'alarm_not_found' });
    on.alarms.set('not-there', { ringsUntil: Number.POSITIVE_INFINITY });
    const id = on.approved('again', { alarms });
    for (const task of ['preflight', 'prepare', 'deploy'] as const) await on.run(id, task);
  });

  it('is rolled back by removal', async () => {
    const on = deploying();
    const id = on.approved('one');
    on.sagemaker.faults.arm({ kind: 'unhealthy' });
    await on.run(id, 'prepare');
    await on.run(id, 'deploy');
    expect(await on.watch(id, 'watch')).toBe('failed');
    expect(on.get(id).failure).toMatchObject({
      code: 'deployment_failed',
      detail: expect.stringContaining('did not pass the ping health check'),
    });
    await on.run(id, 'roll-back');
    expect(await on.watch(id, 'watch-rollback')).toBe('rolled_back');
    expect(() => on.sagemaker.describeEndpoint('fraud')).toThrow('Could not find endpoint');
  });

  it('that hangs is given up after its time, and removed when SageMaker lets go of it', async () => {
    const on = deploying();
    const id = on.approved('one');
    on.sagemaker.faults.arm({ kind: 'hangs' });
    await on.run(id, 'prepare');
    await on.run(id, 'deploy');
    expect(await on.watch(id, 'watch')).toBe('failed');
    expect(on.get(id).failure?.code).toBe('deployment_stuck');
    await on.run(id, 'roll-back');
    expect(await on.watch(id, 'watch-rollback')).toBe('rollback_failed');
    expect(on.get(id).failure).toMatchObject({
      code: 'rollback_stuck',
      detail: expect.stringContaining('taken back because: SageMaker still says Creating'),
    });
    on.change(id, { state: 'rollback_failed', ended_at: on.clock.now().toISOString() });
    expect(on.sagemaker.describeEndpoint('fraud').EndpointStatus).toBe('Creating');
    const states = new Set<string | undefined>();
    for (let hour = 0; hour < 24 && !states.has('rolled_back'); hour++) {
      states.add((await on.run(id, 'clean-up')).state);
      for (let minute = 0; minute < 60; minute++) await on.poll();
    }
    expect(states).toEqual(new Set(['moving', 'rolled_back']));
    expect(() => on.sagemaker.describeEndpoint('fraud')).toThrow('Could not find endpoint');
  });

  it.each([
    ['that another promotion has deployed to since', { endpoint_config: 'c-other' }, 0, 'rollback_failed'],
    ['on which something served before', { previous_config: 'c-before' }, 0, 'rollback_failed'],
    ['that nobody has let go of for days', {}, 73, 'rollback_failed'],
    ['that serves by now', {}, 0, 'moving'],
  ])('leaves nothing behind but an endpoint %s', async (_, changed, hours, state) => {
    const on = deploying();
    const id = await on.released('one');
    const { deployment } = on.get(id);
    const ended_at = on.clock.now().toISOString();
    on.change(id, { state: 'rollback_failed', ended_at, deployment: deployment && { ...deployment, ...changed } });
    on.clock.advance(hours * 3_600_000);
    expect((await on.run(id, 'clean-up')).state).toBe(state);
    expect(on.calls.includes('DeleteEndpoint')).toBe(state === 'moving');
  });

  it('is not begun on an endpoint that somebody made meanwhile, and leaves that alone', async () => {
    const on = deploying();
    const other = await on.released('other', { endpoint: 'elsewhere' });
    const id = on.approved('one');
    await on.run(id, 'prepare');
    const EndpointConfigName = configName({ id: other });
    await on.sagemaker.createEndpoint({ EndpointName: 'fraud', EndpointConfigName });
    await expect(on.run(id, 'deploy')).rejects.toMatchObject({
      name: 'DeploymentRefused',
      code: 'refused_by_sagemaker',
    });
    for (let minute = 0; minute < 5; minute++) await on.poll();
    await on.run(id, 'roll-back');
    expect(await on.watch(id, 'watch-rollback')).toBe('rollback_failed');
    expect(on.sagemaker.describeEndpoint('fraud')).toMatchObject({ EndpointConfigName, EndpointStatus: 'InService' });
  });
});

describe('a preflight', () => {
  type Change = Parameters<ReturnType<typeof deploying>['approved']>[1];
  /** What is refused before people are asked is refused when they have answered too, and nothing else. */
  const refused = async (change: Change, allAtOnce = false) => {
    const before = await refusedBy('preflight', change, allAtOnce);
    expect(await refusedBy('prepare', change, allAtOnce)).toBe(before);
    return before;
  };
  const refusedBy = async (task: 'preflight' | 'prepare', change: Change, allAtOnce: boolean) => {
    const on = deploying({ allAtOnce });
    await on.released('one');
    const id = on.approved('two', change);
    try {
      await on.run(id, task);
      if (task === 'preflight') expect(on.get(id).deployment).toBe(null);
      return undefined;
    } catch (error) {
      expect(error).toMatchObject({ name: 'DeploymentRefused', code: on.get(id).failure?.code });
      return on.get(id).failure?.code;
    }
  };

  it.each([
    [{ instance_count: 1 }, 'too_few_instances'],
    [{ instance_type: 'ml.inf1.xlarge' }, 'instance_type_not_canaried'],
    [{ canary_percent: 51 }, 'canary_too_large'],
    [{ bake_seconds: 0 }, 'no_bake'],
    [{ alarms: [] }, 'no_alarm'],
  ] as const)('refuses %j, which SageMaker would move all at once', async (change, code) => {
    expect(await refused(change)).toBe(code);
    expect(await refused(change, true)).toBe(undefined);
  });

  it.each(['fraud', 'a-new-one'])('refuses a type of instances that there is none of, also on %s', async (endpoint) => {
    expect(await refused({ endpoint, instance_type: 'ml.m99.large' }, true)).toBe('instance_type_unknown');
  });

  it('refuses alarms that are not there, or too many, wherever', async () => {
    expect(await refused({ alarms: ['nobody-made-it'] }, true)).toBe('alarm_not_found');
    expect(await refused({ alarms: Array.from({ length: 10 }, () => NAMED_ALARM) }, true)).toBe('too_many_alarms');
  });

  it('refuses an alarm that rings already', async () => {
    const on = deploying();
    await on.released('one');
    on.alarms.set(NAMED_ALARM, { ringsUntil: Number.POSITIVE_INFINITY });
    await expect(on.run(on.approved('two'), 'prepare')).rejects.toMatchObject({ code: 'alarm_rings' });
  });

  it('silences our own alarm, which rang for a deployment that is over', async () => {
    const on = deploying();
    await on.released('one');
    on.alarms.set('ours-of-fraud', { ringsUntil: Number.POSITIVE_INFINITY });
    await on.run(on.approved('two'), 'prepare');
    expect(on.alarms.get('ours-of-fraud')).toEqual({ ringsUntil: 0 });
  });

  it('refuses an endpoint that we did not make until a person gives it to us, and then keeps its variant', async () => {
    const on = deploying();
    const { deployment } = on.get(await on.released('one', { endpoint: 'elsewhere' }));
    const variant = { VariantName: 'theirs', InitialInstanceCount: 2, InstanceType: 'ml.m5.large' };
    const ProductionVariants = [{ ...variant, ModelName: deployment?.model_name ?? '' }];
    on.sagemaker.createEndpointConfig({ EndpointConfigName: 'theirs', ProductionVariants });
    await on.sagemaker.createEndpoint({ EndpointName: 'fraud', EndpointConfigName: 'theirs' });
    for (let minute = 0; minute < 5; minute++) await on.poll();
    await expect(on.run(on.approved('two'), 'prepare')).rejects.toMatchObject({ code: 'endpoint_not_ours' });
    const { EndpointArn } = on.sagemaker.describeEndpoint('fraud');
    const give = (stage: string) => {
      const { key: Key, value: Value } = hostingTag(stage);
      on.sagemaker.addTags(EndpointArn, [{ Key, Value }]);
    };
    give('another-stage');
    await expect(on.run(on.approved('two'), 'prepare')).rejects.toMatchObject({ code: 'endpoint_not_ours' });
    give(STAGE);
    await expect(on.run(on.approved('two'), 'prepare')).rejects.toMatchObject({ code: 'environment_differs' });
    on.sagemaker.addTags(EndpointArn, [{ Key: ENVIRONMENT_TAG, Value: 'production' }]);
    const id = await on.released('three');
    expect(on.get(id).deployment?.previous_config).toBe('theirs');
    expect(on.sagemaker.describeEndpoint('fraud').ProductionVariants).toMatchObject([{ VariantName: 'theirs' }]);
  });

  it.each([
    ['production', 'experimental'],
    ['production', 'staging'],
    ['experimental', 'production'],
  ] as const)('refuses an endpoint that serves %s to a promotion into %s', async (environment, other) => {
    const on = deploying();
    await on.released('one', { environment });
    for (const task of ['preflight', 'prepare'] as const) {
      const id = on.approved(task, { environment: other });
      const detail = `the endpoint serves ${environment}, and the promotion is into ${other}`;
      await expect(on.run(id, task)).rejects.toMatchObject({ name: 'DeploymentRefused', code: 'environment_differs' });
      expect(on.get(id)).toMatchObject({ deployment: null, failure: { detail: expect.stringContaining(detail) } });
    }
    await on.run(on.approved('two', { environment }), 'preflight');
  });

  it('keeps the name of an endpoint that was removed for its environment', async () => {
    const on = deploying();
    await on.released('one');
    const back = on.approved('back', { kind: 'rollback', release_decision: null });
    await on.run(back, 'roll-back');
    expect(await on.watch(back, 'watch-rollback')).toBe('rolled_back');
    on.seal(back);
    for (const task of ['preflight', 'prepare'] as const) {
      const id = on.approved(task, { environment: 'experimental' });
      await expect(on.run(id, task)).rejects.toMatchObject({ code: 'environment_differs' });
    }
    await on.released('two');
  });

  it('refuses an endpoint that is there in other letters, or was', async () => {
    const on = deploying();
    await on.released('one', { endpoint: 'Fraud' });
    const refused = async (endpoint: string) => {
      for (const task of ['preflight', 'prepare'] as const) {
        const id = on.approved(`${task}-${endpoint}`, { endpoint });
        await expect(on.run(id, task)).rejects.toMatchObject({
          name: 'DeploymentRefused',
          code: 'endpoint_name_differs',
          message: expect.stringContaining('promote to Fraud'),
        });
      }
    };
    await refused('fraud');
    const back = on.approved('back', { kind: 'rollback', release_decision: null, endpoint: 'Fraud' });
    await on.run(back, 'roll-back');
    expect(await on.watch(back, 'watch-rollback')).toBe('rolled_back');
    on.seal(back);
    await refused('FRAUD');
    await on.released('two', { endpoint: 'Fraud' });
  });

  it('refuses an endpoint with two variants, and one that is not in service', async () => {
    const on = deploying();
    const { deployment } = on.get(await on.released('one'));
    const variant = { ModelName: deployment?.model_name ?? '', InitialInstanceCount: 2, InstanceType: 'ml.m5.large' };
    on.sagemaker.createEndpointConfig({
      EndpointConfigName: 'two-variants',
      ProductionVariants: ['a', 'b'].map((VariantName) => ({ VariantName, ...variant })),
    });
    await on.sagemaker.updateEndpoint({ EndpointName: 'fraud', EndpointConfigName: 'two-variants' });
    const id = on.approved('two');
    await expect(on.run(id, 'prepare')).rejects.toMatchObject({ code: 'endpoint_not_in_service' });
    for (let minute = 0; minute < 10; minute++) await on.poll();
    await expect(on.run(id, 'prepare')).rejects.toMatchObject({ code: 'several_variants' });
  });

  it('does not take a model or a configuration of its name for its own', async () => {
    const on = deploying();
    await on.released('one');
    const id = on.approved('two');
    await on.run(id, 'prepare');
    const name = on.get(id).deployment?.model_name ?? '';
    on.sagemaker.tamper({ model: name, modelDataUrl: 's3://evidence/elsewhere' });
    await expect(on.run(id, 'prepare')).rejects.toMatchObject({ name: 'IntegrityFailure', code: 'model_differs' });
    const other = on.approved('three');
    const EndpointConfigName = configName({ id: other });
    const variant = { VariantName: 'AllTraffic', InitialInstanceCount: 1, InstanceType: 'ml.m5.large' };
    on.sagemaker.createEndpointConfig({ EndpointConfigName, ProductionVariants: [{ ...variant, ModelName: name }] });
    await expect(on.run(other, 'prepare')).rejects.toMatchObject({ name: 'IntegrityFailure', code: 'config_differs' });
  });

  it('is not passed by what was cancelled or superseded, nor is anything deployed', async () => {
    const on = deploying();
    const id = on.approved('one');
    await on.run(id, 'prepare');
    const abort = { by: null, reason: 'a newer one', at: on.clock.now().toISOString() };
    on.change(id, { abort: { ...abort, cause: 'superseded' } });
    await expect(on.run(id, 'deploy')).rejects.toMatchObject({ name: 'PromotionSuperseded' });
    await expect(on.run(id, 'prepare')).rejects.toMatchObject({ name: 'PromotionSuperseded' });
    const cancelled = on.approved('two', { abort: { ...abort, cause: 'cancelled' } });
    await expect(on.run(cancelled, 'prepare')).rejects.toMatchObject({ name: 'PromotionCancelled' });
    expect(on.calls).not.toContain('CreateEndpoint');
  });
});

describe('a canary', () => {
  it('takes its part of the traffic for as long as it was asked to, guarded by our alarm first', async () => {
    const on = deploying();
    await on.released('one');
    const id = on.approved('two');
    await on.run(id, 'prepare');
    await on.run(id, 'deploy');
    expect(on.sagemaker.describeEndpoint('fraud').LastDeploymentConfig).toEqual({
      BlueGreenUpdatePolicy: {
        TrafficRoutingConfiguration: {
          Type: 'CANARY',
          WaitIntervalInSeconds: 600,
          CanarySize: { Type: 'CAPACITY_PERCENT', Value: 25 },
        },
        TerminationWaitInSeconds: 600,
        MaximumExecutionTimeoutInSeconds: 4800,
      },
      AutoRollbackConfiguration: { Alarms: [{ AlarmName: 'ours-of-fraud' }, { AlarmName: NAMED_ALARM }] },
    });
    on.killAfter(Number.POSITIVE_INFINITY);
    await on.poll();
    expect(await on.run(id, 'watch')).toEqual({ state: 'moving' });
    expect(on.portCalls).toEqual(['find', 'endpoint']);
    expect(await on.watch(id, 'watch')).toBe('in_service');
    await on.run(id, 'check-integrity');
    expect(on.get(id)).toMatchObject({ state: 'deploying', failure: null, abort: null });
  });

  it.each([
    ['at its first minute', 6],
    ['in the last minute before the old fleet goes', 24],
  ])('is taken back when a named alarm rings %s', async (_, minute) => {
    const on = deploying();
    const one = await on.released('one');
    const two = on.approved('two');
    await on.run(two, 'prepare');
    await on.run(two, 'deploy');
    const state = await on.watch(two, 'watch', (now) => {
      if (now === minute) on.alarms.set(NAMED_ALARM, { ringsUntil: Number.POSITIVE_INFINITY });
    });
    expect(state).toBe('rolled_back');
    expect(on.get(two).failure).toMatchObject({ code: 'taken_back', detail: expect.stringContaining(NAMED_ALARM) });
    expect(on.sagemaker.describeEndpoint('fraud').EndpointConfigName).toBe(configName({ id: one }));
  });

  it.each(['unhealthy', 'hangs'] as const)('whose fleet is %s leaves what served before', async (kind) => {
    const on = deploying();
    const one = await on.released('one');
    const two = on.approved('two');
    on.sagemaker.faults.arm({ kind });
    await on.run(two, 'prepare');
    await on.run(two, 'deploy');
    expect(await on.watch(two, 'watch')).toBe('rolled_back');
    expect(on.sagemaker.describeEndpoint('fraud').EndpointConfigName).toBe(configName({ id: one }));
  });

  it('that runs another image is taken back at the first poll that shows it, and the record says why', async () => {
    const on = deploying();
    await on.released('one');
    const two = on.approved('two');
    on.sagemaker.faults.arm({ kind: 'serves', image: OTHER_IMAGE });
    await on.run(two, 'prepare');
    await on.run(two, 'deploy');
    on.killAfter(Number.POSITIVE_INFINITY);
    await on.poll();
    await on.run(two, 'watch');
    expect(on.portCalls).toEqual(['find', 'endpoint', 'renew', 'ring', 'save']);
    expect(on.get(two)).toMatchObject({
      abort: { cause: 'integrity', by: null },
      failure: { code: 'image_differs', detail: expect.stringContaining(OTHER_IMAGE) },
    });
    expect(await on.watch(two, 'watch')).toBe('rolled_back');
    expect(on.get(two).failure?.code).toBe('image_differs');
  });

  it('that somebody wants back is stopped by our alarm, rung at each poll until it is', async () => {
    const on = deploying();
    const one = await on.released('one');
    const two = on.approved('two');
    await on.run(two, 'prepare');
    await on.run(two, 'deploy');
    const at = on.clock.now().toISOString();
    on.change(two, { abort: { cause: 'emergency_rollback', by: null, reason: 'wrong answers', at } });
    expect(await on.watch(two, 'watch')).toBe('rolled_back');
    expect(on.sagemaker.describeEndpoint('fraud').EndpointConfigName).toBe(configName({ id: one }));
  });

  it('that somebody wants back too late for the alarm is taken back by an update', async () => {
    const on = deploying();
    const one = await on.released('one');
    const two = on.approved('two');
    await on.run(two, 'prepare');
    await on.run(two, 'deploy');
    // Both bakes are over, and the old fleet is being terminated.
    const late = (minute: number) => {
      if (minute !== 25) return;
      const at = on.clock.now().toISOString();
      on.change(two, { abort: { cause: 'cancelled', by: null, reason: 'too late', at } });
    };
    expect(await on.watch(two, 'watch', late)).toBe('failed');
    await on.run(two, 'roll-back');
    expect(await on.watch(two, 'watch-rollback')).toBe('rolled_back');
    expect(on.sagemaker.describeEndpoint('fraud').EndpointConfigName).toBe(configName({ id: one }));
    expect(on.get(two).deployment?.way_back?.told).toBe(1);
  });

  it('whose endpoint is deleted by hand is not taken for a rollback', async () => {
    const on = deploying();
    await on.released('one');
    const two = on.approved('two');
    await on.run(two, 'prepare');
    await on.run(two, 'deploy');
    for (let minute = 0; minute < 40; minute++) await on.poll();
    on.sagemaker.deleteEndpoint('fraud');
    expect(await on.watch(two, 'watch')).toBe('rollback_failed');
    expect(on.get(two).failure?.code).toBe('endpoint_gone');
  });

  it('never touches an endpoint that became another’s', async () => {
    const on = deploying();
    await on.released('one');
    const late = on.approved('late');
    await on.run(late, 'prepare');
    on.leases.set('fraud', 'another');
    await expect(on.run(late, 'deploy')).rejects.toMatchObject({ name: 'DeploymentRefused', code: 'endpoint_lost' });
    const two = on.approved('two');
    await on.run(two, 'prepare');
    await on.run(two, 'deploy');
    on.leases.set('fraud', 'another');
    const at = on.clock.now().toISOString();
    on.change(two, { abort: { cause: 'cancelled', by: null, reason: 'late', at } });
    await expect(on.run(two, 'watch')).rejects.toMatchObject({ code: 'endpoint_lost' });
    await expect(on.run(two, 'roll-back')).rejects.toMatchObject({ code: 'endpoint_lost' });
    expect(on.calls.filter((call) => call === 'UpdateEndpoint')).toHaveLength(1);
    expect(on.alarms.get('ours-of-fraud')?.ringsUntil).toBe(0);
  });
});
