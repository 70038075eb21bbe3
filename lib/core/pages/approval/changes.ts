import { shortened } from '../../printable.ts';
import { type Content, html, type Markup } from '../html.ts';
import type { Limits } from '../limits.ts';
import type { ApprovalFacts, CardView, GateView, MetricView, RunningView } from '../model.ts';
import { type Column, section, table } from '../parts.ts';
import { digest, more, policyText, shortDigest, sign, thing, when } from '../words.ts';

/** What a release would change against what runs now: what serves, the policy it was let in by, and what was measured. */
export function changesSection({ running, summary, gate, card }: ApprovalFacts, limits: Limits): Markup {
  return section(
    'changes',
    'What changes',
    running === null
      ? html`<p>Nothing runs on this endpoint yet: it is the first release, and the way back is to remove it.</p>`
      : html`${table(
          'What runs now, and what would',
          [
            { heading: 'Part', named: false, width: 'w1' },
            { heading: 'Runs now', named: true },
            { heading: 'Asked for', named: true },
          ],
          served(running, summary, gate, limits),
        )}<p class="small soft">Released ${when(running.releasedAt)}.</p>`,
    metrics(card, running !== null, limits),
  );
}

function served(
  running: RunningView,
  summary: ApprovalFacts['summary'],
  gate: GateView,
  { text }: Limits,
): Content[][] {
  const policy = (of: GateView['policy'] | null): Content => (of === null ? 'not known' : policyText(of, text));
  const image = (of: string | null): Content => (of === null ? 'not named' : html`<code>${shortDigest(of)}</code>`);
  const row = (part: string, now: Content, then: Content, same: boolean): Content[] => [
    part,
    now,
    same ? html`<span class="soft">the same</span>` : then,
  ];
  return [
    row('Model', thing(running.model, text), thing(summary.model, text), running.model.sha256 === summary.model.sha256),
    row('Image', image(running.image), image(summary.image), running.image === summary.image),
    row('Policy', policy(running.policy), policy(gate.policy), running.policy?.sha256 === gate.policy.sha256),
  ];
}

function metrics(card: CardView, isCompared: boolean, limits: Limits): Content {
  if (card.metrics.length === 0) return html`<p class="soft">The model card states no measured values.</p>`;
  const shown = card.metrics.slice(0, limits.rows);
  const columns: readonly Column[] = [
    { heading: 'Measured', named: false, width: 'w3' },
    ...(isCompared ? [{ heading: 'Runs now', named: true, width: 'w2' } as const] : []),
    { heading: 'Asked for', named: true, width: 'w2' },
    ...(isCompared ? [{ heading: 'Change', named: false }] : []),
  ];
  const value = (text: string | null): Content =>
    text === null ? html`<span class="soft">not stated</span>` : shortened(text, 40);
  const rows = shown.map((metric) => [
    shortened(metric.name, limits.text),
    ...(isCompared ? [value(metric.running)] : []),
    value(metric.value),
    ...(isCompared ? [change(metric)] : []),
  ]);
  return html`<h3>Measured, as the model cards say</h3>
${table('Measured values', columns, rows)}${more(card.metrics, shown.length, 'values')}`;
}

/** Differences smaller than this share of the value are those of rounding. */
const SAME = 1e-9;

function change({ value, running, better }: MetricView): Content {
  if (value === null || running === null) return '';
  if (value === running) return html`<span class="soft">the same</span>`;
  const [now, then] = [Number(running), Number(value)];
  if (running.trim() === '' || value.trim() === '' || !Number.isFinite(now) || !Number.isFinite(then)) return 'differs';
  const difference = then - now;
  if (Math.abs(difference) <= SAME * Math.abs(now)) return html`<span class="soft">the same</span>`;
  const by = `${difference > 0 ? '+' : '−'}${Math.abs(difference).toPrecision(3)}`;
  if (better === null) return by;
  const isBetter = better === 'higher' ? difference > 0 : difference < 0;
  const word = isBetter ? 'better' : 'worse';
  return sign(difference > 0 ? 'up' : 'down', `${word}, ${by}`, word);
}

export function cardSection({ sha256, sections }: CardView, limits: Limits): Markup {
  const shown = sections.slice(0, limits.rows);
  return section(
    'card',
    'Model card',
    sha256 === null ? html`<p>There is no model card.</p>` : html`<p class="small">${digest(sha256)}</p>`,
    shown.map(({ heading, texts }) => {
      const some = texts.slice(0, limits.reasons).map((text) => html`<li>${shortened(text, limits.text)}</li>`);
      return html`<h3>${shortened(heading, 60)}</h3>
<ul>${some}</ul>
${texts.length > some.length ? html`<p class="soft small">${texts.length - some.length} more stand in the card.</p>` : undefined}`;
    }),
  );
}
