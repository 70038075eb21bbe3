import { activatePolicy } from '../../lib/app/activate-policy.ts';
import { requirePolicy } from '../../lib/app/find-policy.ts';
import {
  acceptPolicyTest,
  approvePolicy,
  changePolicy,
  type PolicyDeps,
  proposePolicy,
} from '../../lib/app/manage-policies.ts';
import { Predicate } from '../../lib/contracts/predicates.ts';
import { sha256Hex } from '../../lib/core/digest.ts';
import type { JsonObject } from '../../lib/core/json.ts';
import type { PolicyRecord } from '../../lib/core/policy.ts';
import type { ProposePolicy } from '../../lib/core/requests.ts';
import { MAIN } from '../../lib/core/slots.ts';
import { type ControlPlane, caller, enrol } from './control-plane.ts';
import { newKey } from './keys.ts';
import { aStatement, digestOf, signedStatement } from './manifests.ts';

export const AUTHOR = caller('policy-author');
export const APPROVER = caller('policy-approver');
export const TESTER = 'policy-tests';

export const bundle = (text: string): ProposePolicy => ({
  bundle: Buffer.from(text).toString('base64'),
  change_request: 'https://tracker.example/42',
});

/** Takes policies through their life. A policy is a text here, which is also its revision. */
export async function policyLife(plane: ControlPlane) {
  const testKey = newKey();
  await enrol(plane, TESTER, testKey, { predicate_types: [Predicate.testResult] });
  const deps: PolicyDeps = {
    ...plane.submitDeps,
    inspectPolicy: async (bytes) => ({
      sha256: sha256Hex(bytes),
      revision: bytes.toString(),
      entrypoint: 'countersign/gate/result',
    }),
  };
  const propose = async (text: string): Promise<string> => {
    plane.clock.advance(1000);
    return (await proposePolicy(deps, bundle(text), AUTHOR)).value.sha256;
  };
  /** @param annotations - of what it was tested with */
  async function testResult(subject: string, result = 'PASSED', annotations?: JsonObject): Promise<string> {
    const tests = { name: 'opa test', digest: { sha256: digestOf('configuration') } };
    const configuration = [annotations ? { ...tests, annotations } : tests];
    const statement = aStatement({
      subject: [{ name: 'bundle.tar.gz', digest: { sha256: subject } }],
      predicateType: Predicate.testResult,
      predicate: { result, configuration },
    });
    return (await plane.submit(signedStatement(statement, testKey), 'attestations', caller(TESTER))).record.sha256;
  }
  const test = async (sha256: string) => await acceptPolicyTest(deps, sha256, await testResult(sha256), AUTHOR);
  async function tested(text: string): Promise<string> {
    const sha256 = await propose(text);
    await test(sha256);
    return sha256;
  }
  /** As the simulator records it. */
  async function simulate(
    sha256: string,
    changes: Partial<NonNullable<PolicyRecord['simulated']>> = {},
  ): Promise<void> {
    const policy = await requirePolicy(plane.registry, sha256);
    const to = plane.clock.now().toISOString();
    const counts = { decisions: 0, same: 0, differ: 0, would_fail: 0, would_pass: 0, unjudged: 0 };
    const question = { simulation: digestOf('question'), slot: MAIN, report: digestOf('report'), from: to, to };
    const simulated = { ...question, form: 'verdicts', counts, at: to, ...changes } as const;
    const value = { ...policy, state: 'simulated', simulated, revision: policy.revision + 1 } as const;
    await changePolicy(deps, 'policy-simulated', value, AUTHOR);
  }
  async function simulated(text: string, changes: Parameters<typeof simulate>[1] = {}): Promise<string> {
    const sha256 = await tested(text);
    await simulate(sha256, changes);
    return sha256;
  }
  async function approved(text: string, changes: Parameters<typeof simulate>[1] = {}): Promise<string> {
    const sha256 = await simulated(text, changes);
    await approvePolicy(deps, sha256, APPROVER);
    return sha256;
  }
  /** @param slot - beside the main policy */
  async function active(text: string, slot?: string): Promise<string> {
    const sha256 = await approved(text, slot === undefined ? {} : { slot });
    plane.clock.advance(1000);
    await activatePolicy(deps, sha256, APPROVER, slot);
    return sha256;
  }
  return { testKey, deps, propose, testResult, test, tested, simulate, simulated, approved, active };
}

export type PolicyLife = Awaited<ReturnType<typeof policyLife>>;
