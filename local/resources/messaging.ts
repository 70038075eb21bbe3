import { CreateTopicCommand, SetTopicAttributesCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { TemplateError } from '../properties.ts';
import type { Maker, Makers } from './maker.ts';

const QUEUE_ATTRIBUTES = [
  'DelaySeconds',
  'KmsDataKeyReusePeriodSeconds',
  'KmsMasterKeyId',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds',
  'VisibilityTimeout',
] as const;

const queue: Maker = async (properties, context) => {
  const { cloud } = context;
  const name = properties.optionalText('QueueName') ?? context.generatedName();
  const attributes: Record<string, string> = {};
  for (const attribute of QUEUE_ATTRIBUTES) {
    const value = properties.optionalText(attribute);
    if (value !== undefined) attributes[attribute] = value;
  }
  // Asked for one by one: CloudFormation writes it as a flag, the service wants its text.
  if (properties.flag('SqsManagedSseEnabled')) attributes.SqsManagedSseEnabled = 'true';
  properties.ignore('Tags');
  const { QueueUrl: url } = await cloud.clients.sqs.send(
    new CreateQueueCommand({ QueueName: name, Attributes: attributes }),
  );
  if (url === undefined) throw new TemplateError(`${context.logicalId}: no queue was made`);
  return {
    ref: url,
    attributes: { Arn: `arn:aws:sqs:${cloud.region}:${cloud.accountId}:${name}`, QueueName: name, QueueUrl: url },
  };
};

const queuePolicy: Maker = async (properties, { cloud, logicalId }) => {
  const policy = JSON.stringify(properties.value('PolicyDocument'));
  for (const url of properties.texts('Queues')) {
    await cloud.clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy: policy } }));
  }
  return { ref: logicalId };
};

const topic: Maker = async (properties, context) => {
  const name = properties.optionalText('TopicName') ?? context.generatedName();
  const keyId = properties.optionalText('KmsMasterKeyId');
  const display = properties.optionalText('DisplayName');
  properties.ignore('Tags');
  const { TopicArn: arn } = await context.cloud.clients.sns.send(
    new CreateTopicCommand({
      Name: name,
      Attributes: {
        ...(keyId === undefined ? {} : { KmsMasterKeyId: keyId }),
        ...(display === undefined ? {} : { DisplayName: display }),
      },
    }),
  );
  if (arn === undefined) throw new TemplateError(`${context.logicalId}: no topic was made`);
  return { ref: arn, attributes: { TopicArn: arn, TopicName: name } };
};

const topicPolicy: Maker = async (properties, { cloud, logicalId }) => {
  const policy = JSON.stringify(properties.value('PolicyDocument'));
  for (const arn of properties.texts('Topics')) {
    await cloud.clients.sns.send(
      new SetTopicAttributesCommand({ TopicArn: arn, AttributeName: 'Policy', AttributeValue: policy }),
    );
  }
  return { ref: logicalId };
};

const subscription: Maker = async (properties, { cloud, logicalId }) => {
  const { SubscriptionArn: arn } = await cloud.clients.sns.send(
    new SubscribeCommand({
      TopicArn: properties.text('TopicArn'),
      Protocol: properties.text('Protocol'),
      Endpoint: properties.text('Endpoint'),
    }),
  );
  return { ref: arn ?? logicalId };
};

export const messagingMakers: Makers = {
  'AWS::SQS::Queue': queue,
  'AWS::SQS::QueuePolicy': queuePolicy,
  'AWS::SNS::Topic': topic,
  'AWS::SNS::TopicPolicy': topicPolicy,
  'AWS::SNS::Subscription': subscription,
};
