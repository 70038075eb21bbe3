import type { Context } from 'aws-lambda';
import { logger, loggingProblems } from '../lib/runtime/http.ts';
import { mirrorAnnounced, modelMirrorDeps } from '../lib/runtime/model-mirror.ts';

const deps = modelMirrorDeps();

/** Started by what is announced of promotions that ended; nobody else may. */
export const handler = async (event: unknown, context: Context) => {
  logger.appendKeys({ aws_request_id: context.awsRequestId, trace_id: process.env._X_AMZN_TRACE_ID });
  return await loggingProblems(async () => await mirrorAnnounced(deps, event));
};
