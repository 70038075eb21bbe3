import { describe, expect, it } from 'vitest';
import { filterPattern } from './support/filter-pattern.ts';
import { Resolver } from './support/resolve.ts';
import { ofType, only, synthesise } from './support/synth.ts';

const { data } = synthesise('prod');
const resolver = new Resolver(synthesise('prod'));
const patterns = new Map(
  ofType(data, 'AWS::Logs::MetricFilter').map(([, { Properties }]) => {
    const [{ MetricName }] = JSON.parse(JSON.stringify(Properties.MetricTransformations));
    return [String(MetricName), filterPattern(String(resolver.resolve(Properties.FilterPattern, data)))] as const;
  }),
);
const evidence = resolver.name(only(data, 'AWS::S3::Bucket', 'Evidence')[0], data);
const dataKey = resolver.arn(only(data, 'AWS::KMS::Key', 'DataKey')[0], data);

/** The alarms that an event of CloudTrail raises. */
function raisedBy(event: object): readonly string[] {
  return [...patterns].filter(([, matches]) => matches(event)).map(([name]) => name);
}

/** As CloudTrail names a session of a role. */
function by(role: string): object {
  const issuer = { userName: role, arn: `arn:aws:iam::123456789012:role/${role}` };
  return { userIdentity: { type: 'AssumedRole', sessionContext: { sessionIssuer: issuer } } };
}
const root = { userIdentity: { type: 'Root', arn: 'arn:aws:iam::123456789012:root' } };
const deployment = by('cdk-hnb659fds-cfn-exec-role-123456789012-eu-central-1');

const s3 = (eventName: string, bucketName = evidence) => ({
  eventSource: 's3.amazonaws.com',
  eventName,
  requestParameters: { bucketName },
});
const kms = (eventName: string, ...arns: string[]) => ({
  eventSource: 'kms.amazonaws.com',
  eventName,
  resources: arns.map((ARN) => ({ ARN })),
});
const iam = (eventName: string, requestParameters: object, readOnly = false) => ({
  eventSource: 'iam.amazonaws.com',
  eventName,
  readOnly,
  requestParameters,
});
const put = { eventSource: 'dynamodb.amazonaws.com', eventName: 'PutItem', eventCategory: 'Data' };
const updateCode = (functionName: string) => ({
  eventSource: 'lambda.amazonaws.com',
  eventName: 'UpdateFunctionCode20150331v2',
  requestParameters: { functionName },
});
/** As Lambda and Step Functions tell of a run. */
const invoke = (functionName: string) => ({
  eventSource: 'lambda.amazonaws.com',
  eventName: 'Invoke',
  requestParameters: { functionName, invocationType: 'RequestResponse' },
});
const states = (eventName: string, requestParameters: object) => ({
  eventSource: 'states.amazonaws.com',
  eventName,
  requestParameters,
});
const machine = (name: string) => `arn:aws:states:eu-central-1:123456789012:stateMachine:${name}`;
const lambda = (name: string) => `arn:aws:lambda:eu-central-1:123456789012:function:${name}`;
const gateway = { userIdentity: { type: 'AWSService', invokedBy: 'apigateway.amazonaws.com' } };
const promotions = { stateMachineArn: machine('countersign-prod-promote-model') };
const assume = (role: string) => ({
  ...by('Admin'),
  eventSource: 'sts.amazonaws.com',
  eventName: 'AssumeRole',
  requestParameters: { roleArn: `arn:aws:iam::123456789012:role/${role}` },
});

const EVENTS: readonly (readonly [string, object, readonly string[]])[] = [
  ['break-glass is assumed', assume('countersign-prod-break-glass'), ['break-glass-used']],
  ['break-glass deletes', { ...by('countersign-prod-break-glass'), ...s3('DeleteObject') }, ['break-glass-used']],
  ['the rebuilder is assumed', assume('countersign-prod-rebuilder'), ['rebuilder-used']],
  ['the rebuilder writes a table', { ...by('countersign-prod-rebuilder'), ...put }, ['rebuilder-used']],
  ['a role of another stage is assumed', assume('countersign-dev-break-glass'), []],
  ['a function writes a table', { ...by('countersign-prod-fn-intake'), ...put }, []],
  ['an administrator writes a table', { ...by('Admin'), ...put }, ['tables-written']],
  [
    'the policy of a table goes',
    {
      ...by('Admin'),
      eventSource: 'dynamodb.amazonaws.com',
      eventName: 'DeleteResourcePolicy',
      eventCategory: 'Management',
      requestParameters: { resourceArn: 'arn:aws:dynamodb:eu-central-1:123456789012:table/countersign-prod-data-X-Y' },
    },
    ['tables-written'],
  ],
  ['root writes a table', { ...root, ...put }, ['tables-written']],
  ['the data key is to be deleted', { ...by('Admin'), ...kms('ScheduleKeyDeletion', dataKey) }, ['keys-changed']],
  ['its alias moves', { ...by('Admin'), ...kms('UpdateAlias', 'arn:aws:kms:::alias/x', dataKey) }, ['keys-changed']],
  ['the data key encrypts', { ...by('countersign-prod-fn-intake'), ...kms('GenerateDataKey', dataKey) }, []],
  ['another key is deleted', { ...by('Admin'), ...kms('ScheduleKeyDeletion', 'arn:aws:kms:::key/other') }, []],
  ['the bucket policy is replaced', { ...root, ...s3('PutBucketPolicy') }, ['evidence-protection-changed']],
  ['its default lock is', { ...deployment, ...s3('PutObjectLockConfiguration') }, ['evidence-protection-changed']],
  ['another bucket is changed', { ...by('Admin'), ...s3('PutBucketPolicy', 'other') }, []],
  [
    'the trail stops',
    {
      ...by('Admin'),
      eventSource: 'cloudtrail.amazonaws.com',
      eventName: 'StopLogging',
      requestParameters: { name: 'countersign-prod' },
    },
    ['evidence-protection-changed'],
  ],
  ['somebody changes the code', { ...by('Admin'), ...updateCode('countersign-prod-intake') }, ['writers-changed']],
  ['by its ARN', { ...root, ...updateCode(lambda('countersign-prod-holds')) }, ['writers-changed']],
  [
    'somebody draws the workflow of promotions anew',
    { ...by('Admin'), ...states('UpdateStateMachine', promotions) },
    ['writers-changed'],
  ],
  [
    'somebody deletes it, to make another of its name',
    { ...root, ...states('DeleteStateMachine', promotions) },
    ['writers-changed'],
  ],
  ['a deployment draws it anew', { ...deployment, ...states('UpdateStateMachine', promotions) }, []],
  ['somebody looks at it', { ...by('Admin'), ...states('DescribeStateMachine', promotions) }, []],
  [
    'somebody starts a promotion by hand',
    { ...by('Admin'), ...states('StartExecution', promotions) },
    ['run-past-the-api'],
  ],
  ['root does', { ...root, ...states('StartExecution', promotions) }, ['run-past-the-api']],
  [
    'somebody has one go on where it failed',
    {
      ...by('Admin'),
      ...states('RedriveExecution', {
        executionArn: 'arn:aws:states:eu-central-1:123456789012:execution:countersign-prod-promote-model:0123',
      }),
    },
    ['run-past-the-api'],
  ],
  ['a function starts one', { ...by('countersign-prod-fn-promotions'), ...states('StartExecution', promotions) }, []],
  [
    'a simulation starts the items of its map',
    {
      ...by('countersign-prod-sm-simulate-policy'),
      ...states('StartExecution', { stateMachineArn: machine('countersign-prod-simulate-policy/chunks') }),
    },
    [],
  ],
  [
    'something else is started',
    { ...by('Admin'), ...states('StartExecution', { stateMachineArn: machine('shop') }) },
    [],
  ],
  [
    'somebody runs a function, and says who is calling',
    { ...by('Admin'), ...invoke(lambda('countersign-prod-deployer')) },
    ['run-past-the-api'],
  ],
  [
    'another account does, of which the trail knows no role',
    {
      userIdentity: { type: 'AWSAccount', accountId: '210987654321' },
      ...invoke(lambda('countersign-prod-deployer')),
    },
    ['run-past-the-api'],
  ],
  ['the gateway runs a function', { ...gateway, ...invoke(lambda('countersign-prod-promotions')) }, []],
  [
    'a workflow runs a function',
    { ...by('countersign-prod-sm-promote-model'), ...invoke(lambda('countersign-prod-deployer')) },
    [],
  ],
  ['somebody runs something else', { ...by('Admin'), ...invoke(lambda('shop')) }, []],
  ['a deployment changes the code', { ...deployment, ...updateCode('countersign-prod-intake') }, []],
  ['somebody changes other code', { ...by('Admin'), ...updateCode('shop') }, []],
  [
    'the trust of a role of ours changes',
    { ...by('Admin'), ...iam('UpdateAssumeRolePolicy', { roleName: 'countersign-prod-fn-intake' }) },
    ['writers-changed'],
  ],
  ['it is read', { ...by('Admin'), ...iam('GetRole', { roleName: 'countersign-prod-fn-intake' }, true) }, []],
  [
    'a policy of ours changes',
    {
      ...by('Admin'),
      ...iam('CreatePolicyVersion', { policyArn: 'arn:aws:iam::123456789012:policy/countersign-prod-reader' }),
    },
    ['writers-changed'],
  ],
  [
    "a policy of ours is attached to a customer's role",
    {
      ...by('Admin'),
      ...iam('AttachRolePolicy', {
        roleName: 'training',
        policyArn: 'arn:aws:iam::123456789012:policy/countersign-prod-producer',
      }),
    },
    [],
  ],
  ['KMS throttles', { ...by('x'), ...kms('Sign'), errorCode: 'ThrottlingException' }, ['kms-throttling']],
];

describe('what the trail tells', () => {
  it.each(EVENTS)('%s', (_, event, raised) => {
    expect(raisedBy(event)).toEqual(raised);
  });

  it('every pattern is met by one of these', () => {
    expect([...new Set(EVENTS.flatMap(([, , raised]) => raised))].sort()).toEqual([...patterns.keys()].sort());
  });
});
