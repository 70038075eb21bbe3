import * as z from 'zod/mini';
import {
  ENVIRONMENTS,
  type Environment,
  GATE_VERIFIER,
  Predicate,
  VERDICTS_FIELD,
} from '../../contracts/predicates.ts';
import { canonicalBytes } from '../canonical.ts';
import { Sha256Schema } from '../digest.ts';
import { DomainError } from '../errors.ts';
import { parseWith } from '../schema.ts';
import { type Statement, statementJson } from '../statement.ts';
import type { GateInput, GateResult } from './input.ts';
import { isPassed, parseGateResult } from './result.ts';
import { type Shadowed, ShadowedSchema } from './shadow.ts';

/** Which policy decided. */
export interface PolicyIdentity {
  /** SHA-256 of the policy bundle's bytes. */
  readonly sha256: string;
  /** The bundle's own revision, from its manifest. */
  readonly revision: string;
  /** Rego path of the entrypoint, such as `countersign/gate/result`. */
  readonly entrypoint: string;
}

/** What a policy in a slot beside the main one said; it must let the model pass too. */
export interface Beside {
  readonly slot: string;
  readonly policy: PolicyIdentity;
  readonly result: GateResult;
}

export interface Decision {
  /** Whether every policy lets the model pass. */
  readonly passed: boolean;
  readonly input: GateInput;
  /** Digest of the canonical input, which is stored beside the decision. */
  readonly inputSha256: string;
  readonly policy: PolicyIdentity;
  readonly result: GateResult;
  readonly beside: readonly Beside[];
  /** What decided nothing and was asked all the same. */
  readonly shadows: readonly Shadowed[];
  /** When it was decided; `input.now` is the instant that was judged. */
  readonly decidedAt: string;
  /** Whether an earlier instant was judged: an answer about the past, which opens nothing now. */
  readonly asOf: boolean;
}

/**
 * The decision as a SLSA verification summary (VSA v1), canonical, ready to be signed. Its subject is the model; its input
 * attestations are the evidence that was looked at; the verdict of each rule is in {@link VERDICTS_FIELD}.
 */
export function decisionPayload(decision: Decision): Buffer {
  const { input, inputSha256, policy, result, beside, shadows, decidedAt, passed, asOf } = decision;
  const level = asOf ? 'AS_OF' : input.environment.toUpperCase();
  return canonicalBytes(
    statementJson([{ name: 'model', digest: { sha256: input.model.sha256 } }], Predicate.slsaVsa, {
      verifier: { id: GATE_VERIFIER },
      timeVerified: decidedAt,
      resourceUri: `urn:countersign:model:sha256:${input.model.sha256}`,
      policy: { uri: `urn:countersign:policy:${policy.revision}`, digest: { sha256: policy.sha256 } },
      inputAttestations: input.attestations.map(({ evidence }) => ({
        uri: `urn:countersign:evidence:sha256:${evidence}`,
        digest: { sha256: evidence },
      })),
      verificationResult: passed ? 'PASSED' : 'FAILED',
      verifiedLevels: [passed ? `COUNTERSIGN_${level}_${input.phase.toUpperCase()}` : 'FAILED'],
      [VERDICTS_FIELD]: {
        environment: input.environment,
        phase: input.phase,
        endpoint: input.endpoint,
        image_digest: input.image_digest,
        requester: input.requester,
        judged_at: input.now,
        as_of: asOf,
        input_sha256: inputSha256,
        entrypoint: policy.entrypoint,
        ...result,
        beside: beside.map((one) => ({ slot: one.slot, policy: one.policy, ...one.result })),
        shadows,
      },
    }),
  );
}

const BesideSchema = z.strictObject({
  slot: z.string(),
  policy: z.strictObject({ sha256: Sha256Schema, revision: z.string(), entrypoint: z.string() }),
  verdicts: z.unknown(),
  warnings: z.unknown(),
});

const DecisionSchema = z.looseObject({
  timeVerified: z.string(),
  policy: z.looseObject({ uri: z.string(), digest: z.looseObject({ sha256: Sha256Schema }) }),
  verificationResult: z.enum(['PASSED', 'FAILED']),
  [VERDICTS_FIELD]: z.looseObject({
    environment: z.enum(ENVIRONMENTS),
    requester: z.nullable(z.string()),
    as_of: z.boolean(),
    input_sha256: Sha256Schema,
    entrypoint: z.string(),
    verdicts: z.unknown(),
    warnings: z.unknown(),
    // Decisions of earlier builds name neither.
    beside: z._default(z.array(BesideSchema), []),
    shadows: z._default(z.array(ShadowedSchema), []),
  }),
});

/** What a replay and a simulation need of a stored decision. */
export interface StoredDecision {
  readonly model: string;
  readonly environment: Environment;
  /** Registered name of the asker; null for one that is not registered. */
  readonly requester: string | null;
  readonly passed: boolean;
  readonly asOf: boolean;
  readonly inputSha256: string;
  readonly policy: Pick<PolicyIdentity, 'sha256' | 'entrypoint'>;
  readonly result: GateResult;
  readonly beside: readonly Beside[];
  readonly shadows: readonly Shadowed[];
  readonly decidedAt: string;
}

/** What the main policy said, and each of the others. */
export interface Said {
  readonly result: GateResult;
  readonly beside: readonly Pick<Beside, 'slot' | 'result'>[];
}

/** Whether every policy lets the model pass. */
export function isPassedByAll({ result, beside }: Said): boolean {
  return isPassed(result) && beside.every((one) => isPassed(one.result));
}

/** What all policies said, as one result; the rules of a slot bear its name. */
export function resultOfAll({ result, beside }: Said): GateResult {
  const ofSlot = (list: 'verdicts' | 'warnings') =>
    beside.flatMap((one) => one.result[list].map((verdict) => ({ ...verdict, rule: `${one.slot}/${verdict.rule}` })));
  return {
    verdicts: [...result.verdicts, ...ofSlot('verdicts')],
    warnings: [...result.warnings, ...ofSlot('warnings')],
  };
}

/**
 * Reads a decision from its statement. Whether the evidence key signed it is for the caller to have checked.
 *
 * @throws DomainError PREDICATE_INVALID or POLICY_RESULT_INVALID
 */
export function parseDecision(statement: Statement): StoredDecision {
  if (statement.predicateType !== Predicate.slsaVsa) {
    throw new DomainError('PREDICATE_INVALID', 'the statement is no verification summary', {
      pointer: '/predicateType',
    });
  }
  const [model, ...others] = statement.subject;
  if (!model || others.length > 0) {
    throw new DomainError('PREDICATE_INVALID', 'a decision is about one model', { pointer: '/subject' });
  }
  const summary = parseWith(DecisionSchema, statement.predicate, 'PREDICATE_INVALID', '/predicate');
  const { environment, requester, as_of: asOf, input_sha256, entrypoint, shadows, ...said } = summary[VERDICTS_FIELD];
  const result = parseGateResult({ verdicts: said.verdicts, warnings: said.warnings });
  const beside = said.beside.map(({ slot, policy, ...one }) => ({ slot, policy, result: parseGateResult(one) }));
  const passed = summary.verificationResult === 'PASSED';
  if (passed !== isPassedByAll({ result, beside })) {
    throw new DomainError('PREDICATE_INVALID', 'the result is not what the verdicts come to', {
      pointer: '/predicate/verificationResult',
    });
  }
  return {
    model: model.digest.sha256,
    environment,
    requester,
    passed,
    asOf,
    inputSha256: input_sha256,
    policy: { sha256: summary.policy.digest.sha256, entrypoint },
    result,
    beside,
    shadows,
    decidedAt: summary.timeVerified,
  };
}
