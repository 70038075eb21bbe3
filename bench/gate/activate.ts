import { readSimulation } from '../../cli/simulate/answers.ts';
import { awaitSimulation } from '../../cli/simulate/await-simulation.ts';
import { packPolicyBundle } from '../../lib/adapters/opa/pack.ts';
import { Predicate } from '../../lib/contracts/predicates.ts';
import type { JsonObject } from '../../lib/core/json.ts';
import type { DemoName, LocalDescription } from '../../local/description.ts';
import { BUNDLE } from '../../policies/files.ts';
import { apiOf } from '../access.ts';
import { Producer } from '../producer.ts';
import { register } from '../stack.ts';

/** What approving asks a simulation to look back over, and a day. */
const HISTORY_MS = 31 * 24 * 60 * 60 * 1000;

/**
 * Takes a policy through its life, until it is in force.
 *
 * @param packed - the policy bundle
 * @default - the committed one
 */
export async function activatePolicy(local: LocalDescription, packed?: Buffer): Promise<void> {
  const tester = new Producer('evaluation-pipeline');
  const authority = { role: 'policy-tests', stages: [], predicate_types: [Predicate.testResult] };
  await register(local, 'evaluation-pipeline', tester, authority);
  const post = (as: DemoName, path: string, body: JsonObject | Uint8Array = {}) =>
    apiOf(local, as).json({ method: 'POST', path, body });
  const bundle = (packed ?? (await packPolicyBundle(BUNDLE))).toString('base64');
  const sha256 = String(
    (await post('policy-author', '/v1/policies', { bundle, change_request: 'the figures' })).sha256,
  );
  const { evidence } = await post('evaluation-pipeline', '/v1/attestations', tester.testResult(sha256));
  await post('policy-author', `/v1/policies/${sha256}/test`, { evidence: String(evidence) });
  const from = new Date(Date.now() - HISTORY_MS).toISOString();
  const simulation = readSimulation(await post('policy-author', `/v1/policies/${sha256}/simulations`, { from }));
  await awaitSimulation(apiOf(local, 'reader'), simulation);
  await post('policy-approver', `/v1/policies/${sha256}/approve`);
  await post('policy-approver', `/v1/policies/${sha256}/activate`);
}
