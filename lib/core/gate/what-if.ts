import * as z from 'zod/mini';
import { canonicalBytes } from '../canonical.ts';
import { JsonValue } from '../schema.ts';
import { MAIN } from '../slots.ts';
import { resultOfAll, type Said } from './decision.ts';
import { type GateResult, type Reason, type RuleVerdict, VERDICTS } from './input.ts';
import { type AnswerForm, isLetThrough, isPassed, withCandidate } from './result.ts';

const MaybeVerdict = z.nullable(z.enum(VERDICTS));

/** A rule that lets through what it refused, or the other way round. */
export const RuleChangeSchema = z.object({
  rule: z.string(),
  /** Null: the policy has no such rule, which refuses nothing. */
  before: MaybeVerdict,
  after: MaybeVerdict,
  /** Of the one that refuses; the first few. */
  reasons: z.array(z.object({ code: z.string(), params: z.record(z.string(), JsonValue) })),
});

export type RuleChange = z.output<typeof RuleChangeSchema>;

/** A rule that will refuse from a later time on. */
export const WarningSchema = z.object({ rule: z.string(), effective_on: z.string() });

/** `differ`: the same in the end, by other rules. */
export const KEPT = ['same', 'differ'] as const;
export const FLIPPED = ['would_fail', 'would_pass'] as const;

/** What another policy would have said of the same facts. */
export interface Comparison {
  readonly result: (typeof KEPT)[number] | (typeof FLIPPED)[number];
  readonly rules: RuleChange[];
  readonly warnings: z.output<typeof WarningSchema>[];
}

/**
 * Holds what was decided against what would have been, with the candidate where it would stand and all else as it was.
 *
 * @param slot - in the place of what stood there
 */
export function compareDecided(
  { result, beside }: Said,
  candidate: GateResult,
  form: AnswerForm,
  slot: string = MAIN,
): Comparison {
  const after =
    slot === MAIN
      ? { result: withCandidate(result, candidate, form), beside }
      : { result, beside: [...beside.filter((one) => one.slot !== slot), { slot, result: candidate }] };
  return compareResults(resultOfAll({ result, beside }), resultOfAll(after));
}

export function compareResults(before: GateResult, after: GateResult): Comparison {
  const rules = changedRules(before.verdicts, after.verdicts);
  const warnings = after.warnings
    .filter((warning) => !isLetThrough(warning))
    .slice(0, MAX_RULES)
    .map(({ rule, effective_on }) => ({ rule, effective_on: effective_on.slice(0, MAX_TEXT) }));
  return { result: resultOf(isPassed(before), isPassed(after), rules), rules, warnings };
}

function resultOf(passed: boolean, wouldPass: boolean, rules: readonly RuleChange[]): Comparison['result'] {
  if (passed !== wouldPass) return wouldPass ? 'would_pass' : 'would_fail';
  return rules.length === 0 ? 'same' : 'differ';
}

/** A candidate may be anybody's: however much it says, what is kept of one decision stays small. */
const MAX_RULES = 50;
const MAX_REASONS = 3;
const MAX_REASON_BYTES = 500;
const MAX_TEXT = 100;

function changedRules(before: readonly RuleVerdict[], after: readonly RuleVerdict[]): RuleChange[] {
  const former = refusalsFirst(before);
  const later = refusalsFirst(after);
  const changes: RuleChange[] = [];
  for (const rule of new Set([...former.keys(), ...later.keys()])) {
    const [was, is] = [former.get(rule), later.get(rule)];
    const lets = !is || isLetThrough(is);
    if (lets === (!was || isLetThrough(was))) continue;
    const reasons = ((lets ? was : is)?.reasons ?? []).slice(0, MAX_REASONS).map(bounded);
    changes.push({ rule, before: was?.verdict ?? null, after: is?.verdict ?? null, reasons });
    if (changes.length >= MAX_RULES) break;
  }
  return changes;
}

/** A rule that a policy judges twice refuses when one of its verdicts does. */
function refusalsFirst(verdicts: readonly RuleVerdict[]): ReadonlyMap<string, RuleVerdict> {
  const rules = new Map<string, RuleVerdict>();
  for (const verdict of verdicts) {
    const known = rules.get(verdict.rule);
    if (!known || isLetThrough(known)) rules.set(verdict.rule, verdict);
  }
  return rules;
}

function bounded(reason: Reason): RuleChange['reasons'][number] {
  if (canonicalBytes(reason).length <= MAX_REASON_BYTES) return reason;
  return { code: reason.code.slice(0, MAX_TEXT), params: {} };
}
