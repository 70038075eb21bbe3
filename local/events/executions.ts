import type { DescribeExecutionOutput } from '@aws-sdk/client-sfn';
import type { Announcement } from './bus.ts';

/** Below it, moto names the execution that has ended: see moto_server.py. */
const ENDED_PATH = '/_local/executions/';

/** ARN of the execution that moto says has ended; undefined if the path is another. */
export function endedExecution(path: string): string | undefined {
  return path.startsWith(ENDED_PATH) ? decodeURIComponent(path.slice(ENDED_PATH.length)) : undefined;
}

/**
 * The event that Step Functions sends to EventBridge when an execution ends; the one for its start is not played.
 * Source: "Events for AWS Step Functions", EventBridge Events Reference.
 */
export function executionEvent(execution: DescribeExecutionOutput): Announcement {
  const { executionArn = '', startDate, stopDate, input, output, error, cause } = execution;
  return {
    source: 'aws.states',
    detailType: 'Step Functions Execution Status Change',
    resources: [executionArn],
    detail: {
      executionArn,
      stateMachineArn: execution.stateMachineArn,
      name: execution.name,
      status: execution.status,
      startDate: startDate?.getTime(),
      stopDate: stopDate?.getTime() ?? null,
      input: input ?? null,
      output: output ?? null,
      error: error ?? null,
      cause: cause ?? null,
      inputDetails: { included: input !== undefined },
      outputDetails: output === undefined ? null : { included: true },
    },
  };
}
