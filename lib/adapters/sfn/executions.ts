import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { Executions } from '../../app/simulate/ports.ts';
import { unavailable } from '../failures.ts';

/** Executions of one Standard state machine, by their names. */
export function sfnExecutions(client: SFNClient, machineArn: string): Executions {
  const executionArn = (name: string): string => `${machineArn.replace(':stateMachine:', ':execution:')}:${name}`;
  return {
    async start(name, input) {
      try {
        await client.send(
          new StartExecutionCommand({ stateMachineArn: machineArn, name, input: JSON.stringify(input) }),
        );
      } catch (error) {
        // One that runs is answered as if it were started; this is one that has ended since.
        if (!(error instanceof ExecutionAlreadyExists)) unavailable('Step Functions', error);
      }
    },
    async state(name) {
      try {
        const { status } = await client.send(new DescribeExecutionCommand({ executionArn: executionArn(name) }));
        return status === 'RUNNING' || status === 'PENDING_REDRIVE' ? 'running' : 'ended';
      } catch (error) {
        if (error instanceof ExecutionDoesNotExist) return 'absent';
        return unavailable('Step Functions', error);
      }
    },
  };
}
