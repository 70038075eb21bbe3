import * as z from 'zod/mini';
import { ENVIRONMENTS } from '../../contracts/predicates.ts';
import type { ProblemCode } from '../../contracts/problems.ts';
import { canonicalBytes } from '../canonical.ts';
import { Sha256Schema } from '../digest.ts';
import type { PolicyIdentity } from './decision.ts';
import { ANSWER_FORMS, type AnswerForm } from './result.ts';
import { FLIPPED, KEPT, type RuleChange, RuleChangeSchema, WarningSchema } from './what-if.ts';

const Count = z.int().check(z.nonnegative());
const Flipped = { would_fail: Count, would_pass: Count };

const ofDecision = {
  decision: Sha256Schema,
  model: Sha256Schema,
  environment: z.enum(ENVIRONMENTS),
  decided_at: z.string(),
  rules: z.array(RuleChangeSchema),
};
const ofJudged = { ...ofDecision, form: z.enum(ANSWER_FORMS), warnings: z.array(WarningSchema) };
const ofFlip = {
  result: z.enum(FLIPPED),
  requester: z.nullable(z.string()).check(z.describe('Registered name of who asked the gate')),
  model_name: z.nullable(z.string()).check(z.describe('As the training names it')),
  producer: z.nullable(z.string()).check(z.describe('Registered name of who trained it')),
};

/** What became of one decision. */
export const OutcomeSchema = z.union([
  z.object({ ...ofJudged, result: z.enum(KEPT) }),
  z.object({ ...ofJudged, ...ofFlip }),
  /** It could not be read or does not verify, or the candidate broke down over it. */
  z.object({ decision: Sha256Schema, result: z.literal('unjudged'), code: z.string() }),
]);

/** Codes of a candidate that breaks down; any other lies in what was stored. */
export const BREAKDOWNS: ReadonlySet<string> = new Set<ProblemCode>([
  'POLICY_FAILED',
  'POLICY_TIMED_OUT',
  'POLICY_MEMORY_EXCEEDED',
  'POLICY_RESULT_INVALID',
]);

export type Outcome = z.output<typeof OutcomeSchema>;

/** Each decision counts once besides `decisions`. */
export const CountsSchema = z.object({ decisions: Count, same: Count, differ: Count, ...Flipped, unjudged: Count });

export type Counts = z.output<typeof CountsSchema>;

export const FormSchema = z
  .nullable(z.enum(ANSWER_FORMS))
  .check(
    z.describe(
      'Verdicts were taken in the place of the main policy, denials beside it; denials once it gave any, null when nothing was judged',
    ),
  );

/** What the candidate would have decided of the decisions of a range. */
export const SimulationReportSchema = z.object({
  version: z.literal(1),
  simulation: Sha256Schema.check(z.describe('Digest of the question')),
  policy: z.object({ sha256: Sha256Schema, revision: z.string(), entrypoint: z.string() }),
  slot: z.string().check(z.describe('Where the policy would stand, in the place of what stood there')),
  from: z.string(),
  to: z.string().check(z.describe('Exclusive')),
  complete_until: z.string().check(z.describe('Of what was asked later, some may not have been decided yet')),
  environment: z.nullable(z.enum(ENVIRONMENTS)).check(z.describe('Null: all of them')),
  form: FormSchema,
  counts: CountsSchema,
  skipped: Count.check(z.describe('Gates in the range that decided nothing, because they were skipped')),
  rules: z
    .array(z.object({ rule: z.string(), ...Flipped }))
    .check(z.describe('Decisions in which a rule would refuse, or let through, other than it did')),
  environments: z.array(z.object({ environment: z.enum(ENVIRONMENTS), decisions: Count, ...Flipped })),
  models: z.array(z.object({ sha256: Sha256Schema, ...Flipped })).check(z.describe('Those whose decisions flip')),
  warnings: z
    .array(z.object({ rule: z.string(), effective_on: z.string(), decisions: Count }))
    .check(z.describe('Decisions in which a rule would refuse from a later time on')),
  flips: z
    .array(z.object({ ...ofDecision, ...ofFlip, evidence: z.string() }))
    .check(z.describe('Newest first; `evidence` is a path of the API')),
  unjudged: z.array(z.object({ decision: Sha256Schema, code: z.string() })),
  unjudged_codes: z.array(z.object({ code: z.string(), decisions: Count })),
  not_listed: z
    .object({ rules: Count, models: Count, warnings: Count, flips: Count, unjudged: Count })
    .check(
      z.describe('What is counted but not listed: decisions, once for each rule, model or warning that is not there'),
    ),
  results: z.array(Sha256Schema).check(z.describe('Digests of the results, chunk by chunk, that this was made from')),
});

export type SimulationReport = z.output<typeof SimulationReportSchema>;
type Flip = SimulationReport['flips'][number];

/** Bounds of a report, so that it can be made in bounded memory and read whole: about 4 MB in all. */
const MAX_NAMES = 1000;
const MAX_FLIPS = 1000;
const MAX_FLIP_BYTES = 2 * 1024 * 1024;

/** Counts outcomes, one after the other; only what a report lists is kept. */
export class ReportBuilder {
  readonly #counts = { decisions: 0, same: 0, differ: 0, would_fail: 0, would_pass: 0, unjudged: 0 };
  readonly #rules = new Table<'would_fail' | 'would_pass'>();
  readonly #environments = new Table<'decisions' | 'would_fail' | 'would_pass'>();
  readonly #models = new Table<'would_fail' | 'would_pass'>();
  readonly #warnings = new Table<'decisions'>();
  readonly #codes = new Table<'decisions'>();
  readonly #flips: Flip[] = [];
  readonly #unjudged: SimulationReport['unjudged'] = [];
  #flipBytes = 0;
  #form: AnswerForm | null = null;

  /** @param outcome - of a decision that is no newer than the one before */
  add(outcome: Outcome): void {
    this.#counts.decisions++;
    this.#counts[outcome.result]++;
    if (outcome.result === 'unjudged') {
      const { decision, code } = outcome;
      this.#codes.count(code, 'decisions');
      if (this.#unjudged.length < MAX_NAMES) this.#unjudged.push({ decision, code });
      return;
    }
    if (this.#form !== 'denials') this.#form = outcome.form;
    this.#environments.count(outcome.environment, 'decisions');
    for (const { rule, effective_on } of outcome.warnings) this.#warnings.count(`${rule} ${effective_on}`, 'decisions');
    for (const { rule, after } of outcome.rules) {
      this.#rules.count(rule, isRefusal(after) ? 'would_fail' : 'would_pass');
    }
    if (!('requester' in outcome)) return;
    const { form, warnings, ...flip } = outcome;
    this.#environments.count(flip.environment, flip.result);
    this.#models.count(flip.model, flip.result);
    this.#list({ ...flip, evidence: `/v1/evidence/${flip.decision}` });
  }

  #list(flip: Flip): void {
    if (this.#flips.length >= MAX_FLIPS || this.#flipBytes >= MAX_FLIP_BYTES) return;
    this.#flipBytes += canonicalBytes(flip).length;
    this.#flips.push(flip);
  }

  build(
    about: Pick<
      SimulationReport,
      'simulation' | 'slot' | 'from' | 'to' | 'complete_until' | 'environment' | 'skipped' | 'results'
    >,
    { sha256, revision, entrypoint }: PolicyIdentity,
  ): SimulationReport {
    const counts = { ...this.#counts };
    const flips = counts.would_fail + counts.would_pass;
    const none = { would_fail: 0, would_pass: 0 };
    return {
      version: 1,
      ...about,
      policy: { sha256, revision, entrypoint },
      form: this.#form,
      counts,
      rules: this.#rules.rows((rule, row) => ({ rule, ...none, ...row })),
      environments: ENVIRONMENTS.map((environment) => ({
        environment,
        decisions: 0,
        ...none,
        ...this.#environments.row(environment),
      })),
      models: this.#models.rows((model, row) => ({ sha256: model, ...none, ...row })),
      warnings: this.#warnings.rows((name, row) => {
        // The name of a rule holds no space; what a policy says of its time may.
        const end = name.indexOf(' ');
        return { rule: name.slice(0, end), effective_on: name.slice(end + 1), decisions: 0, ...row };
      }),
      flips: this.#flips,
      unjudged: this.#unjudged,
      unjudged_codes: this.#codes.rows((code, row) => ({ code, decisions: 0, ...row })),
      not_listed: {
        rules: this.#rules.rest,
        models: this.#models.rest,
        warnings: this.#warnings.rest,
        flips: flips - this.#flips.length,
        unjudged: counts.unjudged - this.#unjudged.length,
      },
    };
  }
}

function isRefusal(verdict: RuleChange['after']): boolean {
  return verdict === 'fail' || verdict === 'undetermined';
}

/** Counts by name, for so many names; the rest is counted together. */
class Table<Column extends string> {
  readonly #rows = new Map<string, Partial<Record<Column, number>>>();
  rest = 0;

  count(name: string, column: Column): void {
    const row = this.#rows.get(name);
    if (!row && this.#rows.size >= MAX_NAMES) {
      this.rest++;
      return;
    }
    this.#rows.set(name, { ...row, [column]: (row?.[column] ?? 0) + 1 });
  }

  row(name: string): Partial<Record<Column, number>> {
    return this.#rows.get(name) ?? {};
  }

  /** In the order of the names. */
  rows<T>(rowOf: (name: string, row: Partial<Record<Column, number>>) => T): T[] {
    return [...this.#rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, row]) => rowOf(name, row));
  }
}
