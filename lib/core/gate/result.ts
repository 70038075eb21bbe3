import * as z from 'zod/mini';
import { JsonValue, parseWith } from '../schema.ts';
import { type GateResult, type Reason, type RuleVerdict, VERDICTS } from './input.ts';

const RuleVerdictSchema = z.strictObject({
  rule: z.string().check(z.maxLength(256), z.regex(/^[a-z][a-z0-9_]{0,63}(\.[a-z][a-z0-9_]{0,63})*$/)),
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

/** The convention of conftest (`deny`) and Gatekeeper (`violation`): a set of texts, or of objects with one in `msg`. */
const DenialsSchema = z.array(
  z.union([
    z.string(),
    z.looseObject({ msg: z.string(), code: z.optional(z.string()), details: z.optional(JsonValue) }),
  ]),
);
type Denial = z.output<typeof DenialsSchema>[number];

/** Codes of the reasons that denials become. */
export const DENIAL_CODES = { denied: 'policy_denied', more: 'policy_denied_more' } as const;

/** Denials that are quoted; of the rest, how many they are. */
const MAX_DENIALS = 100;
const MAX_MESSAGE = 1000;
const MAX_CODE = 100;
/** As JSON; longer details are left out. */
const MAX_DETAILS = 2000;

/** Their rules say not since when they hold. */
const ALWAYS = '1970-01-01T00:00:00.000Z';

/** How a policy answers. Only one that gives verdicts can be the main policy. */
export const ANSWER_FORMS = ['verdicts', 'denials'] as const;
export type AnswerForm = (typeof ANSWER_FORMS)[number];

export function formOf(answer: unknown): AnswerForm {
  return Array.isArray(answer) ? 'denials' : 'verdicts';
}

/**
 * What the main policy's result would become with a candidate where it can stand: verdicts in its place; denials beside it, where
 * they can only close.
 */
export function withCandidate(main: GateResult, candidate: GateResult, form: AnswerForm): GateResult {
  if (form === 'verdicts') return candidate;
  return {
    verdicts: [...main.verdicts, ...candidate.verdicts],
    warnings: [...main.warnings, ...candidate.warnings],
  };
}

/**
 * What a policy beside the main one answered: verdicts, or somebody else's denials as one verdict. The main policy must give
 * verdicts: a list that is empty because its rules did not understand the facts would open every gate.
 *
 * @throws DomainError POLICY_RESULT_INVALID
 */
export function parseBesideResult(value: unknown, entrypoint: string): GateResult {
  if (formOf(value) === 'verdicts') return parseGateResult(value);
  const denials = parseWith(DenialsSchema, value, 'POLICY_RESULT_INVALID');
  const quoted = denials.slice(0, MAX_DENIALS).map(reasonOf);
  const more = denials.length - quoted.length;
  const verdict: RuleVerdict = {
    rule: ruleNamed(entrypoint),
    verdict: denials.length === 0 ? 'pass' : 'fail',
    severity: 'high',
    controls: [],
    effective_on: ALWAYS,
    reasons: more === 0 ? quoted : [...quoted, { code: DENIAL_CODES.more, params: { count: more } }],
    waiver: null,
  };
  return parseGateResult({ verdicts: [verdict], warnings: [] });
}

function reasonOf(denial: Denial): Reason {
  if (typeof denial === 'string')
    return { code: DENIAL_CODES.denied, params: { message: bounded(denial, MAX_MESSAGE) } };
  const { msg, code, details } = denial;
  const isShort = details !== undefined && JSON.stringify(details).length <= MAX_DETAILS;
  return {
    code: DENIAL_CODES.denied,
    params: {
      message: bounded(msg, MAX_MESSAGE),
      ...(code === undefined ? {} : { code: bounded(code, MAX_CODE) }),
      ...(isShort ? { details } : {}),
    },
  };
}

/** Cut where it is too long, and well-formed: half a character has no canonical form. */
function bounded(text: string, most: number): string {
  return text.length <= most ? text.toWellFormed() : `${text.slice(0, most).toWellFormed()}…`;
}

/** `acme/freeze/deny` is the rule `acme.freeze.deny`. */
function ruleNamed(entrypoint: string): string {
  const segments = entrypoint.toLowerCase().split('/');
  return segments
    .map((segment) =>
      segment
        .replaceAll(/[^a-z0-9_]/g, '_')
        .replace(/^(?![a-z])/, 'x')
        .slice(0, 64),
    )
    .join('.');
}

/** Fails closed: undetermined lets nothing through. */
export function isPassed({ verdicts }: GateResult): boolean {
  return verdicts.length > 0 && verdicts.every(isLetThrough);
}

export function isLetThrough({ verdict }: Pick<RuleVerdict, 'verdict'>): boolean {
  return verdict === 'pass' || verdict === 'not_applicable' || verdict === 'waived';
}
