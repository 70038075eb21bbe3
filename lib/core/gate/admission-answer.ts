import type { Json, JsonObject } from '../json.ts';
import { printable, shortened } from '../printable.ts';
import { ADMISSION_VERSION } from './admission.ts';
import { type Decision, resultOfAll } from './decision.ts';
import type { RuleVerdict } from './input.ts';
import { explain } from './reasons.ts';
import { isLetThrough } from './result.ts';

export interface AdmissionRefusal {
  /** 403: the gate says no. 503: it could not be asked; the same object may be let in later. */
  readonly code: 403 | 503;
  /** Why, and what to do. */
  readonly message: string;
}

/** What the cluster is told. */
export interface AdmissionVerdict {
  /** Undefined when the object is let in. */
  readonly refusal: AdmissionRefusal | undefined;
  /** Digest of the evidence of it; undefined where nothing was decided or nothing was to be written. */
  readonly decision: string | undefined;
  /** Shown to whoever sent the object, allowed or not. */
  readonly warnings: readonly string[];
}

type Judged = Pick<Decision, 'input' | 'result' | 'beside'>;

/** Events and terminals cut what is longer. */
const MAX_MESSAGE = 4000;
/** Kubernetes asks for warnings of some 120 characters, and drops what exceeds 4096 in all. */
const MAX_WARNING = 240;
const MAX_WARNINGS = 16;

/** The AdmissionReview that answers (Kubernetes, "Webhook request and response"). */
export function admissionReview(uid: string, { refusal, decision, warnings }: AdmissionVerdict): JsonObject {
  return {
    apiVersion: ADMISSION_VERSION,
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed: refusal === undefined,
      ...(refusal === undefined ? {} : { status: statusOf(refusal) }),
      ...(decision === undefined ? {} : { auditAnnotations: { decision } }),
      ...(warnings.length === 0 ? {} : { warnings: warnings.slice(0, MAX_WARNINGS).map(warning) }),
    },
  };
}

function statusOf({ code, message }: AdmissionRefusal): JsonObject {
  const lines = message.split('\n').map(printable);
  return { code, message: shortened(lines.join('\n'), MAX_MESSAGE) };
}

/** Of a decision: every rule that keeps the gate shut, why, and what would open it. */
export function refusalOf(judged: Judged, decision: string | undefined): string {
  const { input } = judged;
  const lines = resultOfAll(judged)
    .verdicts.filter((one) => !isLetThrough(one))
    .map(lineOf);
  const kept = decision === undefined ? '' : ` (decision ${decision})`;
  return [`the model ${input.model.sha256} may not enter ${input.environment}${kept}:`, ...lines].join('\n');
}

/** Of a decision: the rules that will keep the gate shut one day. */
export function comingOf(judged: Judged): string[] {
  return resultOfAll(judged)
    .warnings.filter((one) => !isLetThrough(one))
    .map((one) => `countersign: from ${one.effective_on} ${lineOf(one)}`);
}

function lineOf({ rule, verdict, reasons }: RuleVerdict): string {
  const told = reasons.map((reason) => {
    const { sentence, fix } = explain(reason);
    return fix === undefined ? sentence : `${sentence} (${fix})`;
  });
  return `${rule}: ${told.length === 0 ? verdict : told.join('; ')}`;
}

/** It travels as a header of one line. */
function warning(text: string): Json {
  return shortened(printable(text.replaceAll('\n', ' ')), MAX_WARNING);
}
