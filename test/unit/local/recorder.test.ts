import { describe, expect, it } from 'vitest';
import { classify } from '../../../local/aws-call.ts';
import { Identities } from '../../../local/identities.ts';
import { Recorder } from '../../../local/recorder.ts';
import type { WireRequest } from '../../../local/sigv4.ts';

const identities = new Identities('111122223333');
const identity = identities.assume(identities.createRole('r', []), { name: 'fn', kind: 'function', sessionName: 'fn' });
const SECRET = 's3cr3t-t0ken';

/** What is recorded of a call of a JSON service. */
function recorded(service: string, target: string, input: object) {
  const recorder = new Recorder();
  const request: WireRequest = { method: 'POST', path: '/', query: '', headers: ['x-amz-target', target] };
  const call = classify(service, request, Buffer.from(JSON.stringify(input)));
  recorder.record({ identity, invocation: undefined }, call, request, { status: 200, ms: 1 });
  const [record] = recorder.records;
  if (record === undefined) throw new Error('nothing was recorded');
  return record;
}

describe('the record of a call', () => {
  it.each([
    ['the end of a wait', 'states', 'AWSStepFunctions.SendTaskSuccess', { taskToken: SECRET, output: SECRET }],
    ['the failure of a wait', 'states', 'AWSStepFunctions.SendTaskFailure', { taskToken: SECRET, cause: SECRET }],
    ['the start of an execution', 'states', 'AWSStepFunctions.StartExecution', { input: SECRET }],
    ['an event', 'events', 'AWSEvents.PutEvents', { Entries: [{ Source: 'countersign', Detail: SECRET }] }],
    ['what is encrypted', 'kms', 'TrentService.Encrypt', { KeyId: 'arn:key', Plaintext: SECRET }],
    ['an item', 'dynamodb', 'DynamoDB_20120810.PutItem', { TableName: 't', Item: { token: { S: SECRET } } }],
    [
      'a transaction',
      'dynamodb',
      'DynamoDB_20120810.TransactWriteItems',
      { TransactItems: [{ Put: { TableName: 't', Item: { pk: { S: 'link' }, token: { S: SECRET } } } }] },
    ],
  ])('holds no body: %s', (_, service, target, input) => {
    expect(JSON.stringify(recorded(service, target, input))).not.toContain(SECRET);
  });

  it('names the buses that events are put on', () => {
    const Entries = [{ EventBusName: 'ours' }, {}, { EventBusName: 'ours' }];
    expect(recorded('events', 'AWSEvents.PutEvents', { Entries })).toMatchObject({
      resources: { buses: ['ours', 'default'] },
    });
  });

  it('holds no text of a mail', () => {
    const recorder = new Recorder();
    const request: WireRequest = { method: 'POST', path: '/v2/email/outbound-emails', query: '', headers: [] };
    const Simple = { Subject: { Data: SECRET }, Body: { Text: { Data: SECRET } } };
    const input = { FromEmailAddress: 'A <a@b.de>', Content: { Simple }, ConfigurationSetName: 'set' };
    const call = classify('ses', request, Buffer.from(JSON.stringify(input)));
    recorder.record({ identity, invocation: undefined }, call, request, { status: 200, ms: 1 });
    expect(recorder.records).toMatchObject([{ resources: { sender: 'a@b.de', configurationSet: 'set' } }]);
    expect(JSON.stringify(recorder.records)).not.toContain(SECRET);
  });

  it.each([
    [
      'kms',
      'TrentService.Decrypt',
      { EncryptionContext: { purpose: 'task-token', promotion: 'p-1' } },
      {
        'kms:EncryptionContextKeys': ['purpose', 'promotion'],
        'kms:EncryptionContext:purpose': 'task-token',
        'kms:EncryptionContext:promotion': 'p-1',
      },
    ],
    [
      'kms',
      'TrentService.Sign',
      { SigningAlgorithm: 'ECDSA_SHA_256', MessageType: 'DIGEST' },
      { 'kms:SigningAlgorithm': 'ECDSA_SHA_256', 'kms:MessageType': 'DIGEST' },
    ],
    [
      'events',
      'AWSEvents.PutEvents',
      { Entries: [{ Source: 'a' }, { Source: 'b' }, { Source: 'a' }] },
      { 'events:source': ['a', 'b'] },
    ],
    [
      'monitoring',
      'GraniteServiceVersion20100801.PutMetricData',
      { Namespace: 'Countersign/Deployments' },
      { 'cloudwatch:namespace': 'Countersign/Deployments' },
    ],
    [
      'sagemaker',
      'SageMaker.CreateModel',
      { EnableNetworkIsolation: true, Tags: [{ Key: 'model', Value: 'x' }] },
      { 'sagemaker:NetworkIsolation': 'true', 'aws:TagKeys': ['model'], 'aws:RequestTag/model': 'x' },
    ],
    [
      'sagemaker',
      'SageMaker.CreateEndpointConfig',
      { ProductionVariants: [{ InstanceType: 'ml.m5.large' }] },
      { 'sagemaker:InstanceTypes': ['ml.m5.large'] },
    ],
    ['sagemaker', 'SageMaker.DescribeModel', { ModelName: 'x' }, {}],
  ])('tells what policies of %s ask about %s', (service, target, input, expected) => {
    expect(recorded(service, target, input).conditions).toEqual(expected);
  });

  it('names the role, the alarms and the tagged resource of a call', () => {
    expect(
      recorded('sagemaker', 'SageMaker.CreateModel', { ModelName: 'm', ExecutionRoleArn: 'arn:role' }),
    ).toMatchObject({
      resources: { model: 'm', passedRole: 'arn:role' },
    });
    expect(recorded('sagemaker', 'SageMaker.ListTags', { ResourceArn: 'arn:x' }).resources).toEqual({
      tagged: 'arn:x',
    });
    const alarms = (operation: string, input: object) =>
      recorded('monitoring', `GraniteServiceVersion20100801.${operation}`, input).resources.alarms;
    expect(alarms('DescribeAlarms', { AlarmNames: ['a', 'b'] })).toEqual(['a', 'b']);
    expect(alarms('PutMetricAlarm', { AlarmName: 'a' })).toEqual(['a']);
  });
});
