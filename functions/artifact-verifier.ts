import type { Context } from 'aws-lambda';
import { resumableSha256 } from '../lib/adapters/hash/resumable-sha256.ts';
import type { VerifyJob } from '../lib/app/put-artifact.ts';
import { verifyArtifact } from '../lib/app/verify-artifact.ts';
import { artifactDeps } from '../lib/runtime/artifact-deps.ts';
import { logger, loggingProblems } from '../lib/runtime/http.ts';

/** S3 copies a gigabyte in seconds, mostly, and says nothing until it has. */
const deps = { ...artifactDeps(90_000), openHash: resumableSha256 };

/** Invoked asynchronously by the artifacts function and by itself; nobody else may. A failure is tried again by Lambda. */
export const handler = async (job: VerifyJob, context: Context): Promise<void> => {
  logger.appendKeys({ aws_request_id: context.awsRequestId, trace_id: process.env._X_AMZN_TRACE_ID });
  const timeLeft = () => context.getRemainingTimeInMillis();
  const outcome = await loggingProblems(async () => await verifyArtifact({ ...deps, timeLeft }, job));
  logger.info('artifact-verification', { outcome, artifact: job.sha256, size: job.size, offset: job.offset });
};
