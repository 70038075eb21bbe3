import { expect, it } from 'vitest';
import type { Ledger } from '../../../lib/app/ports.ts';
import { shadowReport } from '../../../lib/app/read-shadow.ts';
import type { IndexEntry } from '../../../lib/core/evidence.ts';
import type { ShadowLine } from '../../../lib/core/gate/shadow.ts';
import { lookup } from '../../../lib/core/layout.ts';
import { digestOf } from '../../support/manifests.ts';
import { anEntry, anEvent } from '../../support/records.ts';

const POLICY = digestOf('candidate');
const LINES = 4500;

/** As DynamoDB answers: a page is full, or ends where it likes, and says that more follows. */
const list: Ledger['list'] = async (partition, { limit, after }) => {
  expect(partition).toBe(lookup.shadow(POLICY));
  const from = after === undefined ? 0 : Number(after) + 1;
  const to = Math.min(LINES, from + Math.min(limit, 700));
  const items = Array.from({ length: to - from }, (_, index): IndexEntry => {
    const said = (from + index) % 1000 === 0 ? 'FAILED' : 'PASSED';
    const shadow: ShadowLine = { slot: 'candidate', model: digestOf('m'), main: 'PASSED', said, code: null, rules: [] };
    return anEntry(anEvent('decision'), partition, String(from + index), { shadow });
  });
  return { items, next: to < LINES ? String(to - 1) : undefined };
};

it('a shadow of many gates is told in bounded answers, which add up', async () => {
  const told: [gates: number, differences: number][] = [];
  let after: string | undefined;
  do {
    const { counts, differences, next } = await shadowReport({ list }, POLICY, after);
    told.push([counts.gates, differences.length]);
    after = next;
  } while (after !== undefined);
  expect(told).toEqual([
    [2000, 2],
    [2000, 2],
    [500, 1],
  ]);
});
