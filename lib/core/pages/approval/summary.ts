import { shortened } from '../../printable.ts';
import { type Content, html, lines, type Markup } from '../html.ts';
import type { Limits } from '../limits.ts';
import type { ApprovalFacts, PromotionSummary } from '../model.ts';
import { section } from '../parts.ts';
import { digest, when } from '../words.ts';

/** Rows of what exactly is asked for; each digest in full. */
export function summaryRows(
  { model, image, endpoint, environment, promotion }: PromotionSummary,
  text: number,
): Content {
  return html`<dt>Model</dt><dd>${model.name === null ? undefined : html`${shortened(model.name, text)}<br>`}${digest(model.sha256)}</dd>
<dt>Image</dt><dd>${image === null ? 'not named' : digest(image)}</dd>
<dt>Endpoint</dt><dd>${shortened(endpoint, text)}</dd>
<dt>Environment</dt><dd>${environment}</dd>
<dt>Promotion</dt><dd><code>${shortened(promotion, text)}</code></dd>
`;
}

export function summarySection({ summary, until }: ApprovalFacts, limits: Limits): Markup {
  return section(
    'asked',
    'What is asked',
    html`<dl>
${summaryRows(summary, limits.text)}<dt>Asked by</dt><dd>${shortened(summary.requester, limits.text)}, ${when(summary.requestedAt)}</dd>
<dt>Decide by</dt><dd>${when(until)}</dd>
</dl>
<h3>Why</h3>
<blockquote>${lines(shortened(summary.reason, limits.text))}</blockquote>
`,
  );
}
