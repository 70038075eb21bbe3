import { type ArtifactOutcome, completeUpload, presignParts, putArtifact } from '../lib/app/put-artifact.ts';
import { Env } from '../lib/contracts/env.ts';
import { CompleteSchema, PartsSchema, PutArtifactSchema } from '../lib/core/requests.ts';
import { acceptedAnswer, digestParameter } from '../lib/runtime/answers.ts';
import { artifactDeps } from '../lib/runtime/artifact-deps.ts';
import { required } from '../lib/runtime/environment.ts';
import { type Answer, api, jsonBody } from '../lib/runtime/http.ts';

/** Three attempts end before the API's 29 seconds do; an upload that S3 takes longer to close is found closed by the next call. */
const deps = { ...artifactDeps(8_000), singlePutMax: Number(required(Env.SINGLE_PUT_MAX_BYTES)) };

const answer = (outcome: ArtifactOutcome): Answer => {
  if (outcome.status === 'unverified') return { status: 202, body: outcome };
  const accepted = acceptedAnswer(outcome, deps.log);
  return { ...accepted, body: { ...accepted.body, locked_until: outcome.lockedUntil.toISOString() } };
};

export const handler = api({
  'POST /v1/artifacts': async (request) =>
    answer(await putArtifact(deps, jsonBody(PutArtifactSchema, request), request.caller)),
  'POST /v1/artifacts/{sha256}/parts': async (request) => ({
    status: 200,
    body: { parts: await presignParts(deps, digestParameter(request), jsonBody(PartsSchema, request), request.caller) },
  }),
  'POST /v1/artifacts/{sha256}/complete': async (request) =>
    answer(await completeUpload(deps, digestParameter(request), jsonBody(CompleteSchema, request), request.caller)),
});
