import * as z from 'zod/mini';
import { JsonValue, parseWith } from '../schema.ts';
import { type GateResult, type RuleVerdict, VERDICTS } from './input.ts';

const RuleVerdictSchema = z.strictObject({
  rule: z.string().check(z.regex(/^[a-z][a-z0-9_]{0,63}(\.[a-z][a-z0-9_]{0,63})*$/)),
  verdict: z.enum(VERDICTS),
  severity: z.enum(['low', 'medium', 'high', 'critical']),
  controls: z.array(z.string()),
  effective_on: z.string(),
  reasons: z.array(z.strictObject({ code: z.string(), params: z.record(z.string(), JsonValue) })),
  waiver: z.nullable(z.string()),
});

/** A policy that judges nothing lets nothing through. */
const GateResultSchema: z.ZodMiniType<GateResult> = z.strictObject({
  verdicts: z.array(RuleVerdictSchema).check(z.minLength(1)),
  warnings: z.array(RuleVerdictSchema),
});

/**
 * What a policy returned is an outside value: it may be anybody's Rego.
 *
 * @throws DomainError POLICY_RESULT_INVALID
 */
export function parseGateResult(value: unknown): GateResult {
  return parseWith(GateResultSchema, value, 'POLICY_RESULT_INVALID');
}

/** Fails closed: undetermined lets nothing through. */
export function isPassed({ verdicts }: GateResult): boolean {
  return verdicts.length > 0 && verdicts.every(isLetThrough);
}

export function isLetThrough({ verdict }: Pick<RuleVerdict, 'verdict'>): boolean {
  return verdict === 'pass' || verdict === 'not_applicable' || verdict === 'waived';
}
