import type { Decided } from '../app/gate/evaluate.ts';
import type { Log } from '../app/ports.ts';
import { parseStrictJson } from '../core/json.ts';
import type { Answer } from './http.ts';
import { counted } from './metrics.ts';

/**
 * A decision as the API shows it, with the signed bytes. It is logged as OPA logs decisions ("Decision Logs"): which policy
 * decided what on which input. The input and the verdicts are masked, because they are evidence and lie in the bucket.
 */
export function decisionAnswer(decided: Decided, log: Log): Answer {
  const { passed, input, inputSha256, policy, result, decidedAt, evidence, bytes } = decided;
  const outcome = passed ? 'PASSED' : 'FAILED';
  log.info('gate-decided', {
    decision_id: evidence,
    path: policy.entrypoint,
    bundles: { countersign: { revision: policy.revision, sha256: policy.sha256 } },
    result: outcome,
    timestamp: decidedAt,
    requested_by: input.requester,
    input_sha256: inputSha256,
    erased: ['/input', '/result/verdicts'],
    ...counted({ GatePassed: passed ? 1 : 0, GateFailed: passed ? 0 : 1 }, { environment: input.environment }),
  });
  return {
    status: 200,
    body: {
      decision: evidence,
      result: outcome,
      model: input.model.sha256,
      environment: input.environment,
      phase: input.phase,
      judged_at: input.now,
      decided_at: decidedAt,
      policy,
      input_sha256: inputSha256,
      verdicts: result.verdicts,
      warnings: result.warnings,
      attestation: parseStrictJson(bytes),
    },
  };
}
