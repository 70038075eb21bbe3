import { describe, expect, it } from 'vitest';
import { FUNCTION_NAMES } from '../../cdk/names.ts';
import { DEPLOYMENT_METRICS } from '../../lib/contracts/deployment.ts';
import { EXAMPLE } from './support/resolve.ts';
import { type Principal, type Request, Simulator } from './support/simulate.ts';
import { ofType, only, synthesise } from './support/synth.ts';

const templates = synthesise('prod');
const prod = new Simulator(templates);
const hosting = (kind: string, name: string) =>
  `arn:aws:sagemaker:${EXAMPLE.region}:${EXAMPLE.account}:${kind}/${name}`;
const alarm = (name: string) => `arn:aws:cloudwatch:${EXAMPLE.region}:${EXAMPLE.account}:alarm:${name}`;
const servingRole = prod.arn('AWS::IAM::Role', 'Serving');

const may = (action: string, resource: string, context: Request['context'] = {}, principal?: Principal) =>
  prod.simulate({ principal: principal ?? 'function:deployer', action, resource, context });
const OURS = { 'aws:ResourceTag/managed-by': 'countersign-prod' };
const MAKES_OURS = { 'aws:RequestTag/managed-by': 'countersign-prod', 'aws:TagKeys': ['managed-by'] };
const MAKES_OURS_FOR_PRODUCTION = {
  ...MAKES_OURS,
  'aws:RequestTag/countersign:environment': 'production',
  'aws:TagKeys': ['managed-by', 'countersign:environment'],
};

describe('the deployer', () => {
  it('changes and removes the endpoints that are tagged as its stage’s, and no others', async () => {
    for (const action of ['sagemaker:UpdateEndpoint', 'sagemaker:DeleteEndpoint']) {
      expect(await may(action, hosting('endpoint', 'fraud'), OURS), action).toBe('Allowed');
      expect(await may(action, hosting('endpoint', 'fraud')), action).toBe('ImplicitlyDenied');
      const another = { 'aws:ResourceTag/managed-by': 'countersign-staging' };
      expect(await may(action, hosting('endpoint', 'fraud'), another), action).toBe('ImplicitlyDenied');
    }
  });

  it('makes endpoints that bear the tag, and puts it on none that is there', async () => {
    const endpoint = hosting('endpoint', 'fraud');
    expect(await may('sagemaker:CreateEndpoint', endpoint, MAKES_OURS_FOR_PRODUCTION)).toBe('Allowed');
    expect(await may('sagemaker:CreateEndpoint', endpoint)).toBe('ImplicitlyDenied');
    const tagging = { ...MAKES_OURS_FOR_PRODUCTION, 'sagemaker:TaggingAction': 'CreateEndpoint' };
    expect(await may('sagemaker:AddTags', endpoint, tagging)).toBe('Allowed');
    expect(await may('sagemaker:AddTags', endpoint, MAKES_OURS_FOR_PRODUCTION)).toBe('ImplicitlyDenied');
  });

  it.each(['CreateModel', 'DescribeModel'])('may %s under our names only', async (operation) => {
    expect(await may(`sagemaker:${operation}`, hosting('model', 'countersign-0123'))).toBe('Allowed');
    expect(await may(`sagemaker:${operation}`, hosting('model', 'fraud'))).toBe('ImplicitlyDenied');
  });

  it('deletes no model and no configuration: they are the way back', async () => {
    expect(await may('sagemaker:DeleteModel', hosting('model', 'countersign-0123'))).toBe('ImplicitlyDenied');
    const config = hosting('endpoint-config', 'countersign-0123');
    expect(await may('sagemaker:DeleteEndpointConfig', config)).toBe('ImplicitlyDenied');
  });

  it('passes one role, to SageMaker', async () => {
    const to = (service: string) => ({ 'iam:PassedToService': service });
    expect(await may('iam:PassRole', servingRole, to('sagemaker.amazonaws.com'))).toBe('Allowed');
    expect(await may('iam:PassRole', servingRole, to('lambda.amazonaws.com'))).toBe('ImplicitlyDenied');
    const other = servingRole.replace(/[^/]+$/, 'Admin');
    expect(await may('iam:PassRole', other, to('sagemaker.amazonaws.com'))).toBe('ImplicitlyDenied');
  });

  it('makes, rings and silences our alarms, and no others', async () => {
    const ours = alarm('countersign-prod-deployment-of-fraud');
    expect(await may('cloudwatch:PutMetricAlarm', ours)).toBe('Allowed');
    expect(await may('cloudwatch:PutMetricAlarm', alarm('countersign-prod-integrity-failure'))).toBe(
      'ImplicitlyDenied',
    );
    const namespace = (name: string) => ({ 'cloudwatch:namespace': name });
    expect(await may('cloudwatch:PutMetricData', '*', namespace(DEPLOYMENT_METRICS))).toBe('Allowed');
    expect(await may('cloudwatch:PutMetricData', '*', namespace('Countersign'))).toBe('ImplicitlyDenied');
  });

  it('alone tells SageMaker to deploy', async () => {
    for (const name of FUNCTION_NAMES) {
      const decision = await may('sagemaker:UpdateEndpoint', hosting('endpoint', 'fraud'), OURS, `function:${name}`);
      expect(decision, name).toBe(name === 'deployer' ? 'Allowed' : 'ImplicitlyDenied');
    }
  });
});

describe('the mirror into the Model Registry', () => {
  const mirror = (action: string, resource: string, context: Request['context'] = {}) =>
    may(`sagemaker:${action}`, resource, context, 'function:model-mirror');
  const version = (group: string) => hosting('model-package', `${group}/1`);

  it.each(['CreateModelPackage', 'ListModelPackages', 'UpdateModelPackage'])(
    'may %s in our groups only',
    async (action) => {
      expect(await mirror(action, version('countersign-fraud'))).toBe('Allowed');
      expect(await mirror(action, version('fraud'))).toBe('ImplicitlyDenied');
    },
  );

  it('makes groups of our names that bear our tag, and deletes nothing', async () => {
    const group = hosting('model-package-group', 'countersign-fraud');
    expect(await mirror('CreateModelPackageGroup', group, MAKES_OURS)).toBe('Allowed');
    expect(await mirror('CreateModelPackageGroup', group)).toBe('ImplicitlyDenied');
    const other = hosting('model-package-group', 'fraud');
    expect(await mirror('CreateModelPackageGroup', other, MAKES_OURS)).toBe('ImplicitlyDenied');
    const tagging = { ...MAKES_OURS, 'sagemaker:TaggingAction': 'CreateModelPackageGroup' };
    expect(await mirror('AddTags', group, tagging)).toBe('Allowed');
    expect(await mirror('AddTags', group, MAKES_OURS)).toBe('ImplicitlyDenied');
    expect(await mirror('DeleteModelPackage', version('countersign-fraud'))).toBe('ImplicitlyDenied');
    expect(await mirror('DeleteModelPackageGroup', group)).toBe('ImplicitlyDenied');
  });

  it('is the only function that approves there', async () => {
    for (const name of FUNCTION_NAMES) {
      const approve = { 'sagemaker:ModelApprovalStatus': 'Approved' };
      const resource = version('countersign-fraud');
      const decision = await may('sagemaker:UpdateModelPackage', resource, approve, `function:${name}`);
      expect(decision, name).toBe(name === 'model-mirror' ? 'Allowed' : 'ImplicitlyDenied');
    }
  });
});

describe('the role that models serve as', () => {
  it('is assumed by SageMaker for this account only', () => {
    const [, { Properties }] = only(templates.data, 'AWS::IAM::Role', 'Serving');
    expect(JSON.stringify(Properties.AssumeRolePolicyDocument)).toContain('"Service":"sagemaker.amazonaws.com"');
    expect(JSON.stringify(Properties.AssumeRolePolicyDocument)).toContain('aws:SourceAccount');
  });

  it('reads artifacts and nothing else of the evidence, and writes none', () => {
    const [, policy] = ofType(templates.data, 'AWS::IAM::ManagedPolicy').find(([id]) => id.startsWith('Serving')) ?? [];
    const { Statement } = JSON.parse(JSON.stringify(policy?.Properties.PolicyDocument));
    const s3 = Statement.filter((one: { Action: string | string[] }) => [one.Action].flat().join().includes('s3:'));
    expect(s3.map((one: { Sid: string; Action: string }) => [one.Sid, one.Action])).toEqual([
      ['FetchModels', 's3:GetObject'],
      ['FindModels', 's3:ListBucket'],
    ]);
    expect(JSON.stringify(s3[0].Resource)).toContain('/artifacts/*');
    expect(s3[1].Condition).toEqual({ StringLike: { 's3:prefix': 'artifacts/*' } });
  });
});
