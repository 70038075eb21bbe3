import { hostingTag } from '../../../lib/contracts/deployment.ts';
import { conditionsOf, known, type Place, type Question, type RecordedCall } from './recorded-call.ts';

// What IAM is asked for the calls of a promotion, by service. Source: Service Authorization Reference.

/** Ends of waits are asked about the state machine, which AWS does though its reference names no resource for them. */
export function stateMachineQuestion(call: RecordedCall, place: Place): Question {
  const endsWait = /^SendTask(Success|Failure|Heartbeat)$/.test(call.operation);
  const { stateMachine, execution } = call.resources;
  return {
    action: `states:${call.operation}`,
    resource: known(endsWait ? place.waits : (stateMachine ?? execution), call),
  };
}

/** Kinds of resources by their part of an ARN. */
const HOSTING_KINDS = {
  model: 'model',
  endpointConfig: 'endpoint-config',
  endpoint: 'endpoint',
  packageGroup: 'model-package-group',
} as const;

export function hostingQuestions(call: RecordedCall, place: Place): readonly Question[] {
  const arn = (kind: keyof typeof HOSTING_KINDS) => {
    const name = known(call.resources[kind], call).toLowerCase();
    return `arn:aws:sagemaker:${place.region}:${place.account}:${HOSTING_KINDS[kind]}/${name}`;
  };
  const ask = (resource: string): Question => ({
    action: `sagemaker:${call.operation}`,
    resource,
    context: conditionsOf(call),
  });
  /** What a recorded call has changed, or been refused to change, bore its stage's tag: the deployer looks before it does. */
  const ours = (resource: string): Question => {
    const { key, value } = hostingTag(known(place.stage, call));
    return { action: ask(resource).action, resource, context: { [`aws:ResourceTag/${key}`]: value } };
  };
  /** Whoever makes something with tags needs the right to tag it. */
  const tag = (kind: keyof typeof HOSTING_KINDS): readonly Question[] => {
    const { 'aws:TagKeys': keys, ...others } = conditionsOf(call);
    if (keys === undefined) return [];
    const named = Object.entries(others).filter(([name]) => name.startsWith('aws:RequestTag/'));
    const context = {
      'aws:TagKeys': keys,
      ...Object.fromEntries(named),
      'sagemaker:TaggingAction': call.operation,
    };
    return [{ action: 'sagemaker:AddTags', resource: arn(kind), context }];
  };
  switch (call.operation) {
    case 'CreateModel':
      return [ask(arn('model')), ...tag('model'), passRole(call, 'sagemaker.amazonaws.com')];
    case 'DescribeModel':
    case 'DeleteModel':
      return [ask(arn('model'))];
    case 'CreateEndpointConfig':
      return [ask(arn('endpointConfig')), ...tag('endpointConfig')];
    case 'DescribeEndpointConfig':
    case 'DeleteEndpointConfig':
      return [ask(arn('endpointConfig'))];
    case 'CreateEndpoint':
      return [ask(arn('endpoint')), ask(arn('endpointConfig')), ...tag('endpoint')];
    case 'UpdateEndpoint':
      return [ours(arn('endpoint')), ask(arn('endpointConfig'))];
    case 'DeleteEndpoint':
      return [ours(arn('endpoint'))];
    case 'DescribeEndpoint':
      return [ask(arn('endpoint'))];
    case 'CreateModelPackageGroup':
      return [ask(arn('packageGroup')), ...tag('packageGroup')];
    case 'CreateModelPackage':
    case 'ListModelPackages':
      // Versions are below their group's name.
      return [ask(`${arn('packageGroup').replace('model-package-group/', 'model-package/')}/1`)];
    case 'DescribeModelPackage':
    case 'UpdateModelPackage':
      return [ask(known(call.resources.package, call))];
    case 'AddTags':
    case 'ListTags':
      return [ask(known(call.resources.tagged, call))];
    case 'ListEndpointConfigs':
    case 'ListEndpoints':
    case 'ListModels':
      return [ask('*')];
    default:
      throw new Error(`the SageMaker operation ${call.operation} is not known`);
  }
}

function passRole(call: RecordedCall, service: string): Question {
  return {
    action: 'iam:PassRole',
    resource: known(call.resources.passedRole, call),
    context: { 'iam:PassedToService': service },
  };
}

/** A mail needs the right to its sender and to its configuration set. */
export function mailQuestions(call: RecordedCall, place: Place): readonly Question[] {
  if (call.operation !== 'SendEmail') throw new Error(`the SES operation ${call.operation} is not known`);
  const sender = known(call.resources.sender, call);
  const arn = (kind: string, name: string) => `arn:aws:ses:${place.region}:${place.account}:${kind}/${name}`;
  const { configurationSet } = call.resources;
  const context = { 'ses:FromAddress': sender };
  return [
    { action: 'ses:SendEmail', resource: arn('identity', known(identityOf(sender, place), call)), context },
    ...(configurationSet === undefined
      ? []
      : [{ action: 'ses:SendEmail', resource: arn('configuration-set', configurationSet), context }]),
  ];
}

/** The identity that vouches for an address: itself, else its domain or the nearest one above it. */
function identityOf(sender: string, { mailIdentities = [] }: Place): string | undefined {
  const labels = sender.slice(sender.indexOf('@') + 1).split('.');
  const domains = labels.map((_, at) => labels.slice(at).join('.'));
  return [sender, ...domains].find((candidate) => mailIdentities.includes(candidate));
}

export function alarmQuestions(call: RecordedCall, place: Place): readonly Question[] {
  const alarm = (name: string): Question => ({
    action: `cloudwatch:${call.operation}`,
    resource: `arn:aws:cloudwatch:${place.region}:${place.account}:alarm:${name}`,
  });
  switch (call.operation) {
    case 'PutMetricData':
      return [
        { action: 'cloudwatch:PutMetricData', resource: '*', context: conditionsOf(call, 'cloudwatch:namespace') },
      ];
    case 'DescribeAlarms':
      // Whoever names none asks for all.
      return (call.resources.alarms ?? ['*']).map(alarm);
    case 'DeleteAlarms':
    case 'PutMetricAlarm':
    case 'SetAlarmState':
      return known(call.resources.alarms, call).map(alarm);
    default:
      throw new Error(`the CloudWatch operation ${call.operation} is not known`);
  }
}
