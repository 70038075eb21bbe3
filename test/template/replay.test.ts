import { describe, expect, it } from 'vitest';
import type { Place, RecordedCall } from './support/recorded-call.ts';
import { questionsOf } from './support/replay.ts';
import { EXAMPLE } from './support/resolve.ts';
import { type Principal, Simulator } from './support/simulate.ts';
import { synthesise } from './support/synth.ts';

const prod = new Simulator(synthesise('prod'));
const name = (arn: string) => arn.replace(/^.*[:/]/, '');
const bucket = name(prod.arn('AWS::S3::Bucket', 'EvidenceBucket'));
const staging = name(prod.arn('AWS::S3::Bucket', 'StagingBucket'));
const evidenceTable = name(prod.arn('AWS::DynamoDB::Table', 'EvidenceTable'));
const registryTable = name(prod.arn('AWS::DynamoDB::Table', 'RegistryTable'));
const keyId = prod.arn('AWS::KMS::Key', 'EvidenceKey');
const place: Place = {
  ...EXAMPLE,
  dataKeyArn: prod.arn('AWS::KMS::Key', 'DataKey'),
  now: new Date('2026-01-01T00:00:01Z'),
};

const locked = {
  'if-none-match': '*',
  'x-amz-object-lock-mode': 'COMPLIANCE',
  'x-amz-object-lock-retain-until-date': '2027-01-01T00:00:00Z',
};
const put = (key: string, headers: RecordedCall['headers'] = locked): RecordedCall => ({
  service: 's3',
  operation: 'PutObject',
  resources: { bucket, key },
  headers,
  conditions: {},
});
const sign: RecordedCall = {
  service: 'kms',
  operation: 'Sign',
  resources: { keyId },
  headers: {},
  conditions: { 'kms:SigningAlgorithm': 'ECDSA_SHA_256', 'kms:MessageType': 'DIGEST' },
};
const commit: RecordedCall = {
  service: 'dynamodb',
  operation: 'TransactWriteItems',
  resources: { tables: [evidenceTable, registryTable] },
  actions: [
    { action: 'Put', table: evidenceTable },
    { action: 'ConditionCheck', table: registryTable },
  ],
  headers: {},
  conditions: {},
};

async function refusals(principal: Principal, call: RecordedCall): Promise<readonly string[]> {
  const refused: string[] = [];
  for (const question of questionsOf(call, place)) {
    const decision = await prod.simulate({ principal, ...question });
    if (decision !== 'Allowed') refused.push(`${question.action} ${decision}`);
  }
  return refused;
}

describe('the four writes of a manifest', () => {
  it.each([
    ['its bytes', put('attestations/sha256/ab/x.sigstore.json')],
    ['the signature of its receipt', sign],
    ['its receipt', put('receipts/x.sigstore.json')],
    ['its items', commit],
  ])('%s: intake may, with every companion permission', async (_, call) => {
    expect(await refusals('function:intake', call)).toEqual([]);
    expect(await refusals('function:reader', call)).not.toEqual([]);
  });

  it('a put without If-None-Match is refused by the bucket', async () => {
    const { 'if-none-match': _, ...headers } = locked;
    expect(await refusals('function:intake', put('attestations/x', headers))).toEqual([
      's3:PutObject ExplicitlyDenied',
    ]);
  });
});

describe('a staged artifact', () => {
  const key = 'artifacts/sha256/ab/x';
  const { 'if-none-match': ifNoneMatch, ...lock } = locked;
  const source = { 'x-amz-copy-source': `${staging}/uploads/x` };
  const s3 = (operation: string, headers: RecordedCall['headers'] = {}, at = { bucket, key }): RecordedCall => ({
    service: 's3',
    operation,
    resources: at,
    headers,
    conditions: {},
  });
  it.each([
    ['is read', s3('GetObject', {}, { bucket: staging, key: 'uploads/x' })],
    ['is copied under a lock', s3('CreateMultipartUpload', lock)],
    ['in parts', s3('UploadPartCopy', source)],
    ['to a key that is free', s3('CompleteMultipartUpload', { 'if-none-match': ifNoneMatch })],
    ['or given up', s3('AbortMultipartUpload')],
    ['and deleted', s3('DeleteObject', {}, { bucket: staging, key: 'uploads/x' })],
  ])('%s by the verifier and nobody else', async (_, call) => {
    expect(await refusals('function:artifact-verifier', call)).toEqual([]);
    expect(await refusals('function:intake', call)).not.toEqual([]);
  });
});

describe('the calls of a promotion', () => {
  const arn = (service: string, resource: string) => `arn:aws:${service}:${place.region}:${place.account}:${resource}`;
  const waits = arn('states', 'stateMachine:promote');
  const at = { ...place, stage: 'prod', waits, mailIdentities: ['example.com'] };
  const call = (
    service: string,
    operation: string,
    resources: RecordedCall['resources'] = {},
    conditions: RecordedCall['conditions'] = {},
  ): RecordedCall => ({ service, operation, resources, conditions, headers: {} });
  const tags = { 'aws:TagKeys': ['owner'], 'aws:RequestTag/owner': 'countersign' };
  const model = arn('sagemaker', 'model/churn-v7');
  const endpoint = arn('sagemaker', 'endpoint/churn');
  const config = arn('sagemaker', 'endpoint-config/churn-1');
  const role = 'arn:aws:iam::111122223333:role/model';
  const mail = { sender: 'no-reply@mail.example.com', configurationSet: 'approvals' };
  const metric = { 'cloudwatch:namespace': 'Countersign' };
  const token = { 'kms:EncryptionContext:purpose': 'task-token', 'kms:EncryptionContextKeys': ['purpose'] };

  it.each<[string, RecordedCall, readonly (readonly [string, string])[]]>([
    ['ends a wait', call('states', 'SendTaskSuccess'), [['states:SendTaskSuccess', waits]]],
    ['fails a wait', call('states', 'SendTaskFailure'), [['states:SendTaskFailure', waits]]],
    ['keeps a wait alive', call('states', 'SendTaskHeartbeat'), [['states:SendTaskHeartbeat', waits]]],
    [
      'stops an execution',
      call('states', 'StopExecution', { execution: 'arn:x' }),
      [['states:StopExecution', 'arn:x']],
    ],
    [
      'makes a model, tags it and hands it a role',
      call('sagemaker', 'CreateModel', { model: 'Churn-v7', passedRole: role }, tags),
      [
        ['sagemaker:CreateModel', model],
        ['sagemaker:AddTags', model],
        ['iam:PassRole', role],
      ],
    ],
    [
      'makes an endpoint of a configuration',
      call('sagemaker', 'CreateEndpoint', { endpoint: 'churn', endpointConfig: 'churn-1' }),
      [
        ['sagemaker:CreateEndpoint', endpoint],
        ['sagemaker:CreateEndpoint', config],
      ],
    ],
    [
      'updates an endpoint to a configuration',
      call('sagemaker', 'UpdateEndpoint', { endpoint: 'churn', endpointConfig: 'churn-1' }),
      [
        ['sagemaker:UpdateEndpoint', endpoint],
        ['sagemaker:UpdateEndpoint', config],
      ],
    ],
    ['reads tags', call('sagemaker', 'ListTags', { tagged: endpoint }), [['sagemaker:ListTags', endpoint]]],
    ['lists endpoints', call('sagemaker', 'ListEndpoints'), [['sagemaker:ListEndpoints', '*']]],
    [
      'sends a mail from a domain under a configuration set',
      call('ses', 'SendEmail', mail),
      [
        ['ses:SendEmail', arn('ses', 'identity/example.com')],
        ['ses:SendEmail', arn('ses', 'configuration-set/approvals')],
      ],
    ],
    ['writes a metric', call('monitoring', 'PutMetricData', {}, metric), [['cloudwatch:PutMetricData', '*']]],
    [
      'asks for two alarms',
      call('monitoring', 'DescribeAlarms', { alarms: ['a', 'b'] }),
      [
        ['cloudwatch:DescribeAlarms', arn('cloudwatch', 'alarm:a')],
        ['cloudwatch:DescribeAlarms', arn('cloudwatch', 'alarm:b')],
      ],
    ],
    ['opens a token', call('kms', 'Decrypt', { keyId: 'arn:key' }, token), [['kms:Decrypt', 'arn:key']]],
  ])('%s: each is asked about', (_, recorded, expected) => {
    expect(questionsOf(recorded, at).map(({ action, resource }) => [action, resource])).toEqual(expected);
  });

  it('carry the values that policies have conditions on', () => {
    const context = (recorded: RecordedCall) => questionsOf(recorded, at).map((question) => question.context);
    expect(context(call('kms', 'Encrypt', { keyId: 'arn:key' }, token))).toEqual([token]);
    expect(context(call('monitoring', 'PutMetricData', {}, metric))).toEqual([metric]);
    expect(context(call('sagemaker', 'CreateEndpointConfig', { endpointConfig: 'a' }, tags))).toEqual([
      tags,
      { ...tags, 'sagemaker:TaggingAction': 'CreateEndpointConfig' },
    ]);
    const ours = { 'aws:ResourceTag/managed-by': 'countersign-prod' };
    expect(context(call('sagemaker', 'DeleteEndpoint', { endpoint: 'a' }))).toEqual([ours]);
    expect(context(call('ses', 'SendEmail', { sender: mail.sender }))).toEqual([{ 'ses:FromAddress': mail.sender }]);
  });

  it.each<[string, RecordedCall]>([
    ['a metric without a namespace', call('monitoring', 'PutMetricData')],
    ['a model without a role', call('sagemaker', 'CreateModel', { model: 'a' })],
    ['a mail from an address that nobody vouches for', call('ses', 'SendEmail', { sender: 'x@example.org' })],
    ['an event without a source', call('events', 'PutEvents', { buses: ['ours'] })],
    ['an event on no bus', call('events', 'PutEvents', {}, { 'events:source': 'countersign' })],
    ['an operation of SageMaker that is new', call('sagemaker', 'InvokeEndpoint', { endpoint: 'a' })],
    ['an operation of SES that is new', call('ses', 'Unknown')],
    ['an operation of CloudWatch that is new', call('monitoring', 'GetMetricData')],
    ['a service that is new', call('sqs', 'SendMessage')],
  ])('are an error for %s', (_, recorded) => {
    expect(() => questionsOf(recorded, at)).toThrow(/is not complete|not known/);
  });

  it('are questions that the simulator understands', async () => {
    const asked = [
      call('states', 'SendTaskSuccess'),
      call(
        'sagemaker',
        'CreateModel',
        { model: 'a', passedRole: role },
        { ...tags, 'sagemaker:NetworkIsolation': 'true' },
      ),
      call(
        'sagemaker',
        'CreateEndpointConfig',
        { endpointConfig: 'a' },
        { 'sagemaker:InstanceTypes': ['ml.m5.large'] },
      ),
      call('sagemaker', 'UpdateEndpoint', { endpoint: 'a', endpointConfig: 'b' }),
      call('ses', 'SendEmail', mail),
      call('monitoring', 'PutMetricData', {}, metric),
      call('monitoring', 'DescribeAlarms', { alarms: ['a'] }),
    ].flatMap((recorded) => questionsOf(recorded, at));
    for (const question of asked) {
      expect(await prod.simulate({ principal: 'function:holds', ...question })).toBe('ImplicitlyDenied');
      expect(await prod.simulate({ principal: 'administrator', ...question })).toBe('Allowed');
    }
  });
});

it('a call that nobody thought of is an error, not a pass', () => {
  expect(() => questionsOf({ ...put('x'), operation: 'RestoreObject' }, place)).toThrow('RestoreObject is not known');
  expect(() => questionsOf({ ...sign, conditions: {} }, place)).toThrow('kms:Sign is not complete');
});
