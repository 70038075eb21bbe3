import {
  type AdvancedEventSelector,
  CreateTrailCommand,
  PutEventSelectorsCommand,
  StartLoggingCommand,
} from '@aws-sdk/client-cloudtrail';
import { PutMetricAlarmCommand, type PutMetricAlarmCommandInput } from '@aws-sdk/client-cloudwatch';
import {
  CreateLogGroupCommand,
  PutMetricFilterCommand,
  PutRetentionPolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import type { Properties } from '../properties.ts';
import type { Maker, Makers } from './maker.ts';

const logGroup: Maker = async (properties, context) => {
  const { cloud } = context;
  const name = properties.optionalText('LogGroupName') ?? context.generatedName();
  await cloud.clients.logs.send(
    new CreateLogGroupCommand({ logGroupName: name, kmsKeyId: properties.optionalText('KmsKeyId') }),
  );
  const days = properties.optionalNumber('RetentionInDays');
  if (days !== undefined) {
    await cloud.clients.logs.send(new PutRetentionPolicyCommand({ logGroupName: name, retentionInDays: days }));
  }
  properties.ignore('Tags', 'LogGroupClass', 'DeletionProtectionEnabled');
  return { ref: name, attributes: { Arn: `arn:aws:logs:${cloud.region}:${cloud.accountId}:log-group:${name}:*` } };
};

const metricFilter: Maker = async (properties, context) => {
  const name = properties.optionalText('FilterName') ?? context.generatedName();
  await context.cloud.clients.logs.send(
    new PutMetricFilterCommand({
      logGroupName: properties.text('LogGroupName'),
      filterName: name,
      filterPattern: properties.text('FilterPattern'),
      metricTransformations: properties.parts('MetricTransformations').map((transformation) => {
        transformation.ignore('Dimensions', 'Unit');
        return {
          metricName: transformation.text('MetricName'),
          metricNamespace: transformation.text('MetricNamespace'),
          metricValue: transformation.text('MetricValue'),
          defaultValue: transformation.optionalNumber('DefaultValue'),
        };
      }),
    }),
  );
  return { ref: name };
};

const OPERATORS = [
  'GreaterThanOrEqualToThreshold',
  'GreaterThanThreshold',
  'LessThanOrEqualToThreshold',
  'LessThanThreshold',
] as const;
const STATISTICS = ['Average', 'Maximum', 'Minimum', 'SampleCount', 'Sum'] as const;

const alarm: Maker = async (properties, context) => {
  const { cloud } = context;
  const name = properties.optionalText('AlarmName') ?? context.generatedName();
  const metrics = properties.parts('Metrics').map((query) => {
    const stat = query.optionalPart('MetricStat');
    const metric = stat?.part('Metric');
    return {
      Id: query.text('Id'),
      Expression: query.optionalText('Expression'),
      Label: query.optionalText('Label'),
      ...(query.has('ReturnData') ? { ReturnData: query.flag('ReturnData') } : {}),
      ...(stat === undefined || metric === undefined
        ? {}
        : {
            MetricStat: {
              Period: stat.number('Period'),
              Stat: stat.text('Stat'),
              Metric: {
                Namespace: metric.text('Namespace'),
                MetricName: metric.text('MetricName'),
                Dimensions: dimensions(metric),
              },
            },
          }),
    };
  });
  const input: PutMetricAlarmCommandInput = {
    AlarmName: name,
    AlarmDescription: properties.optionalText('AlarmDescription'),
    AlarmActions: [...properties.texts('AlarmActions')],
    OKActions: [...properties.texts('OKActions')],
    ComparisonOperator: properties.oneOf('ComparisonOperator', OPERATORS),
    EvaluationPeriods: properties.number('EvaluationPeriods'),
    DatapointsToAlarm: properties.optionalNumber('DatapointsToAlarm'),
    Threshold: properties.number('Threshold'),
    TreatMissingData: properties.optionalText('TreatMissingData'),
  };
  properties.ignore('Tags', 'ActionsEnabled');
  if (metrics.length > 0) {
    await cloud.clients.cloudwatch.send(new PutMetricAlarmCommand({ ...input, Metrics: metrics }));
  } else {
    const extended = properties.optionalText('ExtendedStatistic');
    await cloud.clients.cloudwatch.send(
      new PutMetricAlarmCommand({
        ...input,
        Namespace: properties.text('Namespace'),
        MetricName: properties.text('MetricName'),
        Dimensions: dimensions(properties),
        Period: properties.number('Period'),
        ...(extended === undefined
          ? { Statistic: properties.oneOf('Statistic', STATISTICS) }
          : { ExtendedStatistic: extended }),
      }),
    );
  }
  return { ref: name, attributes: { Arn: `arn:aws:cloudwatch:${cloud.region}:${cloud.accountId}:alarm:${name}` } };
};

function dimensions(properties: Properties) {
  return properties
    .parts('Dimensions')
    .map((dimension) => ({ Name: dimension.text('Name'), Value: dimension.text('Value') }));
}

/** The emulator keeps the trail and answers LookupEvents; it delivers no log files. */
const trail: Maker = async (properties, context) => {
  const { cloud } = context;
  const name = properties.optionalText('TrailName') ?? context.generatedName();
  const made = await cloud.clients.cloudtrail.send(
    new CreateTrailCommand({
      Name: name,
      S3BucketName: properties.text('S3BucketName'),
      S3KeyPrefix: properties.optionalText('S3KeyPrefix'),
      KmsKeyId: properties.optionalText('KMSKeyId'),
      CloudWatchLogsLogGroupArn: properties.optionalText('CloudWatchLogsLogGroupArn'),
      CloudWatchLogsRoleArn: properties.optionalText('CloudWatchLogsRoleArn'),
      EnableLogFileValidation: properties.flag('EnableLogFileValidation'),
      IncludeGlobalServiceEvents: properties.flag('IncludeGlobalServiceEvents'),
      IsMultiRegionTrail: properties.flag('IsMultiRegionTrail'),
    }),
  );
  const selectors = properties.parts('AdvancedEventSelectors').map(
    (selector): AdvancedEventSelector => ({
      Name: selector.optionalText('Name'),
      FieldSelectors: selector.parts('FieldSelectors').map((field) => ({
        Field: field.text('Field'),
        ...(field.has('Equals') ? { Equals: [...field.texts('Equals')] } : {}),
        ...(field.has('StartsWith') ? { StartsWith: [...field.texts('StartsWith')] } : {}),
        ...(field.has('NotEquals') ? { NotEquals: [...field.texts('NotEquals')] } : {}),
        ...(field.has('NotStartsWith') ? { NotStartsWith: [...field.texts('NotStartsWith')] } : {}),
      })),
    }),
  );
  if (selectors.length > 0) {
    await cloud.clients.cloudtrail.send(
      new PutEventSelectorsCommand({ TrailName: name, AdvancedEventSelectors: selectors }),
    );
  }
  if (properties.flag('IsLogging')) await cloud.clients.cloudtrail.send(new StartLoggingCommand({ Name: name }));
  properties.ignore('Tags', 'InsightSelectors');
  return { ref: name, attributes: { Arn: made.TrailARN ?? '' } };
};

export const observabilityMakers: Makers = {
  'AWS::Logs::LogGroup': logGroup,
  'AWS::Logs::MetricFilter': metricFilter,
  'AWS::CloudWatch::Alarm': alarm,
  'AWS::CloudTrail::Trail': trail,
};
