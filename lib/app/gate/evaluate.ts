import { Predicate } from '../../contracts/predicates.ts';
import { parseBundle } from '../../core/bundle.ts';
import { canonicalBytes } from '../../core/canonical.ts';
import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import type { EvidenceKey } from '../../core/evidence-key.ts';
import { type Decision, decisionPayload, parseDecision } from '../../core/gate/decision.ts';
import { isPassed, parseGateResult } from '../../core/gate/result.ts';
import { parseStrictJson } from '../../core/json.ts';
import { CONTROL_PLANE, lookup, objectKey, timeOrder } from '../../core/layout.ts';
import { parseStatement } from '../../core/statement.ts';
import { type CountersignDeps, requireEvidenceKey, retainUntil } from '../countersign.ts';
import type { Registry } from '../ports.ts';
import type { SignedObject } from '../record-event.ts';
import type { Caller } from '../submit-evidence.ts';
import { type CollectDeps, collectInput, type GateQuestion } from './collect.ts';
import type { LoadedPolicy, Policies } from './ports.ts';
import { type GateRows, putStatement, rowsOf } from './record.ts';

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

/** What was asked, by whoever may ask. */
export type Asked = Omit<GateQuestion, 'requester' | 'now' | 'asOf'> & { readonly at: Date | undefined };

/** A decision that is not evidence yet. */
interface Draft {
  readonly decision: Decision;
  /** Canonical: what the policy saw. */
  readonly inputBytes: Buffer;
  readonly key: EvidenceKey;
}

/**
 * Asks the policy in force. Nothing is written.
 *
 * @throws DomainError also POLICY_UNAVAILABLE, POLICY_INVALID, POLICY_FAILED, POLICY_TIMED_OUT, POLICY_RESULT_INVALID: no
 *   decision then, so nothing opens
 */
export async function decide(deps: GateDeps, asked: Asked, caller: Pick<Caller, 'uniqueId'>): Promise<Draft> {
  const decidedAt = deps.clock();
  const { principal, evidenceKey } = await deps.registry.context(caller.uniqueId);
  const key = requireEvidenceKey(evidenceKey, deps.signer);
  const { at, ...rest } = asked;
  if (at && at > decidedAt) {
    throw new DomainError('REQUEST_INVALID', 'at must not lie in the future', { pointer: '/at' });
  }
  const question = { ...rest, requester: principal?.name, now: at ?? decidedAt, asOf: at !== undefined };
  const [input, policy] = await Promise.all([collectInput(deps, question, key), deps.policies.inForce(question.now)]);
  const inputBytes = canonicalBytes(input);
  if (inputBytes.length > MAX_INPUT_BYTES) {
    throw new DomainError(
      'GATE_INPUT_TOO_LARGE',
      `the facts have ${inputBytes.length} bytes; a gate takes ${MAX_INPUT_BYTES}`,
      { hint: 'attest collections instead of their single files' },
    );
  }
  const result = parseGateResult(await evaluated(deps, policy, inputBytes));
  const { sha256, revision, entrypoint } = policy;
  const decision: Decision = {
    passed: isPassed(result),
    input,
    inputSha256: sha256Hex(inputBytes),
    policy: { sha256, revision, entrypoint },
    result,
    decidedAt: decidedAt.toISOString(),
    asOf: at !== undefined,
  };
  return { decision, inputBytes, key };
}

/**
 * Asks the policy in force and makes its answer evidence: the input, then the signed decision, then the index.
 *
 * Crash after the input's put: facts that nobody decided on, which prove nothing. Crash after the decision's: a decision that
 * no look-up finds until a reindex; whoever asked got no answer and asks again, which is a decision of its own.
 *
 * @throws DomainError as {@link decide} does
 */
export async function evaluateGate(deps: GateDeps, asked: Asked, caller: Pick<Caller, 'uniqueId'>): Promise<Decided> {
  const { decision, inputBytes, key } = await decide(deps, asked, caller);
  const until = retainUntil(deps.retention, decision.input.environment, new Date(decision.decidedAt));
  const payload = decisionPayload(decision);
  const name = objectKey.decision(sha256Hex(payload));
  const input = deps.store.putOnce(objectKey.gateInput(decision.inputSha256), inputBytes, {
    contentType: 'application/json',
    retainUntil: until,
  });
  const stored = await putStatement(deps, name, payload, key, until, input);
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
export function readDecision(object: SignedObject, name: string): GateRows {
  const signed = parseBundle(parseStrictJson(object.bytes));
  if (name !== objectKey.decision(sha256Hex(signed.payload))) {
    throw new DomainError('INTEGRITY_FAILURE', `${name} holds another decision than its name says`);
  }
  const { model, environment, passed, asOf, policy, decidedAt } = parseDecision(
    parseStatement(parseStrictJson(signed.payload)),
  );
  const { record, entries } = rowsOf(object, {
    name,
    signed,
    at: decidedAt,
    by: CONTROL_PLANE,
    predicateType: Predicate.slsaVsa,
    environment,
    model,
    // Whoever lists a model's decisions must not take an answer about the past for one about now.
    result: `${asOf ? 'AS_OF_' : ''}${passed ? 'PASSED' : 'FAILED'}`,
  });
  const byPolicy = entries.slice(0, 1).map((entry) => ({
    ...entry,
    pk: lookup.policy(policy.sha256),
    sk: timeOrder(decidedAt, record.sha256),
  }));
  return { record, entries: [...entries, ...byPolicy] };
}
