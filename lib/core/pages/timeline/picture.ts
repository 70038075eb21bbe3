import { shortened } from '../../printable.ts';
import { html, type Markup } from '../html.ts';
import type { NamedDigest, ReleaseView } from '../model.ts';
import { count, dayText, nameOf, shortDigest } from '../words.ts';

/** Pixels. Times are in hundredths of the width, so that a phone shows the same letters over shorter bars. */
const LANE_HEIGHT = 46;
const BAR_HEIGHT = 14;
const AXIS_HEIGHT = 26;
/** A bar that a reader can still see, in hundredths. */
const NARROWEST = 0.8;
const LABEL_LENGTH = 60;

/** A stretch of time in which one model served. */
interface Span {
  readonly release: ReleaseView;
  readonly from: number;
  readonly until: number;
}

/**
 * One lane for each model, with a bar for each time that it served: what came back is on the lane that it was on before.
 *
 * @param releases - newest first, with times that can be read
 * @param now - until when the newest serves
 */
export function timelinePicture(releases: readonly ReleaseView[], now: string): Markup {
  const spans = spansOf(releases, Date.parse(now));
  const [first, last] = [Math.min(...spans.map(({ from }) => from)), Math.max(...spans.map(({ until }) => until))];
  const lanes = lanesOf(spans);
  const bars = lanes.length * LANE_HEIGHT;
  const across = (time: number): number => (last === first ? 0 : ((time - first) / (last - first)) * 100);
  const lane = ({ model, spans: of }: Lane, index: number): Markup => {
    const y = index * LANE_HEIGHT;
    return html`<text x="0" y="${y + 14}">${shortened(nameOf(model), LABEL_LENGTH)} <tspan class="t">${shortDigest(model.sha256)}</tspan></text><line class="lane" x1="0" x2="100%" y1="${y + 29}" y2="${y + 29}"/>
${of.map(({ release, from, until }) => {
  const width = Math.max(across(until) - across(from), NARROWEST);
  const x = Math.min(across(from), 100 - width);
  return html`<rect class="${barClass(release, until === last)}" x="${percent(x)}" width="${percent(width)}" y="${y + 22}" height="${BAR_HEIGHT}" rx="3"/>`;
})}
`;
  };
  return html`<svg class="picture" role="img" aria-label="${`${count(lanes.length, 'model')} served from ${dayText(new Date(first).toISOString())} on, in ${count(spans.length, 'stretch', 'stretches')} of time. The table below says the same.`}" height="${bars + AXIS_HEIGHT}" xmlns="http://www.w3.org/2000/svg">
${lanes.map(lane)}<text class="s" x="0" y="${bars + 18}">${dayText(new Date(first).toISOString())}</text><text class="s" x="100%" y="${bars + 18}" text-anchor="end">${dayText(new Date(last).toISOString())}</text>
</svg>
`;
}

function spansOf(releases: readonly ReleaseView[], now: number): readonly Span[] {
  const times = releases.map(({ at }) => Date.parse(at));
  return releases.map((release, index) => {
    const from = times[index] ?? now;
    return { release, from, until: Math.max(times[index - 1] ?? now, from) };
  });
}

interface Lane {
  readonly model: NamedDigest;
  readonly spans: readonly Span[];
}

/** The newest model on top. */
function lanesOf(spans: readonly Span[]): readonly Lane[] {
  const byModel = Map.groupBy(spans, ({ release }) => release.model?.sha256);
  return [...byModel].flatMap(([, of]) => {
    const model = of[0]?.release.model;
    return model ? [{ model, spans: of }] : [];
  });
}

function barClass({ kind }: ReleaseView, isNow: boolean): string {
  if (kind === 'rolled_back') return 'back';
  return isNow ? 'now' : 'bar';
}

/** Bars differ in shape too: what came back is hollow. */
export function timelineLegend(): Markup {
  const sample = (name: string): Markup =>
    html`<svg aria-hidden="true"><rect class="${name}" x="2" y="2" width="28" height="12" rx="3"/></svg>`;
  return html`<ul class="legend small">
<li>${sample('now')}serves now</li>
<li>${sample('bar')}served</li>
<li>${sample('back')}served again after a roll-back</li>
</ul>
`;
}

const percent = (value: number): string => `${Number(value.toFixed(2))}%`;
