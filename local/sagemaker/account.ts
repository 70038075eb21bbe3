import { type CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { HeadObjectCommand, NotFound, type S3Client } from '@aws-sdk/client-s3';
import type { SageMakerOptions } from './control-plane.ts';

/** Most names that DescribeAlarms takes. */
const ALARMS_AT_ONCE = 100;

/**
 * What SageMaker itself reads of the account. On AWS it does so as the execution role; here it asks the emulator past the
 * front door, so that only what callers do is recorded and counted.
 */
export function readingAccount(clients: {
  readonly s3: S3Client;
  readonly cloudwatch: CloudWatchClient;
}): Pick<SageMakerOptions, 'alarmStates' | 'objectExists'> {
  return {
    alarmStates: async (names) => {
      const states = new Map<string, string>();
      for (let from = 0; from < names.length; from += ALARMS_AT_ONCE) {
        const { MetricAlarms = [], CompositeAlarms = [] } = await clients.cloudwatch.send(
          new DescribeAlarmsCommand({
            AlarmNames: names.slice(from, from + ALARMS_AT_ONCE),
            AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
            MaxRecords: ALARMS_AT_ONCE,
          }),
        );
        for (const { AlarmName, StateValue } of [...MetricAlarms, ...CompositeAlarms]) {
          if (AlarmName !== undefined && StateValue !== undefined) states.set(AlarmName, StateValue);
        }
      }
      return states;
    },
    objectExists: async (Bucket, Key) => {
      try {
        await clients.s3.send(new HeadObjectCommand({ Bucket, Key }));
        return true;
      } catch (error) {
        if (error instanceof NotFound) return false;
        throw error;
      }
    },
  };
}
