import type { Context } from 'aws-lambda';
import { logger, loggingProblems } from '../lib/runtime/http.ts';
import { waiverWatchDeps, watchWaivers } from '../lib/runtime/waiver-watch.ts';

const deps = waiverWatchDeps();

/** Started by a daily rule; nobody else may. */
export const handler = async (_event: unknown, context: Context) => {
  logger.appendKeys({ aws_request_id: context.awsRequestId, trace_id: process.env._X_AMZN_TRACE_ID });
  return await loggingProblems(async () => await watchWaivers(deps));
};
