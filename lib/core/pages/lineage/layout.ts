import type { LineageView } from '../model.ts';

/** Boxes side by side that a phone can still show with a name in each. */
const BOXES_PER_ROW = 3;
/** Of a box against a line that passes between boxes. */
const BOX_WEIGHT = 6;
const WIDEST_BOX = 46;

/** What is drawn as one box. */
export interface Drawn {
  readonly sha256: string;
}

/** With its place: row from the top, and the rest in hundredths of the picture's width. */
export interface Box<D extends Drawn> {
  readonly node: D;
  readonly row: number;
  readonly left: number;
  readonly width: number;
}

/** A straight piece from the bottom of one row to the top of the next, or through a row that it only passes. */
export interface Stroke {
  readonly from: { readonly x: number; readonly row: number };
  readonly to: { readonly x: number; readonly row: number };
  readonly passes: boolean;
  /** Whether it ends at a box, and not in a pass. */
  readonly arrives: boolean;
}

export interface Layout<D extends Drawn> {
  readonly rows: number;
  readonly boxes: readonly Box<D>[];
  readonly strokes: readonly Stroke[];
}

type Edges = LineageView['edges'];

/** Something in a row: a box, or the line of a node that passes to rows below. */
interface Slot {
  readonly sha256: string;
  readonly isBox: boolean;
}

/**
 * Draws what went in above what came out of it, layer by layer, as near to it as can be. Lines that pass a row have a place of their own in it, so that none
 * runs through a box; those of one node share it. Edges that would lead upwards, along a cycle, are left out: a cycle is reported in words.
 *
 * @param nodes - each once; bounded by the caller, and so are the edges
 */
export function layOut<D extends Drawn>(nodes: readonly D[], edges: Edges): Layout<D> {
  const byDigest = new Map(nodes.map((node) => [node.sha256, node]));
  const layers = layersOf(nodes, edges);
  const rowOf = rowsOf(nodes, layers);
  const down = edges.filter(({ from, to }) => (rowOf.get(from) ?? 0) < (rowOf.get(to) ?? 0));
  const slots = ordered(slotsOf(rowOf, down), down);
  const places = slots.map(placed);

  const boxes = slots.flatMap((row, index) =>
    row.flatMap(({ sha256, isBox }) => {
      const [node, place] = [byDigest.get(sha256), places[index]?.get(sha256)];
      return isBox && node && place ? [{ node, row: index, left: place.left, width: place.width }] : [];
    }),
  );
  const centre = (sha256: string, row: number): number => {
    const place = places[row]?.get(sha256);
    return place ? place.left + place.width / 2 : 0;
  };
  return { rows: slots.length, boxes, strokes: strokesOf(down, rowOf, centre) };
}

/** Counted down to the nodes that nothing was made from, by the longest way; along a cycle, to where the search enters it. */
function layersOf(nodes: readonly Drawn[], edges: Edges): ReadonlyMap<string, number> {
  const heights = depthsOf(
    nodes,
    edges.map(({ from, to }) => ({ from: to, to: from })),
  );
  const highest = Math.max(...heights.values());
  return new Map([...heights].map(([sha256, height]) => [sha256, highest - height]));
}

function depthsOf(nodes: readonly Drawn[], edges: Edges): ReadonlyMap<string, number> {
  const layer = new Map<string, number>();
  const waiting = new Map(nodes.map(({ sha256 }) => [sha256, 0]));
  for (const { to } of edges) waiting.set(to, (waiting.get(to) ?? 0) + 1);
  while (waiting.size > 0) {
    const ready = [...waiting].filter(([, inputs]) => inputs === 0).map(([sha256]) => sha256);
    const next = ready.length > 0 ? ready : [...waiting.keys()].slice(0, 1);
    for (const sha256 of next) waiting.delete(sha256);
    for (const sha256 of next) {
      const depth = layer.get(sha256) ?? 0;
      layer.set(sha256, depth);
      for (const { to } of edges.filter(({ from }) => from === sha256)) {
        const inputs = waiting.get(to);
        if (inputs === undefined) continue;
        waiting.set(to, inputs - 1);
        layer.set(to, Math.max(layer.get(to) ?? 0, depth + 1));
      }
    }
  }
  return layer;
}

/** A layer of many nodes takes several rows. */
function rowsOf(nodes: readonly Drawn[], layers: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const rowOf = new Map<string, number>();
  let first = 0;
  for (let layer = 0; layer <= Math.max(...layers.values()); layer++) {
    const members = nodes.filter(({ sha256 }) => layers.get(sha256) === layer);
    const rows = Math.ceil(members.length / BOXES_PER_ROW);
    for (const [index, { sha256 }] of members.entries()) {
      rowOf.set(sha256, first + Math.floor((index * rows) / members.length));
    }
    first += rows;
  }
  return rowOf;
}

function slotsOf(rowOf: ReadonlyMap<string, number>, edges: Edges): Slot[][] {
  const rows: Slot[][] = Array.from({ length: Math.max(...rowOf.values()) + 1 }, () => []);
  for (const [sha256, row] of rowOf) rows[row]?.push({ sha256, isBox: true });
  const furthest = new Map<string, number>();
  for (const { from, to } of edges) furthest.set(from, Math.max(furthest.get(from) ?? 0, rowOf.get(to) ?? 0));
  for (const [sha256, last] of furthest) {
    for (let row = (rowOf.get(sha256) ?? 0) + 1; row < last; row++) rows[row]?.push({ sha256, isBox: false });
  }
  return rows;
}

/** Each row in the order of what leads to it, which crosses few lines. */
function ordered(rows: readonly Slot[][], edges: Edges): readonly (readonly Slot[])[] {
  let above = new Map<string, number>();
  return rows.map((row) => {
    const middle = (slot: Slot): number => {
      const sources = slot.isBox ? edges.filter(({ to }) => to === slot.sha256).map(({ from }) => from) : [slot.sha256];
      const places = sources.flatMap((source) => above.get(source) ?? []);
      return places.length === 0 ? 0.5 : places.reduce((sum, place) => sum + place, 0) / places.length;
    };
    const sorted = row
      .map((slot) => ({ slot, at: middle(slot) }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ slot }) => slot);
    above = new Map(sorted.map(({ sha256 }, index) => [sha256, (index + 0.5) / sorted.length]));
    return sorted;
  });
}

/** Where each slot of one row lies, centred. */
function placed(row: readonly Slot[]): ReadonlyMap<string, { readonly left: number; readonly width: number }> {
  const weights = row.map(({ isBox }) => (isBox ? BOX_WEIGHT : 1));
  const unit = Math.min(100 / weights.reduce((sum, weight) => sum + weight, 0), WIDEST_BOX / BOX_WEIGHT);
  let left = (100 - unit * weights.reduce((sum, weight) => sum + weight, 0)) / 2;
  return new Map(
    row.map(({ sha256, isBox }, index) => {
      const width = unit * (weights[index] ?? 1);
      const place = isBox ? { left: left + width * 0.03, width: width * 0.94 } : { left, width };
      left += width;
      return [sha256, place];
    }),
  );
}

function strokesOf(
  edges: Edges,
  rowOf: ReadonlyMap<string, number>,
  centre: (sha256: string, row: number) => number,
): Stroke[] {
  const strokes = new Map<string, Stroke>();
  for (const { from, to } of edges) {
    const [first, last] = [rowOf.get(from) ?? 0, rowOf.get(to) ?? 0];
    for (let row = first; row < last; row++) {
      const arrives = row + 1 === last;
      const stroke = {
        from: { x: centre(from, row), row },
        to: { x: centre(arrives ? to : from, row + 1), row: row + 1 },
        passes: row > first,
        arrives,
      };
      strokes.set(`${row} ${from} ${arrives ? to : ''}`, stroke);
    }
  }
  return [...strokes.values()];
}
