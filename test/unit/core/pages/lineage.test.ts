import { describe, expect, it } from 'vitest';
import { alike } from '../../../../lib/core/pages/lineage/kin.ts';
import { layOut } from '../../../../lib/core/pages/lineage/layout.ts';
import type { LineageNode } from '../../../../lib/core/pages/model.ts';

const nodes = (...names: string[]): LineageNode[] =>
  names.map((name) => ({ sha256: name, name, kind: 'dataset', stage: null }));
/** `a>b c>d` */
const edges = (text: string) =>
  text.split(' ').map((edge) => {
    const [from = '', to = ''] = edge.split('>');
    return { from, to };
  });
const rows = (names: string, text: string): Record<string, number> =>
  Object.fromEntries(layOut(nodes(...names), edges(text)).boxes.map(({ node, row }) => [node.sha256, row]));

describe('the layout of a lineage', () => {
  it('puts what went in above what came out, and as near to it as can be', () => {
    expect(rows('abcde', 'a>b b>c d>c c>e')).toEqual({ a: 0, b: 1, d: 1, c: 2, e: 3 });
  });

  it('takes several rows for a layer of many', () => {
    expect(rows('mabcd', 'a>m b>m c>m d>m')).toEqual({ a: 0, b: 0, c: 1, d: 1, m: 2 });
  });

  it('leads a line that passes a row through a place of its own', () => {
    const { boxes, strokes } = layOut(nodes('a', 'b', 'c'), edges('a>b b>c a>c'));
    const passing = strokes.filter(({ passes }) => passes);
    expect(passing).toHaveLength(1);
    const beside = boxes.find(({ row }) => row === passing[0]?.from.row);
    const x = passing[0]?.from.x ?? 0;
    expect(beside && (x < beside.left || x > beside.left + beside.width)).toBe(true);
  });

  it.each([
    ['ab', 'a>b b>a'],
    ['a', 'a>a'],
    ['abc', 'a>b b>c c>a'],
    ['abc', 'a>b'],
  ])('draws each of %s once, whatever circle %s goes in', (names, text) => {
    const { boxes, rows: count } = layOut(nodes(...names), edges(text));
    expect(boxes.map(({ node }) => node.sha256).toSorted()).toEqual([...names]);
    for (const { left, width, row } of boxes) {
      expect(left).toBeGreaterThanOrEqual(0);
      expect(left + width).toBeLessThanOrEqual(100);
      expect(row).toBeLessThan(count);
    }
  });
});

describe('nodes that are alike', () => {
  it('become one box when they are many', () => {
    const { boxes, edges: between } = alike(nodes('m', 'a', 'b', 'c', 'd'), edges('a>m b>m c>m d>m'));
    expect(boxes.map(({ members }) => members.map(({ sha256 }) => sha256))).toEqual([['m'], ['a', 'b', 'c', 'd']]);
    expect(between).toEqual([{ from: 'a', to: 'm' }]);
  });

  it('stay apart when they are few, or something else was made from one', () => {
    expect(alike(nodes('m', 'a', 'b', 'c'), edges('a>m b>m c>m')).boxes).toHaveLength(4);
    expect(alike(nodes('m', 'n', 'a', 'b', 'c', 'd'), edges('a>m b>m c>m d>m d>n')).boxes).toHaveLength(6);
  });
});
