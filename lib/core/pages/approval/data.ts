import { shortened } from '../../printable.ts';
import { type Content, html, type Markup } from '../html.ts';
import type { Icon } from '../icons.ts';
import type { Limits } from '../limits.ts';
import type { Assertion, DatasetView } from '../model.ts';
import { section, table } from '../parts.ts';
import { more, shortDigest, sign, thing, when } from '../words.ts';

export function dataSection(datasets: readonly DatasetView[], limits: Limits): Markup {
  const shown = datasets.slice(0, limits.rows);
  return section(
    'data',
    'Consent and privacy of the data',
    shown.length === 0
      ? html`<p>The lineage names no dataset.</p>`
      : table(
          'Datasets',
          [
            { heading: 'Dataset', named: false, width: 'w3' },
            { heading: 'May be used', named: true },
            { heading: 'Personal', named: true, width: 'w1' },
            { heading: 'Privacy review', named: true },
          ],
          shown.map((dataset) => [
            thing(dataset, limits.text),
            assertion(dataset.consent, CONSENT, limits),
            personal(dataset.personalData),
            assertion(dataset.privacyReview, REVIEW, limits),
          ]),
        ),
    more(datasets, shown.length, 'datasets'),
  );
}

type Words = Readonly<Record<Assertion['state'], string>>;
const CONSENT: Words = { granted: 'Consent', denied: 'Denied', withdrawn: 'Withdrawn', unstated: 'Nobody says' };
const REVIEW: Words = { granted: 'Reviewed', denied: 'Objected', withdrawn: 'Withdrawn', unstated: 'None' };
const SHAPE: Readonly<Record<Assertion['state'], Icon>> = {
  granted: 'pass',
  denied: 'fail',
  withdrawn: 'fail',
  unstated: 'undetermined',
};

function assertion({ state, by, at, evidence }: Assertion, words: Words, { text }: Limits): Content {
  if (state === 'unstated') return html`<span class="soft">${words.unstated}</span>`;
  return html`${sign(SHAPE[state], words[state])} <span class="soft small">${by === null ? '' : shortened(by, text)}${at === null ? undefined : html`, ${when(at)}`} ${evidence === null ? undefined : html`<code>${shortDigest(evidence)}</code>`}</span>`;
}

function personal(value: boolean | null): Content {
  if (value === null) return html`<span class="soft">nobody says</span>`;
  return value ? html`<strong>yes</strong>` : 'no';
}
