import { describe, expect, it } from 'vitest';
import { LOG_DELIVERIES } from './support/log-deliveries.ts';
import { Resolver } from './support/resolve.ts';
import { type Principal, Simulator } from './support/simulate.ts';
import { only, synthesise } from './support/synth.ts';

const prod = synthesise('prod');
const resolver = new Resolver(prod);
const iam = new Simulator(prod);
const NAME = 'countersign-prod-simulate-policy';
const ROLE = 'countersign-prod-sm-simulate-policy';
const arn = (service: string, resource: string) => `arn:aws:${service}:eu-central-1:123456789012:${resource}`;
const resolved = (type: string, prefix: string) =>
  resolver.resolve(only(prod.service, type, prefix)[1].Properties, prod.service);

describe('the state machine that simulates policies', () => {
  it('is a Standard one, traced, and logs errors without what went through it', () => {
    const machine = resolved('AWS::StepFunctions::StateMachine', 'SimulatePolicy');
    expect(machine).toMatchObject({
      StateMachineName: NAME,
      StateMachineType: 'STANDARD',
      RoleArn: `arn:aws:iam::123456789012:role/${ROLE}`,
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: {
        Level: 'ERROR',
        IncludeExecutionData: false,
        Destinations: [
          { CloudWatchLogsLogGroup: { LogGroupArn: expect.stringContaining(`/aws/vendedlogs/states/${NAME}`) } },
        ],
      },
    });
  });

  it('runs the simulator, on the list that the simulator writes', () => {
    const { DefinitionSubstitutions, DefinitionString } = JSON.parse(
      JSON.stringify(resolved('AWS::StepFunctions::StateMachine', 'SimulatePolicy')),
    );
    expect(DefinitionSubstitutions).toEqual({
      Simulator: arn('lambda', 'function:countersign-prod-simulator'),
      StagingBucket: iam.arn('AWS::S3::Bucket', 'StagingBucket').replace('arn:aws:s3:::', ''),
    });
    expect(JSON.parse(DefinitionString).States.EvaluateChunks.MaxConcurrency).toBe(5);
  });

  it('lets nobody assume its role but Step Functions, for this machine and its maps', () => {
    const role = resolved('AWS::IAM::Role', 'SimulatePolicy');
    const machine = arn('states', `stateMachine:${NAME}`);
    expect(role).toMatchObject({
      RoleName: ROLE,
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Action: 'sts:AssumeRole',
            Principal: { Service: 'states.amazonaws.com' },
            Condition: {
              StringEquals: { 'aws:SourceAccount': '123456789012' },
              ArnLike: { 'aws:SourceArn': [machine, `${machine}/*`] },
            },
          },
        ],
      },
    });
  });
});

describe('its role', () => {
  const principal: Principal = 'machine:simulate-policy';
  const { PolicyDocument } = JSON.parse(JSON.stringify(resolved('AWS::IAM::ManagedPolicy', 'SimulatePolicy')));
  const dataKey = iam.arn('AWS::KMS::Key', 'DataKey');
  const staging = iam.arn('AWS::S3::Bucket', 'StagingBucket');
  const executions = arn('states', `execution:${NAME}:*`);
  const items = arn('states', `execution:${NAME}/EvaluateChunks:*`);

  it('may do exactly this', () => {
    const granted = PolicyDocument.Statement.map(
      ({ Action, Resource }: { Action: string | string[]; Resource: string | string[] }) => [
        [Action].flat().sort(),
        [Resource].flat(),
      ],
    );
    expect(granted).toEqual([
      [[...LOG_DELIVERIES], ['*']],
      [
        ['xray:GetSamplingRules', 'xray:GetSamplingTargets', 'xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
        ['*'],
      ],
      [['lambda:InvokeFunction'], [arn('lambda', 'function:countersign-prod-simulator')]],
      [['s3:GetObject'], [`${staging}/simulations/*/chunks.json`]],
      [['kms:Decrypt'], [dataKey]],
      [['states:StartExecution'], [arn('states', `stateMachine:${NAME}`)]],
      [
        ['states:DescribeExecution', 'states:StopExecution'],
        [executions, items],
      ],
      [['states:RedriveExecution'], [items]],
    ]);
  });

  it.each<[string, string, string]>([
    ['lambda:InvokeFunction', arn('lambda', 'function:countersign-prod-simulator'), 'Allowed'],
    ['lambda:InvokeFunction', arn('lambda', 'function:countersign-prod-gates'), 'ImplicitlyDenied'],
    ['s3:GetObject', `${staging}/simulations/0123/chunks.json`, 'Allowed'],
    ['s3:GetObject', `${staging}/simulations/0123/chunks/0.json`, 'ImplicitlyDenied'],
    ['s3:GetObject', `${staging}/uploads/0123`, 'ImplicitlyDenied'],
    ['s3:PutObject', `${staging}/simulations/0123/chunks.json`, 'ImplicitlyDenied'],
    ['s3:GetObject', `${iam.arn('AWS::S3::Bucket', 'EvidenceBucket')}/gates/x`, 'ImplicitlyDenied'],
    ['states:StartExecution', arn('states', `stateMachine:${NAME}`), 'Allowed'],
    ['states:StartExecution', arn('states', 'stateMachine:other'), 'ImplicitlyDenied'],
    ['states:StopExecution', arn('states', `execution:${NAME}/EvaluateChunks:0123`), 'Allowed'],
    ['states:RedriveExecution', arn('states', `execution:${NAME}:0123-1`), 'ImplicitlyDenied'],
  ])('%s on %s: %s', async (action, resource, decision) => {
    expect(await iam.simulate({ principal, action, resource })).toBe(decision);
  });

  it('decrypts through S3 only', async () => {
    const decrypt = (service: string) => ({
      principal,
      action: 'kms:Decrypt',
      resource: dataKey,
      context: { 'kms:ViaService': `${service}.eu-central-1.amazonaws.com` },
    });
    expect(await iam.simulate(decrypt('s3'))).toBe('Allowed');
    expect(await iam.simulate(decrypt('dynamodb'))).toBe('ImplicitlyDenied');
  });
});
