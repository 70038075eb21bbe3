import assert from 'node:assert/strict';
import { join } from 'node:path';
import fc from 'fast-check';
import { canonicalBytes } from '../../lib/core/canonical.ts';
import type { Json } from '../../lib/core/json.ts';
import type { Check } from './support/checks.ts';
import { run, succeeded } from './support/command.ts';
import { pythonWith } from './support/tools.ts';

/** The same values in every run, so that a failure can be looked at again. */
const SEED = 8785;

/** RFC 8785, appendix B and section 3.2.3: numbers at the edges of their notation, and keys that sort otherwise in UTF-8. */
const EDGES: readonly Json[] = [
  [
    0, -0, 5e-324, -5e-324, 1.7976931348623157e308, 9007199254740991, -9007199254740991, 1e21, 1e-7, 1e-6,
    999999999999999900000,
  ],
  [333333333.3333332, 333333333.33333325, 333333333.3333333, 4.5, 2e-3, 1e-27, 0.1, 1 / 3],
  {
    '\u20ac': 'Euro',
    '\r': 'CR',
    '\ufb33': 'Dalet',
    '1': 'One',
    '\u{1F600}': 'Emoji',
    '\u0080': 'Control',
    '\u00f6': 'o',
  },
  { '\u{FF5E}': 1, '\u{1F600}': 2, '': 3, a: 4, A: 5, aa: 6 },
  ['\u0000\u001f\b\t\n\f\r"\\/', '\u007f\u2028\u2029', 'é', 'e\u0301'],
];

/** An implementation of RFC 8785 by others, in another language. */
export async function canonicalJson(check: Check): Promise<void> {
  const python = await pythonWith('evidence');
  const theirs = async (cases: readonly object[]): Promise<string[]> => {
    const input = cases.map((one) => `${JSON.stringify(one)}\n`).join('');
    const env = { PATH: process.env.PATH, PYTHONUTF8: '1' };
    return succeeded(await run(python, [join(import.meta.dirname, 'canonical_json.py')], { env, input }))
      .trim()
      .split('\n');
  };
  const ours = (value: Json): string => canonicalBytes(value).toString('hex');

  await check('rfc8785 writes 1000 generated values as we do', async () => {
    const generated = fc.sample(fc.jsonValue({ stringUnit: 'binary', maxDepth: 4 }), { seed: SEED, numRuns: 1000 });
    const values = [...EDGES, ...generated.map((value): Json => JSON.parse(JSON.stringify(value)))];
    assert.deepEqual(await theirs(values.map((value) => ({ json: JSON.stringify(value) }))), values.map(ours));
  });
  await check('rfc8785 writes 2000 generated doubles as we do, bit for bit', async () => {
    const doubles = fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), { seed: SEED, numRuns: 2000 });
    const bits = (double: number): string => {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleBE(double);
      return bytes.toString('hex');
    };
    assert.deepEqual(await theirs(doubles.map((double) => ({ double: bits(double) }))), doubles.map(ours));
  });
}
