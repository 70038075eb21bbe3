import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { VerifyJob } from '../../app/put-artifact.ts';
import { unavailable } from '../failures.ts';

/** Asynchronous: Lambda keeps the event, tries it three times, and then puts it into the dead-letter queue. */
export function startVerifier(client: LambdaClient, functionName: string): (job: VerifyJob) => Promise<void> {
  return async (job) => {
    try {
      await client.send(
        new InvokeCommand({
          FunctionName: functionName,
          InvocationType: 'Event',
          Payload: Buffer.from(JSON.stringify(job)),
        }),
      );
    } catch (error) {
      unavailable('Lambda', error);
    }
  };
}
