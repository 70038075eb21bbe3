import { shortened } from '../../printable.ts';
import { type Content, html, type Markup } from '../html.ts';
import { type Limits, sized } from '../limits.ts';
import type { ReleaseView, RenderedPage, TimelinePage } from '../model.ts';
import { section, table } from '../parts.ts';
import { renderShell } from '../shell.ts';
import { digest, nameOf, shortDigest, sign, thing, when } from '../words.ts';
import { timelineLegend, timelinePicture } from './picture.ts';

/** What served on an endpoint and when, as a picture and as a table. */
export function renderTimelinePage(page: TimelinePage): RenderedPage {
  const title = `Releases on ${shortened(page.endpoint, 80)}`;
  return sized((limits) =>
    renderShell({
      title,
      kind: 'Releases',
      foot: 'Each line is a signed release record: `countersign show evidence DIGEST` fetches it.',
      main: html`<h1>${title}</h1>
${now(page)}${page.releases.length === 0 ? undefined : history(page, limits)}`,
    }),
  );
}

function now({ releases, environment, at }: TimelinePage): Markup {
  const [newest] = releases;
  const until = html`<p class="small soft">Looked up ${when(at)}${environment === null ? '' : `, in ${environment}`}.</p>`;
  if (!newest) return section('now', 'What serves', html`<p>Nothing was ever released here.</p>`, until);
  if (newest.model === null) {
    return section('now', 'What serves', html`<p>Nothing: it was removed ${when(newest.at)}.</p>`, until);
  }
  return section(
    'now',
    'What serves',
    html`<dl>
<dt>Model</dt><dd>${nameOf(newest.model)}<br>${digest(newest.model.sha256)}</dd>
<dt>Image</dt><dd>${newest.image === null ? 'not named' : digest(newest.image)}</dd>
<dt>Since</dt><dd>${when(newest.at)}</dd>
</dl>
`,
    until,
  );
}

function history({ releases, at, more }: TimelinePage, limits: Limits): Markup {
  const shown = releases.slice(0, limits.rows);
  const readable = shown.filter((release) => !Number.isNaN(Date.parse(release.at)));
  const isCut = more || shown.length < releases.length;
  return section(
    'history',
    'What served when',
    readable.some(({ model }) => model !== null)
      ? html`${timelinePicture(readable, at)}${timelineLegend()}`
      : undefined,
    table(
      'Releases, newest first',
      [
        { heading: 'From', named: false, width: 'w2' },
        { heading: 'What happened', named: false, width: 'w3' },
        { heading: 'Model', named: true, width: 'w2' },
        { heading: 'By', named: true },
      ],
      shown.map((release) => row(release, limits)),
    ),
    isCut
      ? html`<p class="small soft">There are older ones: <code>countersign releases ENDPOINT</code> lists them all.</p>`
      : undefined,
  );
}

const HAPPENED = {
  released: { icon: 'pass', word: 'Released' },
  rolled_back: { icon: 'down', word: 'Rolled back' },
  removed: { icon: 'fail', word: 'Removed' },
} as const;

function row(
  { kind, at, model, requester, approvedBy, evidence, reason, emergency }: ReleaseView,
  limits: Limits,
): Content[] {
  const { icon, word } = HAPPENED[kind];
  const approvers = approvedBy
    .slice(0, limits.reasons)
    .map(({ person, role }) => `${shortened(person, limits.text)} (${shortened(role, limits.text)})`);
  return [
    html`${when(at)}<p class="small"><code class="soft">${shortDigest(evidence)}</code></p>`,
    html`${sign(icon, emergency ? `${word}, break-glass` : word)}${reason === '' ? undefined : html`<p class="small">${shortened(reason, limits.text)}</p>`}`,
    model === null ? html`<span class="soft">none</span>` : thing(model, limits.text),
    html`${shortened(requester, limits.text)}${approvers.length === 0 ? undefined : html`<p class="small soft">approved by ${approvers.join(', ')}</p>`}`,
  ];
}
