import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STAGES } from '../../lib/contracts/predicates.ts';
import { stageOrder, timeOrder } from '../../lib/core/layout.ts';
import { type Edge, findCycle } from '../../lib/core/lineage.ts';

const edges = (nodes: number): fc.Arbitrary<Edge[]> => {
  const node = fc.nat(nodes).map(String);
  return fc.array(fc.record({ from: node, to: node, evidence: fc.constant('e') }), { maxLength: 20 });
};

/** A graph has no cycle exactly when all of it can be taken away, ends first. */
function isAcyclic(graph: readonly Edge[]): boolean {
  const rest = graph.filter(({ to }) => graph.some(({ from }) => from === to));
  return rest.length === 0 || (rest.length < graph.length && isAcyclic(rest));
}

describe('findCycle', () => {
  it('finds a cycle exactly where there is one, and names its steps', () => {
    fc.assert(
      fc.property(fc.nat(8).chain(edges), (graph) => {
        const cycle = findCycle(graph);
        expect(cycle === undefined).toBe(isAcyclic(graph));
        for (const [i, from] of (cycle ?? []).slice(0, -1).entries()) {
          expect(graph).toContainEqual(expect.objectContaining({ from, to: cycle?.[i + 1] }));
        }
        expect(cycle?.[0]).toBe(cycle?.at(-1));
      }),
      { numRuns: 1000 },
    );
  });
});

const instant = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const evidence = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 });
const stage = fc.option(fc.constantFrom(...STAGES), { nil: undefined });
const records = fc.array(
  fc.record({ instant: fc.oneof(instant, fc.constant('2026-02-21T12:34:56.000Z')), evidence, stage }),
  { maxLength: 12 },
);

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const position = (of: (typeof STAGES)[number] | undefined): number =>
  of === undefined ? STAGES.length : STAGES.indexOf(of);

describe('sort keys', () => {
  it('order by time, then by digest, as text', () => {
    fc.assert(
      fc.property(records, (some) => {
        const keyed = some.toSorted((a, b) =>
          byText(timeOrder(a.instant, a.evidence), timeOrder(b.instant, b.evidence)),
        );
        expect(keyed).toEqual(
          some.toSorted((a, b) => Date.parse(a.instant) - Date.parse(b.instant) || byText(a.evidence, b.evidence)),
        );
      }),
    );
  });

  it('order by stage first, and what has none last', () => {
    const key = (record: { stage: (typeof STAGES)[number] | undefined; instant: string; evidence: string }): string =>
      stageOrder(record.stage, record.instant, record.evidence);
    fc.assert(
      fc.property(records, (some) => {
        const keyed = some.toSorted((a, b) => byText(key(a), key(b)));
        expect(keyed).toEqual(
          some.toSorted(
            (a, b) =>
              position(a.stage) - position(b.stage) ||
              Date.parse(a.instant) - Date.parse(b.instant) ||
              byText(a.evidence, b.evidence),
          ),
        );
      }),
    );
  });
});
