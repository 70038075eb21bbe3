import { decodeBase64 } from '../core/base64.ts';
import { sha256Hex } from '../core/digest.ts';
import { DomainError } from '../core/errors.ts';
import type { RegistryEvent } from '../core/events.ts';
import type { EvidenceKey } from '../core/evidence-key.ts';
import type { PolicyIdentity } from '../core/gate/decision.ts';
import { objectKey } from '../core/layout.ts';
import { type PolicyRecord, requireFreshSimulation, requireOther, requireStep } from '../core/policy.ts';
import { policyTest } from '../core/policy-test.ts';
import type { ProposePolicy } from '../core/requests.ts';
import { type CountersignDeps, requireEvidenceKey, retainUntil } from './countersign.ts';
import { requirePolicy } from './find-policy.ts';
import { evidenceJudge } from './gate/judge.ts';
import { type Changed, recordChange } from './manage-registry.ts';
import { originOf, personOf } from './origin.ts';
import type { Ledger, Registry } from './ports.ts';
import type { Caller } from './submit-evidence.ts';

export interface PolicyDeps extends CountersignDeps {
  readonly ledger: Ledger;
  readonly registry: Registry;
  /**
   * Unpacks and compiles a bundle, to see that it can be evaluated.
   *
   * @throws DomainError POLICY_INVALID
   */
  readonly inspectPolicy: (bytes: Buffer) => Promise<PolicyIdentity>;
}

/** Largest policy bundle, in bytes; it travels in base64 in a body of 1 MB. */
export const MAX_POLICY_BYTES = 700 * 1024;

/**
 * Stores a policy bundle and records who proposes it, and why. It decides nothing yet.
 *
 * Crash after the put: bytes without a record; the same proposal again goes on from them.
 *
 * @throws DomainError POLICY_INVALID when it cannot be evaluated
 */
export async function proposePolicy(
  deps: PolicyDeps,
  request: ProposePolicy,
  author: Caller,
): Promise<Changed<PolicyRecord>> {
  const bytes = decodeBase64(request.bundle);
  if (!bytes || bytes.length === 0 || bytes.length > MAX_POLICY_BYTES) {
    throw new DomainError('REQUEST_INVALID', `bundle must be the base64 of 1 to ${MAX_POLICY_BYTES} bytes`, {
      pointer: '/bundle',
    });
  }
  const sha256 = sha256Hex(bytes);
  const key = await evidenceKey(deps);
  const known = await deps.registry.policy(sha256);
  if (known) return { created: false, value: known, event: undefined };
  const { revision: bundle_revision, entrypoint } = await deps.inspectPolicy(bytes);
  const until = retainUntil(deps.retention, 'production', deps.clock());
  const name = objectKey.policy(sha256);
  const put = await deps.store.putOnce(name, bytes, { contentType: 'application/gzip', retainUntil: until });
  const version_id = put ?? (await deps.store.read(name))?.versionId;
  if (version_id === undefined) throw new DomainError('DEPENDENCY_UNAVAILABLE', `${name} cannot be read yet`);
  const policy: PolicyRecord = {
    sha256,
    bundle_revision,
    entrypoint,
    size: bytes.length,
    version_id,
    change_request: request.change_request,
    state: 'proposed',
    revision: 1,
    author: personOf(deps, author),
  };
  const event = await changePolicy(deps, 'policy-proposed', policy, author, key);
  return { created: true, value: policy, event };
}

/**
 * Accepts a test result about the bundle, verified again as a gate would: its bytes, its receipt, and its key, which may have been
 * revoked since as of before.
 *
 * @param evidence - digest of the attestation
 * @throws DomainError POLICY_TEST_INVALID when it is no passed test of this bundle
 */
export async function acceptPolicyTest(
  deps: PolicyDeps,
  sha256: string,
  evidence: string,
  by: Caller,
): Promise<Changed<PolicyRecord>> {
  const policy = await requirePolicy(deps.registry, sha256);
  requireStep(policy, 'test');
  const key = await evidenceKey(deps);
  const judge = evidenceJudge({ ...deps, ledger: { findMany: (some) => findEach(deps.ledger, some) } }, key, undefined);
  const test = policyTest(sha256, (await judge([evidence])).get(evidence));
  const tested = { evidence, ...test, at: deps.clock().toISOString() };
  const value: PolicyRecord = { ...policy, state: 'tested', tested, revision: policy.revision + 1 };
  return { created: false, value, event: await changePolicy(deps, 'policy-tested', value, by, key) };
}

/**
 * Approves a policy that was simulated lately; one that was rolled back, since then.
 *
 * @throws DomainError POLICY_STATE_CONFLICT or DUTIES_NOT_SEPARATE
 */
export async function approvePolicy(deps: PolicyDeps, sha256: string, by: Caller): Promise<Changed<PolicyRecord>> {
  const policy = await requirePolicy(deps.registry, sha256);
  requireStep(policy, 'approve');
  requireFreshSimulation(policy, deps.clock());
  const approver = personOf(deps, by);
  requireOther(policy, approver);
  const value: PolicyRecord = { ...policy, state: 'approved', approver, revision: policy.revision + 1 };
  return { created: false, value, event: await changePolicy(deps, 'policy-approved', value, by) };
}

/** Records a step of a policy's life. @returns digest of the event */
export async function changePolicy(
  deps: Pick<PolicyDeps, 'registry' | keyof CountersignDeps>,
  action: 'policy-proposed' | 'policy-tested' | 'policy-simulated' | 'policy-approved',
  policy: PolicyRecord,
  by: Caller,
  key?: EvidenceKey,
): Promise<string> {
  const body: RegistryEvent = { ...originOf(deps, by), action, revision: policy.revision, policy };
  return await recordChange(deps, body, policy.sha256, undefined, key ?? (await evidenceKey(deps)));
}

async function evidenceKey({ registry, signer }: Pick<PolicyDeps, 'registry' | 'signer'>): Promise<EvidenceKey> {
  return requireEvidenceKey(await registry.evidenceKey(), signer);
}

/** One by one: a step of a policy's life looks at one piece of evidence. */
async function findEach({ find }: Pick<Ledger, 'find'>, digests: readonly string[]) {
  const records = await Promise.all(digests.map(find));
  return new Map(records.flatMap((record) => (record ? [[record.sha256, record] as const] : [])));
}
