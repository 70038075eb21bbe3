import { CfnOutput, Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { StageConfig } from '../config.ts';
import { acknowledge } from '../nag.ts';
import { type FunctionName, functionName } from '../names.ts';
import type { DataKey } from './encryption-key.ts';
import type { ServiceFunction } from './service-function.ts';

/** Two more attempts, a minute and two minutes later: what Lambda does at most. */
const RETRIES = 2;
/** An event that could not be started for so long goes to the queue as well. */
const OLDEST_EVENT = Duration.hours(6);

/** Where the events of an asynchronous function end when every attempt has failed, with the error of the last one. */
export class FailedEvents extends Construct {
  readonly queue: sqs.Queue;

  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly config: StageConfig;
      readonly dataKey: DataKey;
      readonly source: ServiceFunction;
      readonly name: FunctionName;
      /** What lies in it, for whoever looks for its address among the stack's outputs. */
      readonly holds: string;
    },
  ) {
    super(scope, id);
    const { config, source } = props;
    this.queue = new sqs.Queue(this, 'Queue', {
      queueName: `${functionName(config.stage, props.name)}-failed`,
      encryption: sqs.QueueEncryption.KMS,
      encryptionMasterKey: props.dataKey.key,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    source.allow({
      sid: 'KeepFailedEvents',
      actions: ['sqs:SendMessage'],
      resources: [this.queue.queueArn],
    });
    source.fn.configureAsyncInvoke({
      // Not CDK's SqsDestination: its grant on the key has wildcard actions.
      onFailure: { bind: () => ({ destination: this.queue.queueArn }) },
      retryAttempts: RETRIES,
      maxEventAge: OLDEST_EVENT,
    });
    new CfnOutput(scope, `${id}QueueUrl`, { value: this.queue.queueUrl, description: props.holds });
    acknowledge(this.queue, {
      'AwsSolutions-SQS3': 'This is the queue for what has failed; a person reads it.',
    });
  }
}
