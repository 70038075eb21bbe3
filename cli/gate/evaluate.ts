import * as z from 'zod/mini';
import { type Environment, OwnPredicate, VERDICTS_FIELD } from '../../lib/contracts/predicates.ts';
import { parseBundle } from '../../lib/core/bundle.ts';
import { canonicalBytes } from '../../lib/core/canonical.ts';
import { openCountersigned } from '../../lib/core/countersigned.ts';
import { Sha256Schema, sha256Hex } from '../../lib/core/digest.ts';
import { parseDecision, type StoredDecision } from '../../lib/core/gate/decision.ts';
import { GATE_PHASES, type GatePhase } from '../../lib/core/gate/input.ts';
import { parseSkip } from '../../lib/core/gate/skip.ts';
import { type JsonObject, parseStrictJson } from '../../lib/core/json.ts';
import type { PublicKey } from '../../lib/core/keys.ts';
import { parseStatement, type Statement } from '../../lib/core/statement.ts';
import { readAnswer, unreliable } from '../answers.ts';
import type { ApiClient } from '../client.ts';
import { GateSkipped } from './skipped.ts';

/** May this model enter this environment? */
export interface GateQuestion {
  /** SHA-256 of the model's tar.gz. */
  readonly model: string;
  readonly environment: Environment;
  /** @default request */
  readonly phase?: GatePhase;
  /** `sha256:<hex>` of the serving image. */
  readonly imageDigest?: string | undefined;
  /** SageMaker endpoint that the model is to serve on. */
  readonly endpoint?: string | undefined;
  /** RFC 3339: judged by the policy, keys, waivers and evidence of that time. */
  readonly at?: string | undefined;
  /** Checked in full, whatever the environment's sampling. @default false */
  readonly releaseCandidate?: boolean | undefined;
}

export interface GateDecision extends StoredDecision {
  /** Digest of the signed decision, which is evidence. */
  readonly decision: string;
  /** Its Sigstore bundle, byte for byte as it is stored. */
  readonly bundle: Buffer;
  readonly phase: GatePhase;
  /** RFC 3339, UTC: the instant that was judged. */
  readonly judgedAt: string;
  /** The policy's own name for its revision. */
  readonly policyRevision: string;
  /** The exceptions that let rules through, and until when they hold. As the API says: they are no part of what is signed. */
  readonly waivers: readonly UsedWaiver[];
  /** The whole answer. */
  readonly answer: JsonObject;
}

export interface UsedWaiver {
  /** As the verdicts name it. */
  readonly evidence: string;
  readonly rule: string;
  /** Exclusive end, RFC 3339 in UTC. */
  readonly not_after: string;
}

const AnswerSchema = z.looseObject({
  decision: Sha256Schema,
  attestation: z.record(z.string(), z.json()),
});

/** Stands beside a decision only. */
const DecidedSchema = z.looseObject({
  policy: z.looseObject({ revision: z.string() }),
  waivers: z._default(z.array(z.object({ evidence: z.string(), rule: z.string(), not_after: z.string() })), []),
});

/** What the signed decision says that it was asked. */
const AskedSchema = z.looseObject({
  [VERDICTS_FIELD]: z.looseObject({
    phase: z.enum(GATE_PHASES),
    judged_at: z.string(),
    image_digest: z.nullable(z.string()),
    endpoint: z.nullable(z.string()),
  }),
});

/**
 * Asks the gate. What is returned is read from the signed decision, and the decision must be about what was asked; so an answer
 * that was mixed up or made up lets nothing through.
 *
 * @param evidenceKeys - public keys of the control plane that the caller trusts: one of them must have signed. Left out, the
 *   API is believed, as for every other answer.
 * @throws ApiProblem when there is no decision, such as MANIFEST_MISSING; a decision that does not pass is no error
 * @throws GateSkipped when the gate did not look, which it signed
 */
export async function evaluateGate(
  api: ApiClient,
  question: GateQuestion,
  evidenceKeys: readonly PublicKey[] = [],
): Promise<GateDecision> {
  const { model, environment, phase = 'request', imageDigest, endpoint, at, releaseCandidate = false } = question;
  const answer = await api.json({
    method: 'POST',
    path: '/v1/gates/evaluate',
    body: {
      model,
      environment,
      phase,
      ...(imageDigest === undefined ? {} : { image_digest: imageDigest }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(at === undefined ? {} : { at }),
      ...(releaseCandidate ? { release_candidate: true } : {}),
    },
  });
  const { decision, attestation } = readAnswer(AnswerSchema, answer);
  const bundle = canonicalBytes(attestation);
  if (sha256Hex(bundle) !== decision) throw unreliable(`the decision that it holds is not ${decision}`);
  const statement = openDecision(bundle, evidenceKeys);
  const about = { model, environment, phase, image_digest: imageDigest ?? null, endpoint: endpoint ?? null };
  if (statement.predicateType === OwnPredicate.gateSkip) {
    const { model: skipped, skip } = parseSkip(statement);
    requireSame(about, { ...skip, model: skipped });
    throw new GateSkipped(model, skip, decision, bundle, answer);
  }
  const decided = parseDecision(statement);
  const said = readAnswer(AskedSchema, statement.predicate)[VERDICTS_FIELD];
  requireSame(
    { ...about, judged_at: at === undefined ? said.judged_at : new Date(at).toISOString() },
    { ...said, model: decided.model, environment: decided.environment },
  );
  const { policy, waivers } = readAnswer(DecidedSchema, answer);
  return {
    ...decided,
    decision,
    bundle,
    phase,
    judgedAt: said.judged_at,
    policyRevision: policy.revision,
    waivers,
    answer,
  };
}

/** What was signed must be about what was asked. */
function requireSame(asked: Readonly<Record<string, string | null>>, said: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(asked)) {
    if (said[name] !== value) throw unreliable(`it decides about the ${name} ${said[name]}, not ${value}`);
  }
}

/** @throws DomainError SIGNATURE_INVALID when keys are given and none of them signed */
function openDecision(bundle: Buffer, keys: readonly PublicKey[]): Statement {
  if (keys.length === 0) return parseStatement(parseStrictJson(parseBundle(parseStrictJson(bundle)).payload));
  return openCountersigned(bundle, (keyid) => keys.find((key) => key.keyid === keyid)).statement;
}
