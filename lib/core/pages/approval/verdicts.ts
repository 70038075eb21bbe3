import type { GateWaiver, RuleVerdict, Verdict } from '../../gate/input.ts';
import { explain } from '../../gate/reasons.ts';
import { isLetThrough } from '../../gate/result.ts';
import { shortened } from '../../printable.ts';
import { type Content, html, type Markup } from '../html.ts';
import type { Limits } from '../limits.ts';
import type { GateView } from '../model.ts';
import { type Column, folded, section, table } from '../parts.ts';
import { count, listed, more, policyText, ruleText, sentence, shortDigest, sign, when } from '../words.ts';

const WORD: Readonly<Record<Verdict, string>> = {
  pass: 'Pass',
  fail: 'Fail',
  undetermined: 'Undetermined',
  waived: 'Waived',
  not_applicable: 'Does not apply',
};

/** What a reader should see first. */
const ORDER: readonly Verdict[] = ['fail', 'undetermined', 'waived', 'pass', 'not_applicable'];

const COLUMNS: readonly Column[] = [
  { heading: 'Rule, severity, controls', named: false, width: 'w3' },
  { heading: 'Verdict', named: false, width: 'w2' },
  { heading: 'Reasons', named: false },
];

export function gateSection({ verdicts, warnings, waivers, ...gate }: GateView, limits: Limits): Markup {
  const sorted = verdicts.toSorted((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict));
  const notable = sorted.filter(
    ({ verdict, reasons }) =>
      verdict === 'waived' || !isLetThrough({ verdict }) || (verdict === 'pass' && reasons.length > 0),
  );
  const quiet = sorted.filter((verdict) => !notable.includes(verdict));
  const rowsOf = (all: readonly RuleVerdict[], label: string): Content => {
    const shown = all.slice(0, limits.rows);
    return html`${table(
      label,
      COLUMNS,
      shown.map((verdict) => row(verdict, waivers, limits)),
    )}${more(all, shown.length, 'rules')}`;
  };
  return section(
    'gate',
    'What the gate says',
    html`<p>${sign(gate.passed ? 'pass' : 'fail', gate.passed ? 'The gate is open' : 'The gate is closed')}: ${tally(verdicts)}.</p>
`,
    notable.length > 0 ? rowsOf(notable, 'Rules to look at') : undefined,
    quiet.length > 0
      ? folded(`${count(quiet.length, 'rule')} with nothing to look at`, rowsOf(quiet, 'Rules that hold'))
      : undefined,
    warnings.length > 0 ? warned(warnings, rowsOf) : undefined,
    html`<p class="small soft">Decided ${when(gate.decidedAt)} under the policy ${policyText(gate.policy, limits.text)}. It is asked again before anything is released.</p>`,
  );
}

/** Such as `of 19 rules, 14 pass, 1 is waived and 4 do not apply`. */
export function tally(verdicts: readonly Pick<RuleVerdict, 'verdict'>[]): string {
  const number = (wanted: Verdict): number => verdicts.filter(({ verdict }) => verdict === wanted).length;
  const part = (wanted: Verdict, one: string, many: string): string[] => {
    const found = number(wanted);
    return found === 0 ? [] : [count(found, one, many)];
  };
  const parts = [
    ...part('fail', 'fails', 'fail'),
    ...part('undetermined', 'is undetermined', 'are undetermined'),
    ...part('pass', 'passes', 'pass'),
    ...part('waived', 'is waived', 'are waived'),
    ...part('not_applicable', 'does not apply', 'do not apply'),
  ];
  return `of ${count(verdicts.length, 'rule')}, ${listed(parts)}`;
}

function warned(
  warnings: readonly RuleVerdict[],
  rowsOf: (all: readonly RuleVerdict[], label: string) => Content,
): Markup {
  return html`<h3>Rules that are not in force yet</h3>
<p class="small soft">They decide nothing today, and would say this.</p>
${rowsOf(warnings, 'Rules that are not in force yet')}`;
}

function row(
  { rule, verdict, severity, controls, reasons, waiver }: RuleVerdict,
  waivers: readonly GateWaiver[],
  limits: Limits,
): Content[] {
  const used = waiver === null ? undefined : waivers.find(({ evidence }) => evidence === waiver);
  return [
    html`${shortened(ruleText(rule), limits.text)}<p class="soft small">${severity}${controls.length === 0 ? '' : ` · ${shortened(controls.join(', '), limits.text)}`}</p>`,
    sign(verdict, WORD[verdict]),
    html`${reasonsOf(reasons, limits)}${waiver === null ? undefined : waiverOf(waiver, used, limits)}`,
  ];
}

function reasonsOf(reasons: RuleVerdict['reasons'], limits: Limits): Content {
  const shown = reasons
    .slice(0, limits.reasons)
    .map((reason) => shortened(sentence(explain(reason).sentence), limits.text));
  const left = reasons.length - shown.length;
  const all = left > 0 ? [...shown, `And ${count(left, 'more reason')}.`] : shown;
  if (all.length < 2) return all[0];
  return html`<ul>${all.map((text) => html`<li>${text}</li>`)}</ul>`;
}

function waiverOf(evidence: string, waiver: GateWaiver | undefined, { text }: Limits): Markup {
  if (!waiver) return html`<p class="small">Under the waiver <code>${shortDigest(evidence)}</code>.</p>`;
  return html`<p class="small"><strong>Waiver</strong> until ${when(waiver.not_after)}: ${shortened(sentence(waiver.reason), text)} Instead: ${shortened(sentence(waiver.compensating_control), text)} Approved as ${shortened(waiver.approver.role, text)}. <code class="soft">${shortDigest(evidence)}</code></p>`;
}
