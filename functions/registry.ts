import { kmsPublicKey } from '../lib/adapters/kms/public-key.ts';
import { activateEvidenceKey, registerKey, registerPrincipal, revokeKey } from '../lib/app/manage-registry.ts';
import { RegisterKeySchema, RegisterPrincipalSchema, RevokeKeySchema } from '../lib/core/requests.ts';
import { changedAnswer, digestParameter } from '../lib/runtime/answers.ts';
import { countersignDeps, kms, tables } from '../lib/runtime/composition.ts';
import { api, jsonBody } from '../lib/runtime/http.ts';

const client = kms();
const base = countersignDeps(client);
const deps = { ...base, registry: tables().registry, kmsPublicKey: kmsPublicKey(client, base.signer.keyArn) };

export const handler = api({
  'POST /v1/principals': async (request) =>
    changedAnswer(await registerPrincipal(deps, jsonBody(RegisterPrincipalSchema, request), request.caller)),
  'POST /v1/keys': async (request) =>
    changedAnswer(await registerKey(deps, jsonBody(RegisterKeySchema, request), request.caller)),
  'POST /v1/keys/{keyid}/revoke': async (request) =>
    changedAnswer(
      await revokeKey(deps, digestParameter(request, 'keyid'), jsonBody(RevokeKeySchema, request), request.caller),
    ),
  'POST /v1/evidence-key': async (request) => changedAnswer(await activateEvidenceKey(deps, request.caller)),
});
