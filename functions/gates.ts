import { evaluateGate } from '../lib/app/gate/evaluate.ts';
import { EvaluateGateSchema } from '../lib/core/requests.ts';
import { decisionAnswer } from '../lib/runtime/gate-answers.ts';
import { gateDeps } from '../lib/runtime/gate-deps.ts';
import { api, jsonBody } from '../lib/runtime/http.ts';

const deps = gateDeps();

export const handler = api({
  'POST /v1/gates/evaluate': async (request) => {
    const { model, environment, phase, image_digest, endpoint, at } = jsonBody(EvaluateGateSchema, request);
    const asked = {
      model,
      environment,
      phase,
      imageDigest: image_digest,
      endpoint,
      at: at === undefined ? at : new Date(at),
    };
    return decisionAnswer(await evaluateGate(deps, asked, request.caller), deps.log);
  },
});
