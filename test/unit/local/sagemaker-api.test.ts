import { describe, expect, it } from 'vitest';
import { z } from 'zod/mini';
import { SageMaker } from '../../../local/sagemaker/control-plane.ts';
import { SECONDS } from '../../../local/sagemaker/stages.ts';
import { sagemakerAnswer } from '../../../local/sagemaker/wire.ts';
import { testClock } from '../../support/clock.ts';

const DATA = 's3://evidence/artifacts/sha256/ab/model';
const IMAGE = 'registry.example:5000/models/fraud:1.2';
const PINNED = `registry.example:5000/models/fraud@sha256:${'a'.repeat(64)}`;
const Answered = z.looseObject({ __type: z.optional(z.string()), message: z.optional(z.string()) });

/** A SageMaker over a clock that stands still, in an account with one object and what alarms a test adds. */
function start() {
  const clock = testClock('2026-01-01T00:00:00Z');
  const alarms = new Map<string, string>();
  let readable = true;
  const sagemaker = new SageMaker({
    region: 'eu-west-1',
    accountId: '111122223333',
    realNow: () => clock.now().getTime(),
    alarmStates: async (names) => {
      if (!readable) throw new Error('CloudWatch is out');
      return new Map([...alarms].filter(([name]) => names.includes(name)));
    },
    objectExists: async (bucket, key) => `s3://${bucket}/${key}` === DATA,
  });
  // The test alone moves time.
  sagemaker.close();
  const call = async (operation: string, input: Record<string, unknown> = {}) => {
    const answer = await sagemakerAnswer(sagemaker, { service: 'sagemaker', operation, resources: {}, input }, 'r');
    return Answered.parse(answer.body === '' ? {} : JSON.parse(String(answer.body)));
  };
  return {
    sagemaker,
    clock,
    alarms,
    call,
    breakAlarms: () => {
      readable = false;
    },
  };
}
type Started = ReturnType<typeof start>;

const source = { S3Uri: DATA, S3DataType: 'S3Object', CompressionType: 'Gzip' };
const container = { Image: IMAGE, ModelDataSource: { S3DataSource: source }, Environment: { LEVEL: 'info' } };

async function deploy({ call }: Started, config: string, model = `${config}-model`): Promise<void> {
  await call('CreateModel', { ModelName: model, PrimaryContainer: container });
  await call('CreateEndpointConfig', {
    EndpointConfigName: config,
    ProductionVariants: [
      { VariantName: 'AllTraffic', ModelName: model, InitialInstanceCount: 2, InstanceType: 'ml.m5.large' },
    ],
  });
}

/** An endpoint in service with configuration `blue`, and `green` to go to. */
async function running(): Promise<Started> {
  const on = start();
  await deploy(on, 'blue');
  await deploy(on, 'green');
  await on.call('CreateEndpoint', { EndpointName: 'Fraud', EndpointConfigName: 'blue' });
  on.clock.advance(SECONDS.launch * 1000);
  return on;
}

const guardedBy = (...names: string[]) => ({
  BlueGreenUpdatePolicy: {
    TrafficRoutingConfiguration: { Type: 'ALL_AT_ONCE', WaitIntervalInSeconds: 0 },
    TerminationWaitInSeconds: 600,
  },
  AutoRollbackConfiguration: { Alarms: names.map((AlarmName) => ({ AlarmName })) },
});
const toGreen = { EndpointName: 'fraud', EndpointConfigName: 'green' };
const describeFraud = ({ call }: Started) => call('DescribeEndpoint', { EndpointName: 'fraud' });

describe('a model', () => {
  it('is described as it was created, without its tags', async () => {
    const { call } = start();
    const tags = [{ Key: 'promotion', Value: 'p-1' }];
    await call('CreateModel', { ModelName: 'Fraud', PrimaryContainer: container, Tags: tags });
    expect(await call('DescribeModel', { ModelName: 'fraud' })).toEqual({
      ModelName: 'Fraud',
      ModelArn: 'arn:aws:sagemaker:eu-west-1:111122223333:model/fraud',
      PrimaryContainer: container,
      EnableNetworkIsolation: false,
      CreationTime: Date.parse('2026-01-01T00:00:00Z') / 1000,
    });
  });

  it.each([
    ['of a taken name', { ModelName: 'TAKEN', PrimaryContainer: container }, 'Cannot create already existing model'],
    ['without a container', { ModelName: 'm' }, 'Exactly one of PrimaryContainer and Containers'],
    [
      'of an odd name',
      { ModelName: 'a b', PrimaryContainer: container },
      "Value at 'modelName' failed to satisfy constraint",
    ],
    [
      'whose data are not there',
      { ModelName: 'm', PrimaryContainer: { Image: IMAGE, ModelDataUrl: 's3://evidence/none.tar.gz' } },
      'Could not find model data at s3://evidence/none.tar.gz.',
    ],
    [
      'whose ModelDataUrl is no archive',
      { ModelName: 'm', PrimaryContainer: { Image: IMAGE, ModelDataUrl: DATA } },
      'must be a .tar.gz archive',
    ],
  ])('%s is refused', async (_, input, message) => {
    const { call } = start();
    await call('CreateModel', { ModelName: 'taken', PrimaryContainer: container });
    expect(await call('CreateModel', input)).toMatchObject({
      __type: 'ValidationException',
      message: expect.stringContaining(message),
    });
  });

  it('that is deleted is not found', async () => {
    const { call } = start();
    await call('CreateModel', { ModelName: 'm', PrimaryContainer: container });
    expect(await call('DeleteModel', { ModelName: 'm' })).toEqual({});
    for (const operation of ['DescribeModel', 'DeleteModel']) {
      expect((await call(operation, { ModelName: 'm' })).message).toBe(
        'Could not find model "arn:aws:sagemaker:eu-west-1:111122223333:model/m".',
      );
    }
  });

  it('that was tampered with names other data', async () => {
    const { call, sagemaker } = start();
    await call('CreateModel', { ModelName: 'm', Containers: [container] });
    sagemaker.tamper({ model: 'm', modelDataUrl: 's3://elsewhere/model' });
    expect(await call('DescribeModel', { ModelName: 'm' })).toMatchObject({
      Containers: [{ ModelDataSource: { S3DataSource: { ...source, S3Uri: 's3://elsewhere/model' } } }],
    });
  });
});

describe('an endpoint configuration', () => {
  it('needs its models', async () => {
    const { call } = start();
    const variant = { VariantName: 'A', ModelName: 'none', InitialInstanceCount: 1, InstanceType: 'ml.m5.large' };
    const answer = await call('CreateEndpointConfig', { EndpointConfigName: 'c', ProductionVariants: [variant] });
    expect(answer.message).toMatch(/^Could not find model "arn/);
  });

  it('points at the member of a variant that is wrong', async () => {
    const variant = { VariantName: 'A', ModelName: '-', InitialInstanceCount: 1, InstanceType: 'ml.m5.large' };
    const answer = await start().call('CreateEndpointConfig', {
      EndpointConfigName: 'c',
      ProductionVariants: [variant],
    });
    expect(answer.message).toContain("'productionVariants.1.member.modelName'");
  });

  it('with shadow variants is refused rather than half described', async () => {
    const on = start();
    await on.call('CreateModel', { ModelName: 'm', PrimaryContainer: container });
    const variants = [{ VariantName: 'A', ModelName: 'm', InitialInstanceCount: 1, InstanceType: 'ml.m5.large' }];
    const input = { EndpointConfigName: 'c', ProductionVariants: variants, ShadowProductionVariants: variants };
    expect((await on.call('CreateEndpointConfig', input)).message).toContain('does not support');
  });
});

describe('an endpoint', () => {
  it.each([
    [
      'no configuration of that name',
      { EndpointName: 'e', EndpointConfigName: 'none' },
      'Could not find endpoint configuration',
    ],
    [
      'its name taken, by whatever case',
      { EndpointName: 'FRAUD', EndpointConfigName: 'blue' },
      'already existing endpoint',
    ],
  ])('is not created with %s', async (_, input, message) => {
    const { call } = await running();
    expect((await call('CreateEndpoint', input)).message).toContain(message);
  });

  it('shows a tag as one digest always, and a digest as itself', async () => {
    const on = await running();
    await on.call('CreateModel', { ModelName: 'pinned-model', PrimaryContainer: { ...container, Image: PINNED } });
    await deploy(on, 'pinned');
    await on.call('CreateEndpoint', { EndpointName: 'pinned', EndpointConfigName: 'pinned' });
    on.clock.advance(SECONDS.launch * 1000);
    const resolved = /^registry\.example:5000\/models\/fraud@sha256:[0-9a-f]{64}$/;
    expect(await describeFraud(on)).toMatchObject({
      ProductionVariants: [
        { DeployedImages: [{ SpecifiedImage: IMAGE, ResolvedImage: expect.stringMatching(resolved) }] },
      ],
    });
    expect(await on.call('DescribeEndpoint', { EndpointName: 'pinned' })).toMatchObject({
      ProductionVariants: [{ DeployedImages: [{ SpecifiedImage: PINNED, ResolvedImage: PINNED }] }],
    });
  });

  it('cannot be updated once its configuration is deleted', async () => {
    const on = await running();
    await on.call('DeleteEndpointConfig', { EndpointConfigName: 'blue' });
    expect((await on.call('UpdateEndpoint', toGreen)).message).toContain('endpoint-config/blue');
  });

  it('is gone after its deletion, with its tags', async () => {
    const on = await running();
    const { EndpointArn } = await describeFraud(on);
    await on.call('DeleteEndpoint', { EndpointName: 'fraud' });
    expect(await describeFraud(on)).toMatchObject({ EndpointStatus: 'Deleting' });
    on.clock.advance(SECONDS.delete * 1000);
    expect((await describeFraud(on)).message).toMatch(/^Could not find endpoint "arn/);
    expect((await on.call('ListTags', { ResourceArn: EndpointArn })).message).toMatch(/^Could not find resource/);
  });

  it('keeps its deployment configuration for an update that retains it', async () => {
    const on = await running();
    on.alarms.set('errors', 'OK');
    await on.call('UpdateEndpoint', { ...toGreen, DeploymentConfig: guardedBy('errors') });
    on.clock.advance(3_600_000);
    const back = { EndpointName: 'fraud', EndpointConfigName: 'blue', RetainDeploymentConfig: true };
    await on.call('UpdateEndpoint', back);
    on.clock.advance((SECONDS.launch + SECONDS.shift) * 1000);
    on.alarms.set('errors', 'ALARM');
    expect(await describeFraud(on)).toMatchObject({ EndpointStatus: 'RollingBack', EndpointConfigName: 'green' });
  });

  it('takes one of many updates at a time', async () => {
    const on = await running();
    on.alarms.set('errors', 'OK');
    const input = { ...toGreen, DeploymentConfig: guardedBy('errors') };
    const answers = await Promise.all(Array.from({ length: 20 }, () => on.call('UpdateEndpoint', input)));
    expect(answers.filter(({ EndpointArn }) => EndpointArn !== undefined)).toHaveLength(1);
    expect(answers.filter(({ message }) => message?.startsWith('Cannot update in-progress'))).toHaveLength(19);
  });

  it.each([
    ['RollingUpdatePolicy', { DeploymentConfig: { RollingUpdatePolicy: {} } }],
    ['RetainAllVariantProperties', { RetainAllVariantProperties: true }],
  ])('is not updated with %s, which would be ignored', async (member, options) => {
    const on = await running();
    const answer = await on.call('UpdateEndpoint', { ...toGreen, ...options });
    expect(answer.message).toBe(`The local SageMaker does not support ${member}.`);
    expect(await describeFraud(on)).toMatchObject({ EndpointStatus: 'InService' });
  });
});

describe('alarms', () => {
  it('that do not exist are refused, and nothing begins', async () => {
    const on = await running();
    on.alarms.set('errors', 'OK');
    const answer = await on.call('UpdateEndpoint', { ...toGreen, DeploymentConfig: guardedBy('errors', 'typo') });
    expect(answer.message).toBe('Could not find alarm(s) [typo].');
    expect(await describeFraud(on)).toMatchObject({ EndpointStatus: 'InService' });
  });

  it('roll back only in state ALARM', async () => {
    const on = await running();
    on.alarms.set('errors', 'INSUFFICIENT_DATA');
    await on.call('UpdateEndpoint', { ...toGreen, DeploymentConfig: guardedBy('errors') });
    on.clock.advance((SECONDS.launch + SECONDS.shift + 599) * 1000);
    expect(await describeFraud(on)).toMatchObject({ EndpointStatus: 'Updating' });
    on.alarms.set('errors', 'ALARM');
    expect(await describeFraud(on)).toMatchObject({ EndpointStatus: 'RollingBack' });
  });

  it('that cannot be read keep an update from finishing unwatched', async () => {
    const on = await running();
    on.alarms.set('errors', 'OK');
    await on.call('UpdateEndpoint', { ...toGreen, DeploymentConfig: guardedBy('errors') });
    on.breakAlarms();
    on.clock.advance(3_600_000);
    await expect(describeFraud(on)).rejects.toThrow('CloudWatch is out');
  });
});

describe('a fault', () => {
  it('meets the next deployment of its endpoint, once', async () => {
    const on = await running();
    on.sagemaker.faults.arm({ kind: 'unhealthy', endpoint: 'fraud' });
    await on.call('CreateEndpoint', { EndpointName: 'other', EndpointConfigName: 'blue' });
    expect(on.sagemaker.faults.armed).toHaveLength(1);
    await on.call('UpdateEndpoint', toGreen);
    expect(on.sagemaker.faults.armed).toEqual([]);
    on.clock.advance(3_600_000);
    expect(await describeFraud(on)).toMatchObject({ EndpointConfigName: 'blue' });
    expect(await on.call('DescribeEndpoint', { EndpointName: 'other' })).toMatchObject({ EndpointStatus: 'InService' });
    await on.call('UpdateEndpoint', toGreen);
    on.clock.advance(3_600_000);
    expect(await describeFraud(on)).toMatchObject({ EndpointConfigName: 'green' });
  });

  it('stays armed when the deployment is refused', async () => {
    const on = await running();
    on.sagemaker.faults.arm({ kind: 'hangs' });
    await on.call('UpdateEndpoint', { EndpointName: 'fraud', EndpointConfigName: 'none' });
    expect(on.sagemaker.faults.armed).toEqual([{ kind: 'hangs' }]);
  });

  it('can make the new fleet alone run another image', async () => {
    const on = await running();
    on.sagemaker.faults.arm({ kind: 'serves', image: PINNED });
    await on.call('UpdateEndpoint', toGreen);
    const shown = await describeFraud(on);
    const other = { DeployedImages: [{ SpecifiedImage: IMAGE, ResolvedImage: PINNED }] };
    expect(shown).toMatchObject({ PendingDeploymentSummary: { ProductionVariants: [other] } });
    expect(shown).not.toMatchObject({ ProductionVariants: [other] });
  });

  it('of a hand in the account changes at once what runs', async () => {
    const on = await running();
    await describeFraud(on);
    on.sagemaker.tamper({ endpoint: 'fraud', image: PINNED });
    const other = { DeployedImages: [{ SpecifiedImage: IMAGE, ResolvedImage: PINNED }] };
    expect(await describeFraud(on)).toMatchObject({ EndpointStatus: 'InService', ProductionVariants: [other] });
  });
});

describe('time', () => {
  it('runs faster when it is told to, and callers see no instant that is yet to come', async () => {
    const on = await running();
    on.sagemaker.setSpeed(600);
    await on.call('UpdateEndpoint', toGreen);
    on.clock.advance(((SECONDS.launch + SECONDS.shift + SECONDS.terminate) / 600) * 1000);
    const shown = await describeFraud(on);
    expect(shown).toMatchObject({ EndpointStatus: 'InService', EndpointConfigName: 'green' });
    expect(shown.LastModifiedTime).toBeCloseTo(on.clock.now().getTime() / 1000, 2);
    expect(shown.CreationTime).toBe(Date.parse('2026-01-01T00:00:00Z') / 1000);
  });

  it('that passed at one speed has passed at that speed', async () => {
    const on = await running();
    await on.call('UpdateEndpoint', toGreen);
    on.clock.advance((SECONDS.launch - 10) * 1000);
    on.sagemaker.setSpeed(2);
    on.clock.advance(4_000);
    const stage = (status: string) => ({
      PendingDeploymentSummary: { ProductionVariants: [{ VariantStatus: [{ Status: status }] }] },
    });
    expect(await describeFraud(on)).toMatchObject(stage('Creating'));
    on.clock.advance(1_000);
    expect(await describeFraud(on)).toMatchObject(stage('ActivatingTraffic'));
  });

  it('that is passed at once is seen by callers as over when it was passed', async () => {
    const on = await running();
    await on.call('UpdateEndpoint', toGreen);
    on.clock.advance(1_000);
    const passed = on.clock.now().getTime() / 1000;
    on.sagemaker.passTime(SECONDS.launch + SECONDS.shift + SECONDS.terminate);
    on.clock.advance(5_000);
    expect(await describeFraud(on)).toMatchObject({ EndpointStatus: 'InService', LastModifiedTime: passed });
  });
});

describe('lists', () => {
  const Listed = z.object({
    Endpoints: z.array(z.object({ EndpointName: z.string() })),
    NextToken: z.optional(z.string()),
  });
  const names = async (on: Started, query: Record<string, unknown> = {}) => {
    const { Endpoints, NextToken } = Listed.parse(await on.call('ListEndpoints', query));
    return { names: Endpoints.map(({ EndpointName }) => EndpointName), NextToken };
  };
  const three = async () => {
    const on = await running();
    for (const EndpointName of ['alpha', 'beta']) {
      on.clock.advance(1_000);
      await on.call('CreateEndpoint', { EndpointName, EndpointConfigName: 'blue' });
    }
    return on;
  };

  it('show the newest first, page by page', async () => {
    const on = await three();
    const first = await names(on, { MaxResults: 2 });
    expect(first.names).toEqual(['beta', 'alpha']);
    expect(await names(on, { MaxResults: 2, NextToken: first.NextToken })).toEqual({ names: ['Fraud'] });
    expect((await on.call('ListEndpoints', { NextToken: 'x' })).message).toBe('Invalid NextToken.');
  });

  it.each([
    [{ SortBy: 'Name', SortOrder: 'Ascending' }, ['alpha', 'beta', 'Fraud']],
    [{ StatusEquals: 'InService' }, ['Fraud']],
    [{ NameContains: 'a', StatusEquals: 'Creating', SortBy: 'Name' }, ['beta', 'alpha']],
    [{ CreationTimeBefore: Date.parse('2026-01-01T00:00:01Z') / 1000 }, ['Fraud']],
    [{ LastModifiedTimeAfter: Date.parse('2026-01-01T00:04:02Z') / 1000 }, ['beta']],
  ])('are filtered and sorted by %j', async (query, expected) => {
    expect((await names(await three(), query)).names).toEqual(expected);
  });

  it('show models with their ARNs', async () => {
    const { call } = await running();
    expect(await call('ListModels', { NameContains: 'green' })).toMatchObject({
      Models: [{ ModelName: 'green-model', ModelArn: expect.stringMatching(/model\/green-model$/) }],
    });
  });
});

describe('tags', () => {
  it('are kept by key, the later value for the earlier', async () => {
    const { call } = start();
    const { ModelArn } = await call('CreateModel', {
      ModelName: 'm',
      PrimaryContainer: container,
      Tags: [{ Key: 'a', Value: '1' }],
    });
    const added = [
      { Key: 'a', Value: '2' },
      { Key: 'b', Value: '' },
    ];
    expect(await call('AddTags', { ResourceArn: ModelArn, Tags: added })).toEqual({ Tags: added });
    expect(await call('ListTags', { ResourceArn: ModelArn })).toEqual({ Tags: added });
  });
});

describe('an operation that is not played', () => {
  it('is answered by its name', async () => {
    expect(await start().call('CreateTrainingJob')).toMatchObject({ __type: 'UnknownOperationException' });
    expect(await start().call('constructor')).toMatchObject({ __type: 'UnknownOperationException' });
  });
});
