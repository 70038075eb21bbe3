import { shortened } from '../../printable.ts';
import { type Content, html, type Markup } from '../html.ts';
import type { LineageNode, LineageView } from '../model.ts';
import { count, shortDigest } from '../words.ts';
import { alike, type Kin } from './kin.ts';
import { type Box, type Layout, layOut, type Stroke } from './layout.ts';

/** Pixels. Widths are in hundredths, so that a phone shows the same letters in narrower boxes. */
const BOX_HEIGHT = 56;
const ROW_HEIGHT = 92;
const MARGIN = 4;
/** Of a name in a box, which is cut where the box ends anyway. */
const NAME_LENGTH = 30;
/** More lines than these nobody follows. */
const MAX_EDGES = 120;

export interface Picture {
  readonly svg: Markup;
  /** Nodes in it, alone or with others like them. */
  readonly shown: readonly LineageNode[];
  /** Edges between them that are not drawn. */
  readonly edgesLeftOut: number;
}

/** @param most - boxes; of more, after those that are alike became one, those nearest to the model are drawn */
export function lineagePicture({ nodes, edges }: LineageView, most: number): Picture {
  const kin = alike(nodes, edges);
  const shown = nearest(kin.boxes, kin.edges, most);
  const digests = new Set(shown.map(({ sha256 }) => sha256));
  const between = kin.edges.filter(({ from, to }) => digests.has(from) && digests.has(to));
  const drawn = between.slice(0, MAX_EDGES);
  return {
    svg: drawing(layOut(shown, drawn)),
    shown: shown.flatMap(({ members }) => members),
    edgesLeftOut: between.length - drawn.length,
  };
}

/** Breadth first from the model, which comes first among the nodes. */
function nearest(nodes: readonly Kin[], edges: LineageView['edges'], most: number): readonly Kin[] {
  if (nodes.length <= most) return nodes;
  const byDigest = new Map(nodes.map((node) => [node.sha256, node]));
  const found = new Set(nodes.slice(0, 1));
  for (const { sha256 } of found) {
    for (const { from } of edges.filter(({ to }) => to === sha256)) {
      const node = byDigest.get(from);
      if (node && found.size < most) found.add(node);
    }
  }
  return [...found];
}

function drawing({ rows, boxes, strokes }: Layout<Kin>): Markup {
  const height = rows * ROW_HEIGHT - (ROW_HEIGHT - BOX_HEIGHT) + 2 * MARGIN;
  return html`<svg class="picture" role="img" aria-label="${`What the model was made from, from the top down: ${count(boxes.length, 'thing')} in ${count(rows, 'row')}. The list below says the same.`}" height="${height}" xmlns="http://www.w3.org/2000/svg">
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#7a8494"/></marker></defs>
${strokes.map(line)}${boxes.map(box)}</svg>
`;
}

const top = (row: number): number => MARGIN + row * ROW_HEIGHT;
const percent = (value: number): string => `${Number(value.toFixed(2))}%`;

function line({ from, to, passes, arrives }: Stroke): Content {
  const bottom = top(from.row) + BOX_HEIGHT;
  return html`${
    passes
      ? html`<line x1="${percent(from.x)}" x2="${percent(from.x)}" y1="${top(from.row)}" y2="${bottom}"/>\n`
      : undefined
  }<line x1="${percent(from.x)}" y1="${bottom}" x2="${percent(to.x)}" y2="${top(to.row)}"${arrives ? html` marker-end="url(#arrow)"` : undefined}/>
`;
}

function box({ node: { members, sha256 }, row, left, width }: Box<Kin>): Markup {
  const [first] = members;
  if (!first) return html``;
  const name = shortened(first.name ?? first.kind, NAME_LENGTH);
  const place = html`x="${percent(left)}" y="${top(row)}" width="${percent(width)}" height="${BOX_HEIGHT}"`;
  const others = members.length - 1;
  return html`<rect class="${first.kind === 'model' ? 'b m' : 'b'}" ${place} rx="6"/><svg ${place}><text x="8" y="18">${name}</text><text class="s" x="8" y="33">${stageOf(first)}</text><text class="t" x="8" y="48">${others > 0 ? `and ${others} alike` : shortDigest(sha256)}</text></svg>
`;
}

export function stageOf({ kind, stage }: LineageNode): string {
  if (stage !== null) return `from ${stage}`;
  return kind === 'dataset' ? 'source data' : 'source';
}
