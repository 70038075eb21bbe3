import type { Context } from 'aws-lambda';
import { logger, loggingProblems } from '../lib/runtime/http.ts';
import { sendWebhooks, webhookSenderDeps } from '../lib/runtime/webhook-sender.ts';

const deps = webhookSenderDeps();

/** Started by what is announced, and every minute; nobody else may. */
export const handler = async (event: unknown, context: Context) => {
  logger.appendKeys({ aws_request_id: context.awsRequestId, trace_id: process.env._X_AMZN_TRACE_ID });
  return await loggingProblems(async () => await sendWebhooks(deps, event));
};
