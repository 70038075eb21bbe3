import type { Verdict } from '../../lib/core/gate/input.ts';
import { explain } from '../../lib/core/gate/reasons.ts';
import type { Counts, SimulationReport } from '../../lib/core/gate/what-if-report.ts';
import { isStep } from '../../lib/core/policy.ts';
import { printable } from '../../lib/core/printable.ts';
import { MAIN } from '../../lib/core/slots.ts';
import { table } from '../shell.ts';
import type { Simulation, StandingSimulation } from './answers.ts';

/** Flips that are shown; the report has more. */
const SHOWN = 50;

const TOLD = { would_fail: 'would fail', would_pass: 'would pass' } as const;

/** Which decisions would flip, for which rule, whose models. */
export function reportLines(report: SimulationReport): string[] {
  const { counts, flips, rules, warnings, unjudged_codes, to, simulation, skipped, complete_until, form } = report;
  const changed = counts.would_fail + counts.would_pass;
  const hidden = changed - Math.min(SHOWN, flips.length);
  return [
    ...flips.slice(0, SHOWN).flatMap(flipLines),
    ...(hidden > 0 ? [`and ${hidden} more`] : []),
    ...(changed > 0 ? [''] : []),
    ...table([
      ['decisions', String(counts.decisions)],
      ['same', String(counts.same)],
      ['same, by other rules', counts.differ > 0 ? String(counts.differ) : undefined],
      ['would fail', String(counts.would_fail)],
      ['would pass', String(counts.would_pass)],
      ['not judged', unjudged_codes.map(({ code, decisions }) => `${decisions} ${printable(code)}`).join(', ')],
      ['by rule', rules.map(({ rule, ...row }) => `${printable(rule)} ${row.would_fail + row.would_pass}`).join(', ')],
      ['taken', form === 'denials' ? 'beside the main policy: it gives denials' : undefined],
      ['range', rangeOf(report)],
      ['complete', complete_until < to ? `until ${complete_until}` : undefined],
      ['skipped', skipped > 0 ? `${skipped} gates` : undefined],
      ['simulation', simulation],
      ['step', isStep(report) ? undefined : 'none towards approval'],
    ]),
    ...warnings.map(
      ({ rule, effective_on, decisions }) =>
        `warning: from ${printable(effective_on)} ${printable(rule)} will fail ${decisions} of them`,
    ),
  ];
}

function flipLines(flip: SimulationReport['flips'][number]): string[] {
  const { result, decided_at, environment, model, decision, rules } = flip;
  return [
    `${TOLD[result]}  ${decided_at}  ${environment}  model ${model}  decision ${decision}`,
    `  ${whose(flip)}`,
    ...rules.map(({ rule, before, after, reasons }) => {
      const why = reasons.map((reason) => printable(explain(reason).sentence)).join('; ');
      return `  ${printable(rule)}: ${verdict(before)} -> ${verdict(after)}${why && `  ${why}`}`;
    }),
  ];
}

function whose({ model_name, producer, requester }: SimulationReport['flips'][number]): string {
  const named = (name: string | null) => (name === null ? 'unknown' : printable(name));
  return `named ${named(model_name)}, trained by ${named(producer)}, asked by ${named(requester)}`;
}

function verdict(is: Verdict | null): string {
  return is ?? 'no such rule';
}

export function simulationLines(simulation: StandingSimulation): string[] {
  const { id, state, progress, report, failure } = simulation;
  const { done, chunks } = progress;
  return table([
    ['simulation', id],
    ['state', state],
    ['range', rangeOf(simulation)],
    ['done', chunks === null ? undefined : `${done} of ${chunks} chunks`],
    ['failure', failure && failureOf(failure)],
    ['report', report?.sha256],
  ]);
}

/** Two lines of each: which question it was, and what came of it. */
export function listLines(simulations: readonly Simulation[]): string[] {
  if (simulations.length === 0) return ['none was asked for: countersign policy simulate'];
  return simulations.flatMap((simulation) => {
    const { id, state, requested_at, counts, failure } = simulation;
    const came = counts ? countsOf(counts) : failure && failureOf(failure);
    return [`${requested_at}  ${state.padEnd(8)}  ${rangeOf(simulation)}  ${id}`, ...(came ? [`  ${came}`] : [])];
  });
}

/** What a policy would have decided, in one sentence. */
export function countsOf({ decisions, would_fail, would_pass, unjudged }: Counts): string {
  const unknown = unjudged > 0 ? `, ${unjudged} could not be judged` : '';
  return `${decisions} decisions, ${would_fail} would fail, ${would_pass} would pass${unknown}`;
}

function rangeOf({ from, to, environment, slot }: Pick<Simulation, 'from' | 'to' | 'environment' | 'slot'>): string {
  return `${from} to ${to}, ${environment ?? 'all environments'}${slot === MAIN ? '' : `, slot ${slot}`}`;
}

/** The code of a problem and what was said of it. */
export function failureOf({ code, detail }: NonNullable<Simulation['failure']>): string {
  return `${printable(detail)} (${printable(code)})`;
}
