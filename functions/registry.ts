import { kmsPublicKey } from '../lib/adapters/kms/public-key.ts';
import {
  activateEvidenceKey,
  type Changed,
  registerKey,
  registerPrincipal,
  revokeKey,
} from '../lib/app/manage-registry.ts';
import { RegisterKeySchema, RegisterPrincipalSchema, RevokeKeySchema } from '../lib/core/requests.ts';
import { digestParameter } from '../lib/runtime/answers.ts';
import { countersignDeps, kms, tables } from '../lib/runtime/composition.ts';
import { type Answer, api, jsonBody } from '../lib/runtime/http.ts';

const client = kms();
const base = countersignDeps(client);
const deps = { ...base, registry: tables().registry, kmsPublicKey: kmsPublicKey(client, base.signer.keyArn) };

const changed = <T extends object>({ created, value, event }: Changed<T>): Answer => ({
  status: created ? 201 : 200,
  body: { ...value, event: event ?? null },
});

export const handler = api({
  'POST /v1/principals': async (request) =>
    changed(await registerPrincipal(deps, jsonBody(RegisterPrincipalSchema, request), request.caller)),
  'POST /v1/keys': async (request) =>
    changed(await registerKey(deps, jsonBody(RegisterKeySchema, request), request.caller)),
  'POST /v1/keys/{keyid}/revoke': async (request) =>
    changed(
      await revokeKey(deps, digestParameter(request, 'keyid'), jsonBody(RevokeKeySchema, request), request.caller),
    ),
  'POST /v1/evidence-key': async (request) => changed(await activateEvidenceKey(deps, request.caller)),
});
