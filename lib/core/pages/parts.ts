import { type Content, html, type Markup } from './html.ts';
import type { Form } from './model.ts';

export function section(id: string, heading: string, ...body: readonly Content[]): Markup {
  return html`<section aria-labelledby="${id}">
<h2 id="${id}">${heading}</h2>
${body}
</section>
`;
}

export interface Column {
  readonly heading: string;
  /** Whether a phone, which shows a row as a block of lines, needs the heading before the value. */
  readonly named: boolean;
  /** Class of its share of the width: `w1` narrow to `w3` wide; those without one share what is left. */
  readonly width?: 'w1' | 'w2' | 'w3';
}

/**
 * A table that becomes a list of blocks on a phone. The roles are said once more because browsers forget them where a table is
 * displayed as something else.
 *
 * @param rows - the first cell of each names it
 */
export function table(label: string, columns: readonly Column[], rows: readonly (readonly Content[])[]): Markup {
  const heads = columns.map(
    ({ heading, width = '' }) => html`<th role="columnheader" scope="col" class="${width}">${heading}</th>`,
  );
  const cell = (content: Content, index: number): Markup => {
    if (index === 0) return html`<th role="rowheader" scope="row">${content}</th>`;
    const column = columns[index];
    return column?.named
      ? html`<td role="cell" data-th="${column.heading}">${content}</td>`
      : html`<td role="cell">${content}</td>`;
  };
  return html`<table role="table" aria-label="${label}">
<thead role="rowgroup"><tr role="row">${heads}</tr></thead>
<tbody role="rowgroup">
${rows.map((row) => html`<tr role="row">${row.map(cell)}</tr>\n`)}</tbody>
</table>
`;
}

/** What is there for whoever wants it; without a script, and printed open. */
export function folded(summary: string, body: Content): Markup {
  return html`<details><summary>${summary}</summary>
${body}</details>
`;
}

export function form({ action, hidden }: Form, body: Content): Markup {
  return html`<form method="post" action="${action}">
${Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">\n`)}${body}
</form>
`;
}
