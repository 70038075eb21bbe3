import { Duration, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { EVENT_SOURCE } from '../../lib/contracts/announcements.ts';
import { BEARING_ON_ALL } from '../../lib/contracts/predicates.ts';
import type { StageConfig } from '../config.ts';
import type { DataStack } from '../stacks/data-stack.ts';
import { OTHER_ENDS } from './announcement-bus.ts';
import { DailyRun } from './daily-run.ts';
import type { ServiceFunction } from './service-function.ts';

/** Pieces of evidence that are looked at together, and how long the first waits for the others. */
const BATCH = 100;
const BATCHING_WINDOW = Duration.seconds(1);

/** Beyond this the gate before the deployment sees for itself. */
const RETRIES = 20;

/** What starts the function that watches approvals: evidence that comes in, SES's news of mails, promotions that ended, and the day. */
export class ApprovalNews extends Construct {
  constructor(
    scope: Construct,
    id: string,
    {
      config,
      data,
      watch,
    }: { readonly config: StageConfig; readonly data: DataStack; readonly watch: ServiceFunction },
  ) {
    super(scope, id);
    const { tableStreamArn } = data.evidenceTable.table;
    if (tableStreamArn === undefined) throw new Error('the evidence table has no stream');
    watch.allow({
      sid: 'ReadEvidenceStream',
      actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
      resources: [tableStreamArn],
    });
    new lambda.EventSourceMapping(this, 'Evidence', {
      target: watch.fn,
      eventSourceArn: tableStreamArn,
      startingPosition: StartingPosition.LATEST,
      batchSize: BATCH,
      maxBatchingWindow: BATCHING_WINDOW,
      retryAttempts: RETRIES,
      bisectBatchOnError: true,
      filters: [
        arrivalOf({ kind: { S: FilterRule.isEqual('attestation') } }),
        arrivalOf({
          kind: { S: FilterRule.isEqual('event') },
          predicate_type: { S: FilterRule.or(...BEARING_ON_ALL) },
        }),
      ],
    });
    new events.Rule(this, 'Mails', {
      ruleName: `countersign-${config.stage}-mails-returned`,
      description: 'Tells of mails to approvers that came back',
      eventPattern: {
        source: ['aws.ses'],
        detailType: ['Email Bounced', 'Email Complaint Received', 'Email Rejected'],
        resources: [
          Stack.of(this).formatArn({
            service: 'ses',
            resource: 'configuration-set',
            resourceName: `countersign-${config.stage}`,
          }),
        ],
      },
      targets: [new LambdaFunction(watch.fn)],
    });
    new events.Rule(this, 'Ends', {
      ruleName: `countersign-${config.stage}-ends-told`,
      description: 'Tells of promotions that ended without a release, though people had approved',
      eventBus: data.announcements.bus,
      eventPattern: { source: [EVENT_SOURCE], detailType: OTHER_ENDS },
      targets: [new LambdaFunction(watch.fn)],
    });
    new DailyRun(this, 'Digests', { config, source: watch, name: 'approval-watch', hour: 7 });
  }
}

/** What gates, approvals and promotions state themselves follows from what people were shown, and changes nothing of it. */
function arrivalOf(image: Readonly<Record<string, object>>) {
  return FilterCriteria.filter({
    eventName: FilterRule.isEqual('INSERT'),
    dynamodb: { Keys: { sk: { S: FilterRule.isEqual('evidence') } }, NewImage: image },
  });
}
