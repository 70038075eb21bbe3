import {
  type CloudWatchClient,
  DescribeAlarmsCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import type { DeploymentAlarms } from '../../app/promotion/hosting.ts';
import { DEPLOYMENT_METRICS, deploymentAlarmPrefix } from '../../contracts/deployment.ts';
import { unavailable } from '../failures.ts';

/** Seconds of a period; shorter than a minute, so that the alarm rings within seconds. */
const PERIOD = 10;
/** Two minutes: longer than from one poll to the next, which lets it ring again. */
const PERIODS = 12;

/** Our own rollback alarm of each endpoint: nothing else stops a deployment that runs. */
export function cloudwatchAlarms(client: CloudWatchClient, stage: string): DeploymentAlarms {
  const nameOf = (endpoint: string) => `${deploymentAlarmPrefix(stage)}${endpoint}`;
  const metric = (endpoint: string) => ({
    MetricName: 'DeploymentAborted',
    Dimensions: [
      { Name: 'Stage', Value: stage },
      { Name: 'Endpoint', Value: endpoint },
    ],
  });

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
            ...metric(endpoint),
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
            MetricData: [{ ...metric(endpoint), Value: 1, StorageResolution: 1 }],
          }),
        );
      } catch (error) {
        unavailable('CloudWatch', error);
      }
    },
  };
}
