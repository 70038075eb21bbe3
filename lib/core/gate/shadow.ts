import * as z from 'zod/mini';
import type { ProblemCode } from '../../contracts/problems.ts';
import { Sha256Schema } from '../digest.ts';
import type { GateResult } from './input.ts';
import { type AnswerForm, isLetThrough, isPassed, withCandidate } from './result.ts';

/** Rules that a line names. */
const MAX_RULES = 50;

const Schema = z.strictObject({
  slot: z.string(),
  /** SHA-256 of the policy bundle. */
  policy: Sha256Schema,
  /** What the main policy would have said in its place; of denials, what the two come to. LATE: it was not loaded in time to be asked. */
  said: z.enum(['PASSED', 'FAILED', 'BROKE', 'LATE']),
  /** Of one that broke: why. */
  code: z.nullable(z.string()),
  /** Rules by which only one of the main policy and the shadow keeps the gate shut. */
  rules: z.array(z.string()),
});

/** What a shadow would have decided. It is a part of the decision that it had no part in. */
export type Shadowed = Readonly<z.output<typeof Schema>>;
export const ShadowedSchema: z.ZodMiniType<Shadowed> = Schema;

type Place = Pick<Shadowed, 'slot' | 'policy'>;

export function shadowSaid(place: Place, main: GateResult, shadow: GateResult, form: AnswerForm): Shadowed {
  const decided = withCandidate(main, shadow, form);
  const [before, after] = [refusals(main), refusals(decided)];
  const rules = [...before.symmetricDifference(after)].toSorted().slice(0, MAX_RULES);
  return { ...place, said: isPassed(decided) ? 'PASSED' : 'FAILED', code: null, rules };
}

export function shadowBroke(place: Place, code: ProblemCode): Shadowed {
  return { ...place, said: 'BROKE', code, rules: [] };
}

export function shadowLate(place: Place): Shadowed {
  return { ...place, said: 'LATE', code: null, rules: [] };
}

function refusals({ verdicts }: GateResult): Set<string> {
  return new Set(verdicts.filter((one) => !isLetThrough(one)).map(({ rule }) => rule));
}

const lineFields = {
  slot: z.string(),
  /** What the main policy said. */
  main: z.enum(['PASSED', 'FAILED']),
  said: Schema.shape.said,
  code: z.nullable(z.string()),
  rules: z.array(z.string()),
  model: z.string(),
};
const Line = z.object(lineFields);

/** One gate that a shadow saw: a line of the index. */
export type ShadowLine = Readonly<z.output<typeof Line>>;
export const ShadowLineSchema: z.ZodMiniType<ShadowLine> = Line;

const DIFFERENCES = ['would_fail', 'would_pass', 'broke'] as const;
export type ShadowDifference = (typeof DIFFERENCES)[number];

/** A gate that would have answered otherwise, or that the shadow broke at, as the API tells of it. */
export const ShadowedGateSchema = z.object({
  ...lineFields,
  difference: z.enum(DIFFERENCES),
  /** Digest of the signed decision. */
  decision: z.string(),
  environment: z.nullable(z.string()),
  decided_at: z.string(),
});
export type ShadowedGate = z.output<typeof ShadowedGateSchema>;

/** How a shadow's answers differ from those of the main policy. */
export const ShadowCountsSchema = z.object({
  /** Gates that were decided beside it. */
  gates: z.number(),
  same: z.number(),
  would_fail: z.number(),
  would_pass: z.number(),
  broke: z.number(),
  /** It was not asked, so it says nothing of these. */
  late: z.number(),
  /** By rule: gates that only one of the two keeps shut by it. */
  rules: z.record(z.string(), z.number()),
});
export type ShadowCounts = z.output<typeof ShadowCountsSchema>;

/** Undefined where the gate would have been as open or as shut, or nobody knows. */
export function differenceOf({ said, main }: Pick<ShadowLine, 'said' | 'main'>): ShadowDifference | undefined {
  if (said === 'BROKE') return 'broke';
  if (said === main || said === 'LATE') return undefined;
  return said === 'FAILED' ? 'would_fail' : 'would_pass';
}

export function countShadow(lines: readonly ShadowLine[]): ShadowCounts {
  const counts = { gates: 0, same: 0, would_fail: 0, would_pass: 0, broke: 0, late: 0 };
  for (const line of lines) {
    counts.gates++;
    counts[line.said === 'LATE' ? 'late' : (differenceOf(line) ?? 'same')]++;
  }
  return { ...counts, rules: summed(lines.flatMap(({ rules }) => rules.map((rule) => [rule, 1]))) };
}

/** Adds up what two parts of the gates were counted to. */
export function addCounts(a: ShadowCounts, b: ShadowCounts): ShadowCounts {
  return {
    gates: a.gates + b.gates,
    same: a.same + b.same,
    would_fail: a.would_fail + b.would_fail,
    would_pass: a.would_pass + b.would_pass,
    broke: a.broke + b.broke,
    late: a.late + b.late,
    rules: summed([...Object.entries(a.rules), ...Object.entries(b.rules)]),
  };
}

/** A rule may be called `constructor`, or whatever else an object has of its own. */
function summed(counts: readonly (readonly [rule: string, count: number])[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const [rule, count] of counts) sums.set(rule, (sums.get(rule) ?? 0) + count);
  return Object.fromEntries(sums);
}
