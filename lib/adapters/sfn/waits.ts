import {
  InvalidToken,
  SendTaskFailureCommand,
  SendTaskSuccessCommand,
  type SFNClient,
  TaskDoesNotExist,
  TaskTimedOut,
} from '@aws-sdk/client-sfn';
import type { Waits } from '../../app/promotion/ports.ts';
import { unavailable } from '../failures.ts';

/** Waits of Standard state machines. An error's name is all that a wait is ended with: execution data is read by many. */
export function sfnWaits(client: SFNClient): Waits {
  return {
    succeed: async (taskToken, output) =>
      await isHeard(client.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) }))),
    fail: async (taskToken, error) => await isHeard(client.send(new SendTaskFailureCommand({ taskToken, error }))),
  };
}

async function isHeard(sent: Promise<unknown>): Promise<boolean> {
  try {
    await sent;
    return true;
  } catch (error) {
    // Step Functions says so of a wait that was ended, timed out, or went with its execution.
    if (error instanceof TaskTimedOut || error instanceof TaskDoesNotExist || error instanceof InvalidToken) {
      return false;
    }
    return unavailable('Step Functions', error);
  }
}
