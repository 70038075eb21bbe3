import { submitEvidence } from '../lib/app/submit-evidence.ts';
import { acceptedAnswer } from '../lib/runtime/answers.ts';
import { cached, countersignDeps, sleep, tables } from '../lib/runtime/composition.ts';
import { unsignedStages } from '../lib/runtime/environment.ts';
import { api, type Handle } from '../lib/runtime/http.ts';

const base = countersignDeps();
const { ledger, registry } = tables();
const deps = { ...base, ...cached(registry, base.clock), ledger, registry, sleep, unsignedStages: unsignedStages() };

const submit =
  (endpoint: 'manifests' | 'attestations'): Handle =>
  async ({ body, caller }) =>
    acceptedAnswer(await submitEvidence(deps, body, endpoint, caller), base.log);

export const handler = api({
  'POST /v1/manifests': submit('manifests'),
  'POST /v1/attestations': submit('attestations'),
});
