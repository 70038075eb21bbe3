import type { Verdict } from '../../lib/core/gate/input.ts';
import { explain } from '../../lib/core/gate/reasons.ts';
import type { SimulationReport } from '../../lib/core/gate/what-if-report.ts';
import { printable } from '../../lib/core/printable.ts';
import { table } from '../shell.ts';
import type { StandingSimulation } from './await-simulation.ts';

/** Flips that are shown; the report has more. */
const SHOWN = 50;

const TOLD = { would_fail: 'would fail', would_pass: 'would pass' } as const;

/** Which decisions would flip, for which rule, whose models. */
export function reportLines(report: SimulationReport): string[] {
  const { counts, flips, rules, warnings, unjudged_codes, from, to, environment, simulation } = report;
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
      ['range', `${from} to ${to}, ${environment ?? 'all environments'}`],
      ['simulation', simulation],
    ]),
    ...warnings.map(
      ({ rule, effective_on, decisions }) =>
        `warning: from ${printable(effective_on)} ${printable(rule)} will fail ${decisions} of them`,
    ),
  ];
}

function flipLines({
  result,
  decided_at,
  environment,
  model,
  decision,
  rules,
}: SimulationReport['flips'][number]): string[] {
  return [
    `${TOLD[result]}  ${decided_at}  ${environment}  model ${model}  decision ${decision}`,
    ...rules.map(({ rule, before, after, reasons }) => {
      const why = reasons.map((reason) => printable(explain(reason).sentence)).join('; ');
      return `  ${printable(rule)}: ${verdict(before)} -> ${verdict(after)}${why && `  ${why}`}`;
    }),
  ];
}

function verdict(is: Verdict | null): string {
  return is ?? 'no such rule';
}

export function simulationLines({ id, state, from, to, environment, progress }: StandingSimulation): string[] {
  const { done, chunks } = progress;
  return table([
    ['simulation', id],
    ['state', state],
    ['range', `${from} to ${to}, ${environment ?? 'all environments'}`],
    ['done', chunks === null ? undefined : `${done} of ${chunks} chunks`],
  ]);
}
