import * as z from 'zod/mini';
import type { ProblemCode } from '../../contracts/problems.ts';
import { Sha256Schema } from '../digest.ts';
import type { GateResult } from './input.ts';
import { isLetThrough, isPassed } from './result.ts';

/** Rules that a line names. */
const MAX_RULES = 50;

const Schema = z.strictObject({
  slot: z.string(),
  /** SHA-256 of the policy bundle. */
  policy: Sha256Schema,
  said: z.enum(['PASSED', 'FAILED', 'BROKE']),
  /** Of one that broke: why. */
  code: z.nullable(z.string()),
  /** Rules by which only one of the main policy and the shadow keeps the gate shut. */
  rules: z.array(z.string()),
});

/** What a shadow would have decided. It is a part of the decision that it had no part in. */
export type Shadowed = Readonly<z.output<typeof Schema>>;
export const ShadowedSchema: z.ZodMiniType<Shadowed> = Schema;

type Place = Pick<Shadowed, 'slot' | 'policy'>;

export function shadowSaid(place: Place, main: GateResult, shadow: GateResult): Shadowed {
  const [before, after] = [refusals(main), refusals(shadow)];
  const rules = [...before.symmetricDifference(after)].toSorted().slice(0, MAX_RULES);
  return { ...place, said: isPassed(shadow) ? 'PASSED' : 'FAILED', code: null, rules };
}

export function shadowBroke(place: Place, code: ProblemCode): Shadowed {
  return { ...place, said: 'BROKE', code, rules: [] };
}

function refusals({ verdicts }: GateResult): Set<string> {
  return new Set(verdicts.filter((one) => !isLetThrough(one)).map(({ rule }) => rule));
}

/** One gate that a shadow saw: a line of the index. */
export interface ShadowLine extends Omit<Shadowed, 'policy'> {
  readonly model: string;
  /** What the main policy said. */
  readonly main: 'PASSED' | 'FAILED';
}

export const ShadowLineSchema: z.ZodMiniType<ShadowLine> = z.object({
  slot: z.string(),
  said: Schema.shape.said,
  code: z.nullable(z.string()),
  rules: z.array(z.string()),
  model: z.string(),
  main: z.enum(['PASSED', 'FAILED']),
});

/** How a shadow's answers differ from those of the main policy. */
export interface ShadowCounts {
  /** Gates that it saw. */
  readonly gates: number;
  readonly same: number;
  readonly would_fail: number;
  readonly would_pass: number;
  readonly broke: number;
  /** By rule: gates that only one of the two keeps shut by it. */
  readonly rules: Readonly<Record<string, number>>;
}

export type ShadowDifference = 'would_fail' | 'would_pass' | 'broke';

/** Undefined where the gate would have been as open or as shut. */
export function differenceOf({ said, main }: Pick<ShadowLine, 'said' | 'main'>): ShadowDifference | undefined {
  if (said === 'BROKE') return 'broke';
  if (said === main) return undefined;
  return said === 'FAILED' ? 'would_fail' : 'would_pass';
}

export function countShadow(lines: readonly ShadowLine[]): ShadowCounts {
  const rules = new Map<string, number>();
  for (const rule of lines.flatMap((line) => line.rules)) rules.set(rule, (rules.get(rule) ?? 0) + 1);
  const differing = (kind: ShadowDifference | undefined) => lines.filter((line) => differenceOf(line) === kind).length;
  return {
    gates: lines.length,
    same: differing(undefined),
    would_fail: differing('would_fail'),
    would_pass: differing('would_pass'),
    broke: differing('broke'),
    rules: Object.fromEntries([...rules].toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}
