import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { PROBLEMS } from '../../../lib/contracts/problems.ts';

const text = readFileSync(new URL('../../../docs/problems.md', import.meta.url), 'utf8');
const rows = [...text.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \| (.+) \|$/gm)].map(([, code, status, meaning]) => ({
  code,
  status: Number(status),
  meaning,
}));

it('docs/problems.md has every problem with its status, in the order of lib/contracts/problems.ts, and no other', () => {
  expect(rows.map(({ code, status }) => [code, status])).toEqual(
    Object.entries(PROBLEMS).map(([code, { status }]) => [code, status]),
  );
});

it.each(rows)('docs/problems.md says what $code means', ({ meaning }) => {
  expect(meaning).toMatch(/\w+ \w+ \w+/);
});
