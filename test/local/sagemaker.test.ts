import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CloudWatchClient,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  CreateModelCommand,
  DeleteEndpointCommand,
  DeleteEndpointConfigCommand,
  DeleteModelCommand,
  type DeploymentConfig,
  DescribeEndpointCommand,
  DescribeEndpointConfigCommand,
  DescribeModelCommand,
  ListEndpointsCommand,
  ListModelsCommand,
  ListTagsCommand,
  ResourceLimitExceeded,
  SageMakerClient,
  SageMakerServiceException,
  UpdateEndpointCommand,
  waitUntilEndpointDeleted,
  waitUntilEndpointInService,
} from '@aws-sdk/client-sagemaker';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { LocalControl } from '../../local/control.ts';
import { SECONDS } from '../../local/sagemaker/stages.ts';
import { clientConfig } from './support/clients.ts';

/** Of SageMaker's seconds, so many pass between two looks: fewer than the shortest stage has, so that none is missed. */
const STEP = 20;
const OTHER_IMAGE = `registry.example/other@sha256:${'b'.repeat(64)}`;

const local = inject('local');
const control = new LocalControl(local.control);
const sagemaker = new SageMakerClient(clientConfig(local, 'administrator'));
const cloudwatch = new CloudWatchClient(clientConfig(local, 'administrator'));
const s3 = new S3Client(clientConfig(local, 'administrator'));
const run = randomUUID().slice(0, 8);
const bucket = `models-${run}`;
const alarm = `errors-${run}`;

beforeAll(async () => {
  await control.speedUpSageMaker(1);
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'artifacts/sha256/ab/model', Body: 'weights' }));
  await cloudwatch.send(
    new PutMetricAlarmCommand({
      AlarmName: alarm,
      Namespace: 'Countersign',
      MetricName: 'IntegrityFailures',
      Dimensions: [{ Name: 'EndpointName', Value: run }],
      Statistic: 'Maximum',
      Period: 10,
      EvaluationPeriods: 1,
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'notBreaching',
    }),
  );
});
afterAll(async () => await control.disarmDeployments());

/** A model and a configuration of one name. */
async function configure(name: string, instances = 4): Promise<string> {
  await sagemaker.send(
    new CreateModelCommand({
      ModelName: name,
      ExecutionRoleArn: 'arn:aws:iam::111122223333:role/serving',
      PrimaryContainer: {
        Image: `registry.example/model:${name}`,
        ModelDataSource: {
          S3DataSource: {
            S3Uri: `s3://${bucket}/artifacts/sha256/ab/model`,
            S3DataType: 'S3Object',
            CompressionType: 'Gzip',
          },
        },
      },
    }),
  );
  await sagemaker.send(
    new CreateEndpointConfigCommand({
      EndpointConfigName: name,
      ProductionVariants: [
        { VariantName: 'AllTraffic', ModelName: name, InitialInstanceCount: instances, InstanceType: 'ml.m5.large' },
      ],
    }),
  );
  return name;
}

const describeEndpoint = (EndpointName: string) => sagemaker.send(new DescribeEndpointCommand({ EndpointName }));

/** An endpoint in service, and the name of a configuration to go to. */
async function serving(name: string): Promise<{ readonly EndpointName: string; readonly EndpointConfigName: string }> {
  const EndpointName = `${name}-${run}`;
  const EndpointConfigName = await configure(`${EndpointName}-blue`);
  await sagemaker.send(new CreateEndpointCommand({ EndpointName, EndpointConfigName }));
  await control.passSageMakerTime(SECONDS.launch);
  await waitUntilEndpointInService({ client: sagemaker, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { EndpointName });
  return { EndpointName, EndpointConfigName: await configure(`${EndpointName}-green`) };
}

const CANARY: DeploymentConfig = {
  BlueGreenUpdatePolicy: {
    TrafficRoutingConfiguration: {
      Type: 'CANARY',
      WaitIntervalInSeconds: 600,
      CanarySize: { Type: 'CAPACITY_PERCENT', Value: 25 },
    },
    TerminationWaitInSeconds: 300,
    MaximumExecutionTimeoutInSeconds: 3600,
  },
  AutoRollbackConfiguration: { Alarms: [{ AlarmName: alarm }] },
};

/** Everything that polling sees until the endpoint has settled, without repetitions. */
async function watch(name: string, onBake: () => Promise<unknown> = async () => {}) {
  const seen: string[] = [];
  for (;;) {
    const { EndpointStatus = '', PendingDeploymentSummary, ...shown } = await describeEndpoint(name);
    const [stage] = PendingDeploymentSummary?.ProductionVariants?.[0]?.VariantStatus ?? [];
    const now = `${EndpointStatus}: ${stage?.StatusMessage ?? ''}`;
    if (seen.at(-1) !== now) {
      seen.push(now);
      if (stage?.Status === 'Baking') await onBake();
    }
    if (['InService', 'Failed', 'UpdateRollbackFailed'].includes(EndpointStatus)) return { seen, ...shown };
    await control.passSageMakerTime(STEP);
  }
}

const nameOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
    return 'accepted';
  } catch (error) {
    return error instanceof SageMakerServiceException ? `${error.name}: ${error.message}` : String(error);
  }
};

describe('the local SageMaker, by the real client', () => {
  it('describes models and configurations as they were created', async () => {
    const name = await configure(`described-${run}`);
    const model = await sagemaker.send(new DescribeModelCommand({ ModelName: name }));
    expect(model).toMatchObject({
      ModelName: name,
      PrimaryContainer: { ModelDataSource: { S3DataSource: { S3DataType: 'S3Object', CompressionType: 'Gzip' } } },
    });
    expect(Math.abs((model.CreationTime?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
    const { ModelArn } = model;
    expect(await sagemaker.send(new ListTagsCommand({ ResourceArn: ModelArn }))).toMatchObject({ Tags: [] });
    const config = await sagemaker.send(new DescribeEndpointConfigCommand({ EndpointConfigName: name }));
    expect(config.ProductionVariants).toMatchObject([{ ModelName: name, InitialInstanceCount: 4 }]);
    const { Models } = await sagemaker.send(new ListModelsCommand({ NameContains: name }));
    expect(Models).toMatchObject([{ ModelName: name, ModelArn }]);
  });

  it('refuses a model whose data are not in S3', async () => {
    const command = new CreateModelCommand({
      ModelName: `missing-${run}`,
      PrimaryContainer: { Image: 'registry.example/model:1', ModelDataUrl: `s3://${bucket}/none.tar.gz` },
    });
    expect(await nameOf(sagemaker.send(command))).toBe(
      `ValidationException: Could not find model data at s3://${bucket}/none.tar.gz.`,
    );
  });

  it('takes a canary through its stages, and records the calls', async () => {
    const target = await serving('stages');
    await control.resetCalls();
    await sagemaker.send(new UpdateEndpointCommand({ ...target, DeploymentConfig: CANARY }));
    expect(await nameOf(sagemaker.send(new UpdateEndpointCommand(target)))).toMatch(
      /^ValidationException: Cannot update in-progress endpoint "arn:aws:sagemaker:eu-west-1:/,
    );
    const { seen, EndpointConfigName, ProductionVariants } = await watch(target.EndpointName);
    expect(seen).toEqual([
      'Updating: Launching 4 instance(s).',
      'Updating: Activating traffic on canary capacity of 1 instance(s).',
      'Updating: Baking for 600 seconds (WaitIntervalInSeconds) with traffic enabled on canary capacity of 1 instance(s).',
      'Updating: Activating traffic on full capacity of 4 instance(s).',
      'Updating: Baking for 300 seconds (TerminationWaitInSeconds) with traffic enabled on full capacity of 4 instance(s).',
      // It is the old fleet that is terminated.
      'Updating: ',
      'InService: ',
    ]);
    expect(EndpointConfigName).toBe(target.EndpointConfigName);
    expect(ProductionVariants?.[0]?.DeployedImages?.[0]?.ResolvedImage).toMatch(/^registry\.example\/model@sha256:/);
    const calls = await control.calls();
    expect(calls.find(({ operation }) => operation === 'UpdateEndpoint')).toMatchObject({
      service: 'sagemaker',
      identity: 'administrator',
      resources: { endpoint: target.EndpointName, endpointConfig: target.EndpointConfigName },
      status: 200,
    });
    // What SageMaker asks of CloudWatch is nobody's call.
    expect(calls.filter(({ kind, service }) => kind === 'demo' && service !== 'sagemaker')).toEqual([]);
  });

  it('rolls back when an alarm trips while the canary bakes', async () => {
    const target = await serving('alarmed');
    await sagemaker.send(new UpdateEndpointCommand({ ...target, DeploymentConfig: CANARY }));
    const trip = () =>
      cloudwatch.send(
        new PutMetricDataCommand({
          Namespace: 'Countersign',
          MetricData: [
            { MetricName: 'IntegrityFailures', Dimensions: [{ Name: 'EndpointName', Value: run }], Value: 1 },
          ],
        }),
      );
    const { seen, EndpointConfigName, FailureReason } = await watch(target.EndpointName, trip);
    expect(seen.slice(-3)).toEqual([
      expect.stringContaining('canary capacity of 1'),
      'RollingBack: Terminating 4 instance(s).',
      'InService: ',
    ]);
    expect(EndpointConfigName).toBe(`${target.EndpointName}-blue`);
    expect(FailureReason).toContain(alarm);
    await cloudwatch.send(new SetAlarmStateCommand({ AlarmName: alarm, StateValue: 'OK', StateReason: 'test' }));
  });

  it('notices an alarm though nobody asks about the endpoint', async () => {
    const target = await serving('unwatched');
    const passing = `passing-${run}`;
    await cloudwatch.send(
      new PutMetricAlarmCommand({
        AlarmName: passing,
        Namespace: 'Countersign',
        MetricName: 'Unused',
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanThreshold',
      }),
    );
    const set = (StateValue: 'OK' | 'ALARM') =>
      cloudwatch.send(new SetAlarmStateCommand({ AlarmName: passing, StateValue, StateReason: 'test' }));
    await set('ALARM');
    const config = { ...CANARY, AutoRollbackConfiguration: { Alarms: [{ AlarmName: passing }] } };
    await sagemaker.send(new UpdateEndpointCommand({ ...target, DeploymentConfig: config }));
    await control.passSageMakerTime(SECONDS.launch + SECONDS.shift);
    // Alarms are read five times a second while the canary bakes, which it does for ten minutes more.
    await delay(2_000);
    await set('OK');
    const { EndpointConfigName } = await watch(target.EndpointName);
    expect(EndpointConfigName).toBe(`${target.EndpointName}-blue`);
  });

  it('goes wrong as it is told to', async () => {
    const target = await serving('faulty');
    await control.armDeployment({ kind: 'unhealthy', endpoint: target.EndpointName });
    await control.armDeployment({ kind: 'rollback-fails', endpoint: target.EndpointName });
    await control.armDeployment({ kind: 'serves', endpoint: target.EndpointName, image: OTHER_IMAGE });
    await sagemaker.send(new UpdateEndpointCommand(target));
    expect(await control.armedDeployments()).toEqual([]);
    const { seen, FailureReason, ProductionVariants } = await watch(target.EndpointName);
    expect(seen).toEqual([
      'Updating: Launching 4 instance(s).',
      'RollingBack: Terminating 4 instance(s).',
      'UpdateRollbackFailed: ',
    ]);
    expect(FailureReason).toContain('did not pass the ping health check');
    const images = ProductionVariants?.[0]?.DeployedImages?.map(({ ResolvedImage }) => ResolvedImage);
    expect(images).toEqual([expect.stringMatching(/model@sha256:/), OTHER_IMAGE]);
  });

  it('shows what a hand in the account has changed', async () => {
    const { EndpointName } = await serving('tampered');
    await control.tamper({ endpoint: EndpointName, image: OTHER_IMAGE });
    const { ProductionVariants } = await describeEndpoint(EndpointName);
    expect(ProductionVariants?.[0]?.DeployedImages?.[0]?.ResolvedImage).toBe(OTHER_IMAGE);
    const ModelName = `${EndpointName}-blue`;
    await control.tamper({ model: ModelName, modelDataUrl: 's3://elsewhere/model' });
    const { PrimaryContainer } = await sagemaker.send(new DescribeModelCommand({ ModelName }));
    expect(PrimaryContainer?.ModelDataSource?.S3DataSource?.S3Uri).toBe('s3://elsewhere/model');
    await expect(control.tamper({ endpoint: 'none', image: OTHER_IMAGE })).rejects.toThrow('Could not find endpoint');
  });

  it('throttles as every service does, and the client tries again', async () => {
    const { EndpointName } = await serving('throttled');
    const patient = new SageMakerClient({ ...clientConfig(local, 'administrator'), maxAttempts: 3 });
    const throttle = {
      match: { service: 'sagemaker', operation: 'DescribeEndpoint', identity: 'administrator' },
      effect: { kind: 'refuse', status: 400, code: 'ThrottlingException', message: 'Rate exceeded' },
      times: 2,
    } as const;
    await control.arm(throttle);
    expect(await patient.send(new DescribeEndpointCommand({ EndpointName }))).toMatchObject({ EndpointName });
    expect(await control.armed()).toEqual([]);
  });

  it('runs out of instances when a fault says so, by the error that the client knows', async () => {
    const target = await serving('limited');
    await control.arm({
      match: { service: 'sagemaker', operation: 'UpdateEndpoint' },
      effect: { kind: 'refuse', status: 400, code: 'ResourceLimitExceeded' },
    });
    await expect(sagemaker.send(new UpdateEndpointCommand(target))).rejects.toThrow(ResourceLimitExceeded);
    expect(await describeEndpoint(target.EndpointName)).toMatchObject({ EndpointStatus: 'InService' });
  });

  it('is closed to a role that has no business with it', async () => {
    const auditor = new SageMakerClient(clientConfig(local, 'auditor'));
    expect(await nameOf(auditor.send(new ListEndpointsCommand({})))).toMatch(
      /^AccessDeniedException: .*sagemaker:ListEndpoints/,
    );
  });

  it('deletes everything that it made', async () => {
    const { EndpointName, EndpointConfigName } = await serving('deleted');
    await sagemaker.send(new DeleteEndpointCommand({ EndpointName }));
    await control.passSageMakerTime(SECONDS.delete);
    await waitUntilEndpointDeleted({ client: sagemaker, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { EndpointName });
    await sagemaker.send(new DeleteEndpointConfigCommand({ EndpointConfigName }));
    await sagemaker.send(new DeleteModelCommand({ ModelName: EndpointConfigName }));
    expect(await nameOf(describeEndpoint(EndpointName))).toMatch(/^ValidationException: Could not find endpoint "arn/);
    const { Endpoints } = await sagemaker.send(new ListEndpointsCommand({ NameContains: EndpointName }));
    expect(Endpoints).toEqual([]);
  });
});
