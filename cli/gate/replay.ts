import { canonicalBytes } from '../../lib/core/canonical.ts';
import { openCountersigned } from '../../lib/core/countersigned.ts';
import { sha256Hex } from '../../lib/core/digest.ts';
import { DomainError } from '../../lib/core/errors.ts';
import { parseDecision, resultOfAll, type StoredDecision } from '../../lib/core/gate/decision.ts';
import type { GateResult, RuleVerdict } from '../../lib/core/gate/input.ts';
import { parseBesideResult, parseGateResult } from '../../lib/core/gate/result.ts';
import { isJsonObject, type Json, parseStrictJson } from '../../lib/core/json.ts';
import type { PublicKey } from '../../lib/core/keys.ts';
import { type Check, fail, notChecked, pass } from '../verify/report.ts';

/** Everything that a decision was made of, as stored bytes. */
export interface ReplayParts {
  /** The signed decision: a Sigstore bundle. */
  readonly decision: Buffer;
  /** The facts that it was made on. */
  readonly input: Buffer;
  /** The policy bundle, a tar.gz. */
  readonly policy: Buffer;
  /** Bundles of the policies that decided beside it, in any order. */
  readonly beside?: readonly Buffer[];
  /** Public keys of the control plane that the caller trusts. */
  readonly evidenceKeys: readonly PublicKey[];
}

/** A rule that was not judged as it was then. */
export interface Difference {
  /** Of a policy beside the main one: `slot/rule`. */
  readonly rule: string;
  readonly list: 'verdicts' | 'warnings';
  /** Null: there was none. */
  readonly decided: RuleVerdict | null;
  readonly replayed: RuleVerdict | null;
}

export interface ReplayReport {
  /** True only if every check passed: same signature, same bytes, same result. */
  readonly identical: boolean;
  /** Digest of the signed decision. */
  readonly decision: string;
  /** What the signed decision says; undefined when it cannot be read. */
  readonly decided: StoredDecision | undefined;
  readonly checks: readonly Check[];
  readonly differences: readonly Difference[];
}

/** The deadline of a Lambda is not an auditor's, whose machine may be slow. */
const TIMEOUT_MS = 60_000;

/**
 * Decides again, offline, from the bytes that were stored, and compares. A policy whose digest is not the signed one is not run.
 */
export async function replayGate(parts: ReplayParts): Promise<ReplayReport> {
  const decision = sha256Hex(parts.decision);
  const report = (checks: readonly Check[], decided?: StoredDecision, differences: readonly Difference[] = []) => ({
    identical: checks.every(({ result }) => result === 'pass'),
    decision,
    decided,
    checks,
    differences,
  });
  const opened = await attempt('signature', async () => openDecision(parts));
  if ('failed' in opened) return report([opened.failed]);
  const { keyid, decided } = opened.value;
  const checks = [pass('signature', `verified with the evidence key ${keyid}`), ...boundBytes(decided, parts)];
  if (checks.some(({ result }) => result === 'fail')) {
    return report([...checks, notChecked('result', 'these are not the bytes that it was decided on')], decided);
  }
  const replayed = await attempt('result', async () => await evaluate(decided, parts));
  if ('failed' in replayed) return report([...checks, replayed.failed], decided);
  const said = resultOfAll(decided);
  const differences = compare(said, replayed.value);
  return report([...checks, resultCheck(said, replayed.value, differences)], decided, differences);
}

/** @throws DomainError SIGNATURE_INVALID, or PREDICATE_INVALID when it is no decision */
function openDecision({ decision, evidenceKeys }: ReplayParts) {
  const { statement, keyid } = openCountersigned(decision, (hint) => evidenceKeys.find(({ keyid: id }) => id === hint));
  return { keyid, decided: parseDecision(statement) };
}

function boundBytes({ model, inputSha256, policy, beside }: StoredDecision, parts: ReplayParts): Check[] {
  const bound = (name: string, bytes: Buffer, digest: string) =>
    sha256Hex(bytes) === digest
      ? pass(name, `has the digest that was signed, ${digest}`)
      : fail(name, `has the digest ${sha256Hex(bytes)}; what was signed names ${digest}`);
  const checks = [
    bound('input', parts.input, inputSha256),
    bound('policy', parts.policy, policy.sha256),
    ...beside.map(({ slot, policy: { sha256 } }) =>
      besideBundle(parts, sha256)
        ? pass(`policy ${slot}`, `has the digest that was signed, ${sha256}`)
        : fail(`policy ${slot}`, `the bundle ${sha256} that was signed is not among those given`),
    ),
  ];
  const about = modelOf(parts.input);
  if (about === model) return [...checks, pass('model', `input and decision are about ${model}`)];
  return [...checks, fail('model', `the decision is about ${model}, its input about ${about ?? 'none'}`)];
}

function modelOf(input: Buffer): unknown {
  try {
    const document = parseStrictJson(input);
    return isJsonObject(document) && isJsonObject(document.model) ? document.model.sha256 : undefined;
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}

function besideBundle({ beside = [] }: ReplayParts, sha256: string): Buffer | undefined {
  return beside.find((bytes) => sha256Hex(bytes) === sha256);
}

/** Every policy that decided, in the order in which the decision lists them. Shadows had no part in it. */
async function evaluate(decided: StoredDecision, parts: ReplayParts): Promise<GateResult> {
  const result = parseGateResult(await answerOf(parts.policy, decided.policy.entrypoint, parts.input));
  const beside: { slot: string; result: GateResult }[] = [];
  for (const { slot, policy } of decided.beside) {
    const answer = await answerOf(
      besideBundle(parts, policy.sha256) ?? Buffer.alloc(0),
      policy.entrypoint,
      parts.input,
    );
    beside.push({ slot, result: parseBesideResult(answer, policy.entrypoint) });
  }
  return resultOfAll({ result, beside });
}

async function answerOf(archive: Buffer, entrypoint: string, input: Buffer): Promise<Json | undefined> {
  // Loaded when it is needed: no other command of the agent evaluates a policy.
  const [{ readPolicyBundle }, { loadPolicy, POLICY_LIMITS }] = await Promise.all([
    import('../../lib/adapters/opa/bundle.ts'),
    import('../../lib/adapters/opa/policy.ts'),
  ]);
  const policy = await loadPolicy(await readPolicyBundle(archive), { ...POLICY_LIMITS, timeoutMs: TIMEOUT_MS });
  if (policy.entrypoint !== entrypoint) {
    throw new DomainError(
      'POLICY_INVALID',
      `its entrypoint is ${policy.entrypoint}; the decision was made by ${entrypoint}`,
    );
  }
  return await policy.evaluate(input);
}

function compare(decided: GateResult, replayed: GateResult): Difference[] {
  return (['verdicts', 'warnings'] as const).flatMap((list) => {
    const then = new Map(decided[list].map((one) => [one.rule, one]));
    const now = new Map(replayed[list].map((one) => [one.rule, one]));
    return [...new Set([...then.keys(), ...now.keys()])].flatMap((rule) => {
      const difference = { rule, list, decided: then.get(rule) ?? null, replayed: now.get(rule) ?? null };
      return isSame(difference.decided, difference.replayed) ? [] : [difference];
    });
  });
}

/** The signed bytes are canonical, so that equal means equal to the bit. */
function resultCheck(decided: GateResult, replayed: GateResult, differences: readonly Difference[]): Check {
  const name = 'result';
  const { length } = decided.verdicts;
  if (isSame(decided, replayed))
    return pass(name, `identical: ${length} verdicts, ${decided.warnings.length} warnings`);
  if (differences.length === 0) return fail(name, 'the same verdicts, in another order or number');
  return fail(name, `differs for ${differences.map(({ rule }) => rule).join(', ')}`);
}

function isSame(a: object | null, b: object | null): boolean {
  return canonicalBytes(a).equals(canonicalBytes(b));
}

async function attempt<T>(
  name: string,
  step: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly failed: Check }> {
  try {
    return { value: await step() };
  } catch (error) {
    if (error instanceof DomainError) return { failed: fail(name, `${error.message} [${error.code}]`) };
    throw error;
  }
}
