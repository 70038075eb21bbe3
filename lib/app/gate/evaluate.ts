import { Predicate } from '../../contracts/predicates.ts';
import { parseBundle } from '../../core/bundle.ts';
import { canonicalBytes } from '../../core/canonical.ts';
import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import { type EvidenceRecord, type IndexEntry, indexEntries } from '../../core/evidence.ts';
import { type Decision, decisionPayload, parseDecision } from '../../core/gate/decision.ts';
import { isPassed, parseGateResult } from '../../core/gate/result.ts';
import { parseStrictJson } from '../../core/json.ts';
import { CONTROL_PLANE, lookup, objectKey, timeOrder } from '../../core/layout.ts';
import { parseStatement } from '../../core/statement.ts';
import {
  type CountersignDeps,
  countersign,
  putSigned,
  requestIdOf,
  requireEvidenceKey,
  retainUntil,
} from '../countersign.ts';
import type { Registry } from '../ports.ts';
import { ownRecord, type SignedObject } from '../record-event.ts';
import type { Caller } from '../submit-evidence.ts';
import { type CollectDeps, collectInput, type GateQuestion } from './collect.ts';
import { tooLarge } from './lineage.ts';
import type { LoadedPolicy, Policies } from './ports.ts';

export interface GateDeps extends CountersignDeps, Omit<CollectDeps, 'registry' | 'store'> {
  readonly registry: Registry;
  readonly policies: Policies;
}

export interface Decided extends Decision {
  /** Digest of the signed decision: the identity of the evidence. */
  readonly evidence: string;
  /** Its Sigstore bundle. */
  readonly bytes: Buffer;
}

/** A canonical input beyond this is refused: it would neither fit the policy's memory nor a reader's. */
export const MAX_INPUT_BYTES = 6 * 1024 * 1024;

/**
 * Asks the policy in force and makes its answer evidence: the input, then the signed decision, then the index.
 *
 * Crash after the input's put: facts that nobody decided on, which prove nothing. Crash after the decision's: a decision that
 * no look-up finds until a reindex; whoever asked got no answer and asks again, which is a decision of its own.
 *
 * @throws DomainError also POLICY_UNAVAILABLE, POLICY_INVALID, POLICY_FAILED, POLICY_TIMED_OUT, POLICY_RESULT_INVALID: no
 *   decision then, so nothing opens
 */
export async function evaluateGate(
  deps: GateDeps,
  asked: Omit<GateQuestion, 'requester' | 'now'> & { readonly at: Date | undefined },
  caller: Pick<Caller, 'uniqueId'>,
): Promise<Decided> {
  const decidedAt = deps.clock();
  const { principal, evidenceKey } = await deps.registry.context(caller.uniqueId);
  const key = requireEvidenceKey(evidenceKey, deps.signer);
  const { at, ...rest } = asked;
  const question = { ...rest, requester: principal?.name, now: at ?? decidedAt };
  const [input, policy] = await Promise.all([collectInput(deps, question), deps.policies.inForce(question.now)]);
  const bytes = canonicalBytes(input);
  if (bytes.length > MAX_INPUT_BYTES) {
    tooLarge(`the facts have ${bytes.length} bytes; a gate takes ${MAX_INPUT_BYTES}`);
  }
  const result = parseGateResult(await evaluated(deps, policy, bytes));
  const { sha256, revision, entrypoint } = policy;
  const decision: Decision = {
    passed: isPassed(result),
    input,
    inputSha256: sha256Hex(bytes),
    policy: { sha256, revision, entrypoint },
    result,
    decidedAt: decidedAt.toISOString(),
  };
  const until = retainUntil(deps.retention, input.environment, decidedAt);
  await deps.store.putOnce(objectKey.gateInput(decision.inputSha256), bytes, {
    contentType: 'application/json',
    retainUntil: until,
  });
  const payload = decisionPayload(decision);
  const name = objectKey.decision(sha256Hex(payload));
  const signed = await countersign(deps, payload, key);
  const put = await putSigned(deps, name, signed, until, objectKey.lostDecision(sha256Hex(payload), signed.requestId));
  const stored = put.isOurs
    ? { bytes: signed.bytes, versionId: put.versionId, retainUntil: until, requestId: signed.requestId }
    : { ...put.first, requestId: requestIdOf(put.first) };
  const { record, entries } = readDecision(stored, name);
  await deps.ledger.commit(record, entries, undefined);
  return { ...decision, evidence: record.sha256, bytes: stored.bytes };
}

/** Why a policy broke down is for whoever wrote it; the caller is told that it did. */
async function evaluated({ log }: Pick<GateDeps, 'log'>, policy: LoadedPolicy, bytes: Buffer): Promise<unknown> {
  try {
    return await policy.evaluate(bytes);
  } catch (error) {
    const reason = error instanceof DomainError ? error.cause : error;
    log.warn('policy-broke-down', { policy: policy.sha256, revision: policy.revision, reason: String(reason) });
    throw error;
  }
}

/**
 * The index rows of a decision follow from its object alone: under the model, the day, and the policy that decided. The
 * signature is for the caller to check where the object is not our own write.
 *
 * @throws DomainError INTEGRITY_FAILURE when it is not what its name says
 */
export function readDecision(
  object: SignedObject,
  name: string,
): { readonly record: EvidenceRecord; readonly entries: readonly IndexEntry[] } {
  const signed = parseBundle(parseStrictJson(object.bytes));
  if (name !== objectKey.decision(sha256Hex(signed.payload))) {
    throw new DomainError('INTEGRITY_FAILURE', `${name} holds another decision than its name says`);
  }
  const { model, environment, passed, policy, decidedAt } = parseDecision(
    parseStatement(parseStrictJson(signed.payload)),
  );
  const record = ownRecord(object, {
    name,
    signed,
    at: decidedAt,
    by: CONTROL_PLANE,
    predicateType: Predicate.slsaVsa,
    environment,
  });
  const entries = indexEntries(record, {
    predicateType: Predicate.slsaVsa,
    manifest: undefined,
    subjects: [],
    inputs: [],
    outputs: [],
    mentions: [model],
    commits: [],
    runIds: [],
    attributes: [],
    result: passed ? 'PASSED' : 'FAILED',
  });
  const byPolicy = entries.slice(0, 1).map((entry) => ({
    ...entry,
    pk: lookup.policy(policy.sha256),
    sk: timeOrder(decidedAt, record.sha256),
  }));
  return { record, entries: [...entries, ...byPolicy] };
}
