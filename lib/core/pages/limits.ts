import type { RenderedPage } from './model.ts';

/** How much of what others wrote a page shows. What is left out is counted, and lies in the evidence. */
export interface Limits {
  /** Of a list or table. */
  readonly rows: number;
  /** Of one verdict. */
  readonly reasons: number;
  /** Characters of one text. */
  readonly text: number;
  /** Boxes of the lineage. */
  readonly boxes: number;
}

/** From the most to the least. The last is small enough for whatever is shown: see the test of hostile sizes. */
const DETAIL: readonly [Limits, ...Limits[]] = [
  { rows: 40, reasons: 6, text: 2000, boxes: 40 },
  { rows: 24, reasons: 3, text: 500, boxes: 40 },
  { rows: 12, reasons: 2, text: 160, boxes: 24 },
  { rows: 4, reasons: 1, text: 40, boxes: 8 },
];

/** Bytes. */
export const MAX_PAGE = 60 * 1024;

/** The page in the greatest detail that fits. */
export function sized(render: (limits: Limits) => RenderedPage): RenderedPage {
  const [most, ...lesser] = DETAIL;
  let page = render(most);
  for (const limits of lesser) {
    if (Buffer.byteLength(page.html) <= MAX_PAGE) break;
    page = render(limits);
  }
  return page;
}
