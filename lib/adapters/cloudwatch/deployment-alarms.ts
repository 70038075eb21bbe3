import {
  type CloudWatchClient,
  DescribeAlarmsCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import type { DeploymentAlarms } from '../../app/promotion/hosting.ts';
import { DEPLOYMENT_METRICS, deploymentAlarmPrefix } from '../../contracts/deployment.ts';
import { unavailable } from '../failures.ts';

/** Seconds of a period; shorter than a minute, so that the alarm rings within seconds. */
const PERIOD = 10;
/** 90 s: longer than from one poll to the next, which lets it ring again. */
const PERIODS = 9;

/** Our own rollback alarm of each endpoint: nothing else stops a deployment that runs. */
export function cloudwatchAlarms(client: CloudWatchClient, stage: string): DeploymentAlarms {
  const nameOf = (endpoint: string) => `${deploymentAlarmPrefix(stage)}${endpoint}`;
  // A name of its own, not a dimension: who looks at one endpoint's metric looks at no other's.
  const metricOf = (endpoint: string) => `DeploymentAborted.${stage}.${endpoint}`;

  return {
    nameOf,

    async ringing(names) {
      try {
        // As many names as a deployment has alarms fit into one page.
        const { MetricAlarms = [], CompositeAlarms = [] } = await client.send(
          new DescribeAlarmsCommand({ AlarmNames: [...names], AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] }),
        );
        return new Map(
          [...MetricAlarms, ...CompositeAlarms].map(({ AlarmName = '', StateValue }) => [
            AlarmName,
            StateValue === 'ALARM',
          ]),
        );
      } catch (error) {
        return unavailable('CloudWatch', error);
      }
    },

    async ensure(endpoint) {
      try {
        await client.send(
          new PutMetricAlarmCommand({
            AlarmName: nameOf(endpoint),
            AlarmDescription: `Rings when Countersign takes a deployment to ${endpoint} back. See docs/runbook.md#tampered-artifact`,
            Namespace: DEPLOYMENT_METRICS,
            MetricName: metricOf(endpoint),
            Statistic: 'Maximum',
            Period: PERIOD,
            EvaluationPeriods: PERIODS,
            DatapointsToAlarm: 1,
            Threshold: 1,
            ComparisonOperator: 'GreaterThanOrEqualToThreshold',
            TreatMissingData: 'notBreaching',
          }),
        );
      } catch (error) {
        unavailable('CloudWatch', error);
      }
    },

    async ring(endpoint) {
      try {
        await client.send(
          new PutMetricDataCommand({
            Namespace: DEPLOYMENT_METRICS,
            MetricData: [{ MetricName: metricOf(endpoint), Value: 1, StorageResolution: 1 }],
          }),
        );
      } catch (error) {
        unavailable('CloudWatch', error);
      }
    },

    async silence(endpoint) {
      try {
        const StateReason = 'What it rang for is over: a new deployment begins.';
        await client.send(new SetAlarmStateCommand({ AlarmName: nameOf(endpoint), StateValue: 'OK', StateReason }));
      } catch (error) {
        unavailable('CloudWatch', error);
      }
    },
  };
}
