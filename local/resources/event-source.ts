import { eventPattern } from '../events/pattern.ts';
import { TemplateError } from '../properties.ts';
import { EventSource } from '../streams/event-source.ts';
import { TableStream } from '../streams/stream.ts';
import type { Maker, Makers } from './maker.ts';

/** Lambda's own number for DynamoDB. */
const DEFAULT_BATCH_SIZE = 100;

const eventSourceMapping: Maker = async (properties, { cloud, logicalId }) => {
  const arn = properties.text('EventSourceArn');
  if (!/:table\/[^/]+\/stream\//.test(arn)) {
    throw new TemplateError(`${logicalId}: of event sources, local AWS plays streams of tables only, not ${arn}`);
  }
  if (properties.has('Enabled') && !properties.flag('Enabled')) {
    throw new TemplateError(`${logicalId}: an event source mapping is made to be enabled`);
  }
  const name = properties.text('FunctionName').split(':').at(-1) ?? '';
  const target = cloud.host.find(name);
  if (target === undefined) throw new TemplateError(`${logicalId}: there is no function ${name}`);
  const failureQueueArn = properties.optionalPart('DestinationConfig')?.part('OnFailure').text('Destination');
  if (failureQueueArn !== undefined && !failureQueueArn.startsWith('arn:aws:sqs:')) {
    throw new TemplateError(`${logicalId}: of destinations, local AWS plays queues only, not ${failureQueueArn}`);
  }
  const reports = properties.texts('FunctionResponseTypes');
  const filters = properties.optionalPart('FilterCriteria')?.parts('Filters') ?? [];
  const retries = properties.optionalNumber('MaximumRetryAttempts') ?? -1;
  const source = new EventSource({
    stream: new TableStream(arn, cloud.emulatorPort),
    target,
    position: properties.oneOf('StartingPosition', ['LATEST', 'TRIM_HORIZON']),
    batchSize: properties.optionalNumber('BatchSize') ?? DEFAULT_BATCH_SIZE,
    filters: filters.map((filter) => eventPattern(JSON.parse(filter.text('Pattern')))),
    // -1 stands for as often as it takes.
    retries: retries === -1 ? Number.POSITIVE_INFINITY : retries,
    bisect: properties.flag('BisectBatchOnFunctionError'),
    reportsFailures: reports.includes('ReportBatchItemFailures'),
    ...(failureQueueArn === undefined ? {} : { failureQueueArn }),
    host: cloud.host,
    visibility: cloud.visibility,
    sendToQueue: cloud.sendToQueue,
  });
  await source.start();
  cloud.eventSources.push(source);
  // A batch is handed over as soon as there is one; on one machine no record grows a day old.
  properties.ignore('MaximumBatchingWindowInSeconds', 'MaximumRecordAgeInSeconds', 'ParallelizationFactor');
  properties.ignore('KmsKeyArn', 'MetricsConfig', 'Tags');
  return { ref: logicalId };
};

export const eventSourceMakers: Makers = { 'AWS::Lambda::EventSourceMapping': eventSourceMapping };
