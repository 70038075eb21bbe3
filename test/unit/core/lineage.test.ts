import { describe, expect, it } from 'vitest';
import { type Edge, findCycle } from '../../../lib/core/lineage.ts';

/** `a>b b>c` */
const edges = (text: string): Edge[] =>
  text.split(' ').map((step) => ({ from: step[0] ?? '', to: step[2] ?? '', evidence: 'e' }));

describe('findCycle', () => {
  it.each(['a>b', 'a>b b>c a>c', 'a>b c>b d>c', 'a>b a>b'])('finds none in %s', (text) => {
    expect(findCycle(edges(text))).toBeUndefined();
  });

  it.each([
    ['a>a', ['a', 'a']],
    ['a>b b>a', ['a', 'b', 'a']],
    ['a>b b>c c>d d>b', ['b', 'c', 'd', 'b']],
  ])('finds in %s the cycle %j', (text, cycle) => {
    expect(findCycle(edges(text))).toEqual(cycle);
  });

  it('goes as deep as a lineage is large', () => {
    const chain = Array.from({ length: 50_000 }, (_, i) => ({ from: `${i}`, to: `${i + 1}`, evidence: 'e' }));
    expect(findCycle(chain)).toBeUndefined();
    expect(findCycle([...chain, { from: '50000', to: '0', evidence: 'e' }])).toHaveLength(50_002);
  });
});
