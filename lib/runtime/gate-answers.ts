import type { Outcome } from '../app/gate/ask.ts';
import type { Decided } from '../app/gate/evaluate.ts';
import type { Skipped } from '../app/gate/skip.ts';
import type { Log } from '../app/ports.ts';
import { isPassed } from '../core/gate/result.ts';
import { differenceOf } from '../core/gate/shadow.ts';
import { parseStrictJson } from '../core/json.ts';
import type { Answer } from './http.ts';
import { counted } from './metrics.ts';

/** What a gate said, as the API shows it, with the signed bytes. */
export function gateAnswer(outcome: Outcome<Decided, Skipped>, log: Log): Answer {
  if (outcome.kind === 'decided') {
    logDecision(outcome.decided, log);
    return { status: 200, body: decisionBody(outcome.decided) };
  }
  logSkip(outcome.skipped, log);
  return { status: 200, body: skipBody(outcome.skipped) };
}

/**
 * A decision is logged as OPA logs decisions ("Decision Logs"): which policy
 * decided what on which input. The input and the verdicts are masked, because they are evidence and lie in the bucket.
 */
export function logDecision(decided: Decided, log: Log): void {
  const { passed, asOf, input, inputSha256, policy, beside, decidedAt, evidence } = decided;
  const bundles = [
    { name: 'countersign', policy },
    ...beside.map((one) => ({ ...one, name: `countersign/${one.slot}` })),
  ];
  const outcome = passed ? 'PASSED' : 'FAILED';
  log.info('gate-decided', {
    decision_id: evidence,
    path: policy.entrypoint,
    bundles: Object.fromEntries(
      bundles.map((one) => [one.name, { revision: one.policy.revision, sha256: one.policy.sha256 }]),
    ),
    result: outcome,
    timestamp: decidedAt,
    requested_by: input.requester,
    input_sha256: inputSha256,
    erased: ['/input', '/result/verdicts'],
    as_of: asOf,
    // A question about the past lets nothing in, and is not counted.
    ...(asOf
      ? {}
      : counted(
          { GatePassed: passed ? 1 : 0, GateFailed: passed ? 0 : 1, ShadowDiffered: differing(decided) },
          { environment: input.environment },
        )),
  });
}

/** Shadows that would have answered otherwise than the main policy, or broke. */
function differing({ result, shadows }: Decided): number {
  const main = isPassed(result) ? 'PASSED' : 'FAILED';
  return shadows.filter(({ said }) => differenceOf({ said, main }) !== undefined).length;
}

/** Counted, so that nobody has to guess how much is let through unchecked. */
export function logSkip({ evidence, skip }: Skipped, log: Log): void {
  log.info('gate-skipped', {
    decision_id: evidence,
    result: skip.result,
    timestamp: skip.skipped_at,
    requested_by: skip.requester,
    ...counted({ GateSkipped: 1 }, { environment: skip.environment }),
  });
}

function decisionBody(decided: Decided): object {
  const { passed, input, inputSha256, policy, result, beside, shadows, decidedAt, evidence, bytes } = decided;
  return {
    decision: evidence,
    result: passed ? 'PASSED' : 'FAILED',
    model: input.model.sha256,
    environment: input.environment,
    phase: input.phase,
    judged_at: input.now,
    decided_at: decidedAt,
    policy,
    input_sha256: inputSha256,
    verdicts: result.verdicts,
    warnings: result.warnings,
    beside: beside.map((one) => ({ slot: one.slot, policy: one.policy, ...one.result })),
    shadows,
    attestation: parseStrictJson(bytes),
  };
}

function skipBody({ model, skip, evidence, bytes }: Skipped): object {
  return { decision: evidence, model, ...skip, attestation: parseStrictJson(bytes) };
}
