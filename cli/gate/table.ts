import { resultOfAll } from '../../lib/core/gate/decision.ts';
import type { RuleVerdict, Verdict } from '../../lib/core/gate/input.ts';
import { printable } from '../../lib/core/printable.ts';
import { endsIn } from '../../lib/core/waiver-ending.ts';
import { table } from '../shell.ts';
import type { GateDecision } from './evaluate.ts';
import { fixesOf, isRefusal, sentencesOf } from './reasons.ts';

const MARKS: Readonly<Record<Verdict, string>> = {
  pass: 'ok  ',
  fail: 'FAIL',
  not_applicable: '--  ',
  waived: 'WAIV',
  undetermined: '??  ',
};

/** A decision for a person: a line per rule, what would fix it, and what to quote. */
export function decisionLines(decided: GateDecision): string[] {
  const { passed, decision, model, environment, phase, judgedAt, policy, policyRevision, beside, inputSha256 } =
    decided;
  const { verdicts, warnings } = resultOfAll(decided);
  const fixes = fixLines(verdicts.filter(isRefusal));
  const waived = verdicts.flatMap((one) => (one.waiver === null ? [] : [waivedLine(one.rule, one.waiver, decided)]));
  return [
    ...ruleLines(verdicts),
    ...(fixes.length === 0 ? [] : ['', 'What would fix it:', ...fixes]),
    '',
    ...table([
      ['result', passed ? 'PASSED' : `FAILED, ${countOf(verdicts)}`],
      ['model', model],
      ['environment', `${environment}, phase ${phase}, judged as of ${printable(judgedAt)}`],
      ['decision', decision],
      ['policy', `${printable(policyRevision)} (sha256 ${policy.sha256})`],
      ...beside.map((one): [string, string] => [
        `beside it`,
        `${one.slot}: ${printable(one.policy.revision)} (sha256 ${one.policy.sha256})`,
      ]),
      ['input', inputSha256],
      ['waivers', waived.join(', ')],
    ]),
    ...warnings.filter(isRefusal).map(warningLine),
  ];
}

function ruleLines(verdicts: readonly RuleVerdict[]): string[] {
  const cells = verdicts.map((one) => [one.rule, one.severity, one.controls.map(printable).join(', ')]);
  const widths = [0, 1, 2].map((column) => Math.max(0, ...cells.map((row) => row[column]?.length ?? 0)));
  return verdicts.map((one, index) => {
    const row = (cells[index] ?? []).map((cell, column) => cell.padEnd(widths[column] ?? 0));
    return [MARKS[one.verdict], ...row, sentencesOf(one)].join('  ').trimEnd();
  });
}

function waivedLine(rule: string, waiver: string, { waivers, judgedAt }: GateDecision): string {
  const used = waivers.find(({ evidence }) => evidence === waiver);
  const end = used ? ` (${endsIn(used.not_after, judgedAt)})` : '';
  return printable(`${rule} by ${waiver}${end}`);
}

/** From when on a rule that only warns today keeps the gate shut. */
export function warningLine(warning: RuleVerdict): string {
  return `warning: from ${printable(warning.effective_on)} ${warning.rule} will fail: ${sentencesOf(warning) || warning.verdict}`;
}

/** One thing that is done may fix several rules. */
function fixLines(refusals: readonly RuleVerdict[]): string[] {
  const rules = new Map<string, string[]>();
  for (const refusal of refusals) {
    for (const fix of fixesOf(refusal)) rules.set(fix, [...(rules.get(fix) ?? []), refusal.rule]);
  }
  return [...rules].map(([fix, fixed]) => `  ${fixed.join(', ')}: ${fix}`);
}

function countOf(verdicts: readonly RuleVerdict[]): string {
  const failed = verdicts.filter(({ verdict }) => verdict === 'fail').length;
  const undetermined = verdicts.filter(({ verdict }) => verdict === 'undetermined').length;
  return [
    ...(failed > 0 ? [`${failed} fail`] : []),
    ...(undetermined > 0 ? [`${undetermined} undetermined`] : []),
  ].join(', ');
}
