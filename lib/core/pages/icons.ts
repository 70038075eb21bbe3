import { html, type Markup } from './html.ts';

/** Each has a shape of its own, because colour alone tells some readers nothing. */
const SHAPES = {
  pass: html`<circle cx="8" cy="8" r="7"/><path d="M4.6 8.3 7 10.6l4.4-5"/>`,
  fail: html`<path d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1z"/><path d="m5.4 5.4 5.2 5.2m0-5.2-5.2 5.2"/>`,
  undetermined: html`<path d="M8 1.5 15.2 14H.8z"/><path d="M8 6v3.6m0 1.6v.6"/>`,
  waived: html`<path d="m8 .9 7.1 7.1L8 15.1.9 8z"/><path d="M5 8h6"/>`,
  not_applicable: html`<circle cx="8" cy="8" r="7" stroke-dasharray="2.4 2"/><path d="M5 8h6"/>`,
  up: html`<path d="M8 14V2.5M3.2 7.2 8 2.4l4.8 4.8"/>`,
  down: html`<path d="M8 2v11.5M3.2 8.8 8 13.6l4.8-4.8"/>`,
} as const;

export type Icon = keyof typeof SHAPES;

/** Stands once on a page; {@link icon} refers to it. */
export const ICONS: Markup = html`<svg class="icons" aria-hidden="true" xmlns="http://www.w3.org/2000/svg">${Object.entries(
  SHAPES,
).map(
  ([name, shape]) =>
    html`<symbol id="${`i-${name}`}" viewBox="0 0 16 16"><g fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round">${shape}</g></symbol>`,
)}</svg>`;

/** For the eye only: a word stands beside it. */
export function icon(name: Icon): Markup {
  return html`<svg aria-hidden="true"><use href="${`#i-${name}`}"/></svg>`;
}
