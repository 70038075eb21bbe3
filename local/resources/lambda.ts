import { TemplateError } from '../properties.ts';
import { type Maker, type Makers, withoutEffect } from './maker.ts';

const lambdaFunction: Maker = (properties, context) => {
  const { cloud } = context;
  const name = properties.optionalText('FunctionName') ?? context.generatedName();
  const arn = `arn:aws:lambda:${cloud.region}:${cloud.accountId}:function:${name}`;
  const roleArn = properties.text('Role');
  const role = [...cloud.roles.values()].find((candidate) => candidate.arn === roleArn);
  if (role === undefined) throw new TemplateError(`${context.logicalId}: there is no role ${roleArn}`);
  const code = properties.part('Code');
  code.ignore('S3Bucket');
  const logging = properties.optionalPart('LoggingConfig');
  logging?.ignore('LogFormat', 'ApplicationLogLevel', 'SystemLogLevel');
  const reserved = properties.optionalNumber('ReservedConcurrentExecutions');
  cloud.host.register({
    name,
    arn,
    role,
    codeDir: context.assetFolder(code.text('S3Key')),
    handler: properties.text('Handler'),
    runtime: properties.text('Runtime'),
    environment: properties.optionalPart('Environment')?.textMap('Variables') ?? {},
    timeoutMs: (properties.optionalNumber('Timeout') ?? 3) * 1000,
    memorySize: properties.optionalNumber('MemorySize') ?? 128,
    logGroup: logging?.optionalText('LogGroup') ?? `/aws/lambda/${name}`,
    ...(reserved === undefined ? {} : { reservedConcurrency: reserved }),
    // Lambda's own number for asynchronous events; AWS::Lambda::EventInvokeConfig may replace it.
    retries: 2,
  });
  properties.ignore('Architectures', 'Description', 'EphemeralStorage', 'RecursiveLoop', 'Tags', 'TracingConfig');
  return { ref: name, attributes: { Arn: arn } };
};

const eventInvokeConfig: Maker = (properties, { cloud, logicalId }) => {
  const name = properties.text('FunctionName');
  const definition = cloud.host.find(name);
  if (definition === undefined) throw new TemplateError(`${logicalId}: there is no function ${name}`);
  const destinations = properties.optionalPart('DestinationConfig');
  const failure = destinations?.optionalPart('OnFailure')?.text('Destination');
  if (failure !== undefined && !failure.startsWith('arn:aws:sqs:')) {
    throw new TemplateError(`${logicalId}: of destinations, local AWS plays queues only, not ${failure}`);
  }
  definition.retries = properties.optionalNumber('MaximumRetryAttempts') ?? 2;
  if (failure !== undefined) definition.failureQueueArn = failure;
  properties.ignore('MaximumEventAgeInSeconds', 'Qualifier');
  return { ref: logicalId };
};

export const lambdaMakers: Makers = {
  'AWS::Lambda::Function': lambdaFunction,
  'AWS::Lambda::EventInvokeConfig': eventInvokeConfig,
  // Who may invoke a function is proved on the template.
  'AWS::Lambda::Permission': withoutEffect,
};
