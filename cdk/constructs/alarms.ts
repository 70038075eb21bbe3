import { type Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { StageConfig } from '../config.ts';
import type { AuditKey } from './encryption-key.ts';

/** What each alarm says, by the heading in docs/runbook.md that tells what to do. */
export const ALARMS = {
  'function-errors': 'A function crashed or timed out.',
  'function-throttles': 'Lambda refused to run a function: its concurrency is used up.',
  'simulation-failed': 'The simulation of a policy came to no end.',
  'promotion-stopped': 'A promotion was stopped past the API, or ran out of time.',
  'failed-events':
    'What a function was handed has failed for good: a staged upload, an announcement, or an execution that ended.',
  'api-server-errors': 'An API answers with server errors.',
  'integrity-failure': 'Stored evidence does not verify.',
  'gate-without-a-policy': 'A gate could not decide: the policy in force breaks down.',
  'waivers-ending': 'A rule will bite again: an exception to it ends within 14 days.',
  'link-dead':
    'Five wrong codes were entered at the link of an approver, or all its codes asked for: it is of no more use.',
  'webhooks-failing': 'A webhook was not reached for three days, or says that it is gone.',
  'api-latency': 'The slowest hundredth of API answers takes too long.',
  'table-throttling': 'DynamoDB refused reads or writes.',
  'kms-throttling': 'KMS refused calls because the account makes too many.',
  'break-glass-used': 'Somebody uses the break-glass role.',
  'rebuilder-used': 'Somebody uses the role that writes the tables directly.',
  'keys-changed': 'Somebody changed one of the KMS keys, its policy or its alias.',
  'tables-written': 'Somebody wrote to a table past the functions, tried to, or changed who may.',
  'writers-changed': 'Somebody changed a function, a workflow or a role of ours past deployments.',
  'run-past-the-api': 'Somebody ran a function or a workflow of ours past the API.',
  'evidence-protection-changed':
    'Somebody changed how the evidence bucket, the trail bucket or the trail is protected.',
} as const;

export type AlarmName = keyof typeof ALARMS;

/** Where alarms go. Encrypted, because an alarm tells an attacker what was noticed. */
export class AlarmTopic extends Construct {
  readonly topic: sns.Topic;

  constructor(scope: Construct, id: string, props: { readonly config: StageConfig; readonly auditKey: AuditKey }) {
    super(scope, id);
    const { stage, alarmEmail } = props.config;
    this.topic = new sns.Topic(this, 'Topic', {
      topicName: `countersign-${stage}-alarms`,
      displayName: `Countersign ${stage}`,
      masterKey: props.auditKey.key,
      enforceSSL: true,
    });
    this.topic.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'AlarmsPublish',
        principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    if (alarmEmail !== undefined) this.topic.addSubscription(new EmailSubscription(alarmEmail));
  }
}

export interface Threshold {
  /** The alarm rises when the metric reaches this value. */
  readonly reaches: number;
  /** Periods of the metric in a row. @default 1 */
  readonly periods?: number;
}

/** The alarms of one stack. Each goes to the topic and names its article in the runbook. */
export class Alarms extends Construct {
  private readonly topic: AlarmTopic;
  private readonly stage: string;

  constructor(scope: Construct, id: string, props: { readonly config: StageConfig; readonly topic: AlarmTopic }) {
    super(scope, id);
    this.topic = props.topic;
    this.stage = props.config.stage;
  }

  /** Watches a metric. `subject` tells several alarms of one name apart, such as the name of a function. */
  watch(name: AlarmName, metric: cloudwatch.IMetric, { reaches, periods = 1 }: Threshold, subject?: string): void {
    const id = subject === undefined ? name : `${name}-${subject}`;
    const about = subject === undefined ? '' : ` (${subject})`;
    const alarm = new cloudwatch.Alarm(this, id, {
      alarmName: `countersign-${this.stage}-${id}`,
      alarmDescription: `${ALARMS[name]}${about} See docs/runbook.md#${name}`,
      metric,
      threshold: reaches,
      evaluationPeriods: periods,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      // No data means that nobody called.
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.topic.topic));
  }

  /** Watches for lines in any of the logs that fit a CloudWatch Logs filter pattern: one is enough. */
  watchLogs(name: AlarmName, logGroups: readonly logs.LogGroup[], pattern: string, period: Duration): void {
    const metricNamespace = `Countersign/${this.stage}`;
    for (const logGroup of logGroups) {
      logGroup.addMetricFilter(name, {
        filterPattern: { logPatternString: pattern },
        metricNamespace,
        metricName: name,
      });
    }
    const metric = new cloudwatch.Metric({
      namespace: metricNamespace,
      metricName: name,
      period,
      statistic: cloudwatch.Stats.SUM,
    });
    this.watch(name, metric, { reaches: 1 });
  }
}
