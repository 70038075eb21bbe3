import { Predicate } from '../../contracts/predicates.ts';
import { parseBundle } from '../../core/bundle.ts';
import { canonicalBytes } from '../../core/canonical.ts';
import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import type { IndexEntry } from '../../core/evidence.ts';
import type { EvidenceKey } from '../../core/evidence-key.ts';
import { type Decision, decisionPayload, isPassedByAll, parseDecision } from '../../core/gate/decision.ts';
import { isPassed } from '../../core/gate/result.ts';
import { parseStrictJson } from '../../core/json.ts';
import { CONTROL_PLANE, lookup, objectKey, timeOrder } from '../../core/layout.ts';
import { parseStatement } from '../../core/statement.ts';
import { type CountersignDeps, requireEvidenceKey, retainUntil } from '../countersign.ts';
import type { Registry, Sleep } from '../ports.ts';
import type { SignedObject } from '../record-event.ts';
import type { Caller } from '../submit-evidence.ts';
import { askBeside, askMain, askShadows, identityOf } from './ask-policies.ts';
import { inputTooLarge, MAX_INPUT_BYTES } from './bounds.ts';
import { type CollectDeps, collectInput, type GateQuestion } from './collect.ts';
import type { Policies, PoliciesInForce } from './ports.ts';
import { type GateRows, putStatement, rowsOf } from './record.ts';

export interface GateDeps extends CountersignDeps, Omit<CollectDeps, 'registry' | 'store'> {
  readonly registry: Registry;
  readonly policies: Policies;
  readonly sleep: Sleep;
}

export interface Decided extends Decision {
  /** Digest of the signed decision: the identity of the evidence. */
  readonly evidence: string;
  /** Its Sigstore bundle. */
  readonly bytes: Buffer;
}

/** What was asked, by whoever may ask. */
export type Asked = Omit<GateQuestion, 'requester' | 'now' | 'asOf'> & { readonly at: Date | undefined };

/** A decision that is not evidence yet. */
export interface Draft {
  readonly decision: Decision;
  /** Canonical: what the policy saw. */
  readonly inputBytes: Buffer;
  readonly key: EvidenceKey;
  /** Whom it asked; the shadows are not asked yet. */
  readonly inForce: PoliciesInForce;
}

/**
 * Asks every policy in force. Nothing is written.
 *
 * @throws DomainError also POLICY_UNAVAILABLE, POLICY_INVALID, POLICY_FAILED, POLICY_TIMED_OUT, POLICY_MEMORY_EXCEEDED,
 *   POLICY_RESULT_INVALID: no decision then, so nothing opens
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
  const [input, inForce] = await Promise.all([collectInput(deps, question, key), deps.policies.inForce(at)]);
  const inputBytes = canonicalBytes(input);
  if (inputBytes.length > MAX_INPUT_BYTES) {
    inputTooLarge(`the facts have ${inputBytes.length} bytes; a gate takes ${MAX_INPUT_BYTES}`);
  }
  const result = await askMain(deps, inForce.main, inputBytes);
  const beside = await askBeside(deps, inForce.enforced, inputBytes);
  const decision: Decision = {
    passed: isPassedByAll({ result, beside }),
    input,
    inputSha256: sha256Hex(inputBytes),
    policy: identityOf(inForce.main),
    result,
    beside,
    shadows: [],
    decidedAt: decidedAt.toISOString(),
    asOf: at !== undefined,
  };
  requirePayload(decision);
  return { decision, inputBytes, key, inForce };
}

/** The answer holds the signed decision twice over, and Lambda takes 6 MB of it. */
const MAX_DECISION_BYTES = 1.5 * 1024 * 1024;

/** Verdicts become a part of the signed decision, and policies are not ours alone. */
function requirePayload(decision: Decision): void {
  let bytes: number;
  try {
    bytes = decisionPayload(decision).length;
  } catch (cause) {
    throw new DomainError('POLICY_RESULT_INVALID', 'the verdicts hold what JSON cannot say', { cause });
  }
  if (bytes <= MAX_DECISION_BYTES) return;
  throw new DomainError(
    'POLICY_RESULT_INVALID',
    `the decision has ${bytes} bytes; at most ${MAX_DECISION_BYTES} are signed`,
  );
}

/**
 * Asks every policy in force and makes what they say evidence: the input, then the signed decision, then the index.
 *
 * Crash after the input's put: facts that nobody decided on, which prove nothing. Crash after the decision's: a decision that
 * no look-up finds until a reindex; whoever asked got no answer and asks again, which is a decision of its own.
 *
 * @throws DomainError as {@link decide} does
 */
export async function evaluateGate(deps: GateDeps, asked: Asked, caller: Pick<Caller, 'uniqueId'>): Promise<Decided> {
  const { decided, record, entries } = await signDecision(deps, await decide(deps, asked, caller));
  await deps.ledger.commit(record, entries, undefined);
  return decided;
}

/** Signs a decision and stores it, as {@link evaluateGate} does. The caller commits the rows. */
export async function signDecision(
  deps: GateDeps,
  { decision: drafted, inputBytes, key, inForce }: Draft,
): Promise<GateRows & { readonly decided: Decided }> {
  const decision = { ...drafted, shadows: await askShadows(deps, inForce.shadows, inputBytes, drafted.result) };
  const until = retainUntil(deps.retention, decision.input.environment, new Date(decision.decidedAt));
  const payload = decisionPayload(decision);
  const name = objectKey.decision(sha256Hex(payload));
  const input = deps.store.putOnce(objectKey.gateInput(decision.inputSha256), inputBytes, {
    contentType: 'application/json',
    retainUntil: until,
  });
  const stored = await putStatement(deps, name, payload, key, until, input);
  const rows = readDecision(stored, name);
  return { ...rows, decided: { ...decision, evidence: rows.record.sha256, bytes: stored.bytes } };
}

/**
 * The index rows of a decision follow from its object alone: under the model, the day, each policy that decided, and each
 * shadow. The signature is for the caller to check where the object is not our own write.
 *
 * @throws DomainError INTEGRITY_FAILURE when it is not what its name says
 */
export function readDecision(object: SignedObject, name: string): GateRows {
  const signed = parseBundle(parseStrictJson(object.bytes));
  if (name !== objectKey.decision(sha256Hex(signed.payload))) {
    throw new DomainError('INTEGRITY_FAILURE', `${name} holds another decision than its name says`);
  }
  const { model, environment, passed, asOf, policy, result, beside, shadows, decidedAt } = parseDecision(
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
  const sk = timeOrder(decidedAt, record.sha256);
  const lines = entries.slice(0, 1).flatMap((entry) => [
    ...[policy, ...beside.map((one) => one.policy)].map((one) => ({ ...entry, pk: lookup.policy(one.sha256), sk })),
    ...shadows.map(({ policy: sha256, ...said }): IndexEntry => {
      const shadow = { ...said, model, main: isPassed(result) ? ('PASSED' as const) : ('FAILED' as const) };
      return { ...entry, pk: lookup.shadow(sha256), sk, shadow };
    }),
  ]);
  return { record, entries: [...entries, ...lines] };
}
