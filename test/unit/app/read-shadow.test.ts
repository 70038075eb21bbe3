import { expect, it } from 'vitest';
import type { Ledger } from '../../../lib/app/ports.ts';
import { type ShadowReport, shadowReport } from '../../../lib/app/read-shadow.ts';
import type { IndexEntry } from '../../../lib/core/evidence.ts';
import type { ShadowLine } from '../../../lib/core/gate/shadow.ts';
import { lookup } from '../../../lib/core/layout.ts';
import { digestOf } from '../../support/manifests.ts';
import { anEntry, anEvent } from '../../support/records.ts';

const POLICY = digestOf('candidate');
const LINES = 4500;

/** As DynamoDB answers: a page is full, or ends where it likes, and says that more follows. */
const listOf =
  (line: Partial<ShadowLine> = {}, most = 700): Ledger['list'] =>
  async (partition, { limit, after }) => {
    expect(partition).toBe(lookup.shadow(POLICY));
    const from = after === undefined ? 0 : Number(after) + 1;
    const to = Math.min(LINES, from + Math.min(limit, most));
    const items = Array.from({ length: to - from }, (_, index): IndexEntry => {
      const said = (from + index) % 1000 === 0 ? 'FAILED' : 'PASSED';
      const shadow: ShadowLine = {
        slot: 'candidate',
        model: digestOf('m'),
        main: 'PASSED',
        said,
        code: null,
        rules: [],
      };
      return anEntry(anEvent('decision'), partition, String(from + index), { shadow: { ...shadow, ...line } });
    });
    return { items, next: to < LINES ? String(to - 1) : undefined };
  };

async function reports(list: Ledger['list']): Promise<ShadowReport[]> {
  const told: ShadowReport[] = [];
  do told.push(await shadowReport({ list }, POLICY, told.at(-1)?.next));
  while (told.at(-1)?.next !== undefined);
  return told;
}

it('a shadow of many gates is told in bounded answers, which add up', async () => {
  const told = await reports(listOf());
  expect(told.map(({ counts, differences }) => [counts.gates, differences.length])).toEqual([
    [2000, 2],
    [2000, 2],
    [500, 1],
  ]);
});

it('a shadow of many rules with long names is told in answers that a function can give', async () => {
  const rules = Array.from({ length: 50 }, (_, index) => `${index}`.padEnd(256, 'x'));
  const aPageOfDynamo = Math.floor(2 ** 20 / (rules.length * 256));
  const told = await reports(listOf({ said: 'FAILED', rules }, aPageOfDynamo));
  expect(told.reduce((sum, { counts }) => sum + counts.gates, 0)).toBe(LINES);
  for (const one of told) expect(JSON.stringify(one).length).toBeLessThan(4 * 1024 * 1024);
});
