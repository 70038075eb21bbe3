import { Duration } from 'aws-cdk-lib';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Alarms } from '../constructs/alarms.ts';
import type { ServiceFunction } from '../constructs/service-function.ts';

/** What alarms look at together. */
export const PERIOD = Duration.minutes(5);

/** Functions whose errors a state machine sees, retries and records; what it cannot, it fails with itself. */
const TASK_FUNCTIONS: ReadonlySet<string> = new Set([
  'simulator',
  'promoter',
  'promotion-gate',
  'deployer',
  'releaser',
  'approval-desk',
]);

/** Tells a person of functions that crash, and of functions that Lambda does not run. */
export function watchFunctions(alarms: Alarms, functions: Readonly<Record<string, ServiceFunction>>): void {
  for (const [name, { fn }] of Object.entries(functions)) {
    if (!TASK_FUNCTIONS.has(name)) {
      alarms.watch('function-errors', fn.metricErrors({ period: PERIOD }), { reaches: 1 }, name);
    }
    alarms.watch('function-throttles', fn.metricThrottles({ period: PERIOD }), { reaches: 1 }, name);
  }
}

/**
 * Tells a person of events that nobody could handle.
 *
 * @param about - as the alarm names it; undefined for the stack's own
 */
export function watchFailedEvents(alarms: Alarms, queue: IQueue, about?: string): void {
  const waiting = queue.metricApproximateNumberOfMessagesVisible({ period: PERIOD });
  alarms.watch('failed-events', waiting, { reaches: 1 }, about);
}
