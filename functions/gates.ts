import { askGate } from '../lib/app/gate/ask.ts';
import { EvaluateGateSchema } from '../lib/core/requests.ts';
import { admission } from '../lib/runtime/admission.ts';
import { gateAnswer } from '../lib/runtime/gate-answers.ts';
import { gateDeps } from '../lib/runtime/gate-deps.ts';
import { api, jsonBody } from '../lib/runtime/http.ts';

const deps = gateDeps();

export const handler = api({
  'POST /v1/gates/evaluate': async (request) => {
    const { model, environment, phase, image_digest, endpoint, release_candidate, at } = jsonBody(
      EvaluateGateSchema,
      request,
    );
    const asked = {
      model,
      environment,
      phase,
      imageDigest: image_digest,
      endpoint,
      releaseCandidate: release_candidate,
      at: at === undefined ? at : new Date(at),
    };
    return gateAnswer(await askGate(deps, asked, request.caller), deps.log);
  },
  'POST /v1/admission': admission(deps),
});
