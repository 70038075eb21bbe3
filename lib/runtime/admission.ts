import { type AskDeps, askGate, type Outcome, tryGate } from '../app/gate/ask.ts';
import type { Caller } from '../app/submit-evidence.ts';
import { PROBLEMS } from '../contracts/problems.ts';
import { DomainError } from '../core/errors.ts';
import { type AdmissionRequest, AdmissionReviewSchema, readAdmission } from '../core/gate/admission.ts';
import {
  type AdmissionRefusal,
  type AdmissionVerdict,
  admissionReview,
  comingOf,
  refusalOf,
} from '../core/gate/admission-answer.ts';
import type { Decision } from '../core/gate/decision.ts';
import { logDecision, logSkip } from './gate-answers.ts';
import { type Handle, jsonBody, logProblem } from './http.ts';

/**
 * Serves a validating webhook of Kubernetes. Whatever the gate says or cannot say is an answer with status 200, because the
 * cluster takes any other for a webhook that is broken; only what is no AdmissionReview is refused by a problem document.
 */
export function admission(deps: AskDeps): Handle {
  return async (request) => {
    const review = jsonBody(AdmissionReviewSchema, request).request;
    return { status: 200, body: admissionReview(review.uid, await verdictOn(deps, review, request.caller)) };
  };
}

async function verdictOn(deps: AskDeps, review: AdmissionRequest, caller: Caller): Promise<AdmissionVerdict> {
  const read = readAdmission(review);
  if (read.kind === 'through') return undecided(undefined);
  if (read.kind === 'refuse') return undecided({ code: 403, message: read.message });
  const asked = { ...read.question, phase: 'release' as const, at: undefined };
  try {
    if (review.dryRun) return verdictOf(await tryGate(deps, asked, caller), undefined, [DRY_RUN]);
    const outcome = await askGate(deps, asked, caller);
    if (outcome.kind === 'decided') logDecision(outcome.decided, deps.log);
    else logSkip(outcome.skipped, deps.log);
    const { evidence } = outcome.kind === 'decided' ? outcome.decided : outcome.skipped;
    return verdictOf(outcome, evidence, []);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    logProblem(error.code, error);
    const message = [`${error.code}: ${error.message}`, error.hint].filter((part) => part !== undefined).join('; ');
    return undecided({ code: PROBLEMS[error.code].status < 500 ? 403 : 503, message });
  }
}

const DRY_RUN = 'countersign: this was a dry run; no decision is kept of it';
const UNCHECKED = 'countersign: the model was not checked, because its run is not in the sample';

function undecided(refusal: AdmissionRefusal | undefined): AdmissionVerdict {
  return { refusal, decision: undefined, warnings: [] };
}

function verdictOf(
  outcome: Outcome<Decision, object>,
  decision: string | undefined,
  warnings: readonly string[],
): AdmissionVerdict {
  if (outcome.kind === 'skipped') return { refusal: undefined, decision, warnings: [...warnings, UNCHECKED] };
  const { decided } = outcome;
  const refusal = decided.passed ? undefined : { code: 403 as const, message: refusalOf(decided, decision) };
  return { refusal, decision, warnings: [...warnings, ...comingOf(decided)] };
}
