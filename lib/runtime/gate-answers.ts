import type { Outcome } from '../app/gate/ask.ts';
import type { Decided } from '../app/gate/evaluate.ts';
import type { Skipped } from '../app/gate/skip.ts';
import type { Log } from '../app/ports.ts';
import { Env } from '../contracts/env.ts';
import { resultOfAll } from '../core/gate/decision.ts';
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
 * A decision is logged as an event of OPA's decision log (OPA, "Decision Logs"): which policy decided on which input, and by which
 * instance. Input and result are erased, because they are evidence and lie in the bucket; what it came to stands beside them.
 */
export function logDecision(decided: Decided, log: Log): void {
  const { passed, asOf, input, inputSha256, policy, beside, decidedAt, evidence } = decided;
  const bundles = [
    { name: 'countersign', policy },
    ...beside.map((one) => ({ ...one, name: `countersign/${one.slot}` })),
  ];
  log.info('gate-decided', {
    labels: { app: 'countersign', stage: process.env[Env.STAGE], id: process.env.AWS_LAMBDA_LOG_STREAM_NAME },
    decision_id: evidence,
    path: policy.entrypoint,
    bundles: Object.fromEntries(
      bundles.map((one) => [one.name, { revision: one.policy.revision, sha256: one.policy.sha256 }]),
    ),
    timestamp: decidedAt,
    requested_by: input.requester,
    erased: ['/input', '/result'],
    input_sha256: inputSha256,
    outcome: passed ? 'PASSED' : 'FAILED',
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
    outcome: skip.result,
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
    waivers: usedWaivers(decided),
    beside: beside.map((one) => ({ slot: one.slot, policy: one.policy, ...one.result })),
    shadows,
    attestation: parseStrictJson(bytes),
  };
}

function skipBody({ model, skip, evidence, bytes }: Skipped): object {
  return { decision: evidence, model, ...skip, attestation: parseStrictJson(bytes) };
}

/** Until when the exceptions hold that let rules through. */
function usedWaivers(decided: Decided): object[] {
  const { waivers } = decided.input;
  const used = new Set(resultOfAll(decided).verdicts.map(({ waiver }) => waiver));
  const items = waivers.known ? waivers.items.filter(({ evidence }) => used.has(evidence)) : [];
  return items.map(({ evidence, rule, not_after }) => ({ evidence, rule, not_after }));
}
