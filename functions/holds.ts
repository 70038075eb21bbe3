import { holds } from '../lib/adapters/dynamodb/holds.ts';
import { placeHold, releaseHold } from '../lib/app/hold-evidence.ts';
import { Env } from '../lib/contracts/env.ts';
import { HoldSchema } from '../lib/core/requests.ts';
import { countersignDeps, kms, s3, tableConfig, tables } from '../lib/runtime/composition.ts';
import { required } from '../lib/runtime/environment.ts';
import { api, jsonBody } from '../lib/runtime/http.ts';

const client = s3();
const config = tableConfig();
const deps = {
  ...countersignDeps(kms(), client),
  ...tables(config),
  holds: holds(config, client, required(Env.EVIDENCE_BUCKET)),
};

export const handler = api({
  'POST /v1/holds': async (request) => ({
    status: 201,
    body: await placeHold(deps, jsonBody(HoldSchema, request), request.caller),
  }),
  'DELETE /v1/holds': async (request) => ({
    status: 200,
    body: await releaseHold(deps, jsonBody(HoldSchema, request), request.caller),
  }),
});
