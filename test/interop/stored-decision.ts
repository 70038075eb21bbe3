import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseBundle } from '../../lib/core/bundle.ts';
import { parseDecision } from '../../lib/core/gate/decision.ts';
import { parseStrictJson } from '../../lib/core/json.ts';
import { parseStatement } from '../../lib/core/statement.ts';
import { installOpa } from '../../policies/opa.ts';
import type { Check } from './support/checks.ts';

const STORED = resolve(import.meta.dirname, '../fixtures/decisions');

/** A decision that an earlier build stored, decided again by OPA itself from the stored facts and the stored policy. */
export async function storedDecisionMatches(check: Check): Promise<void> {
  const opa = await installOpa();
  await check('native OPA decides again, with equal verdicts, what an earlier build stored', async () => {
    const { payload } = parseBundle(parseStrictJson(await readFile(join(STORED, 'decision.sigstore'))));
    const { policy, result } = parseDecision(parseStatement(parseStrictJson(payload)));
    const query = `data.${policy.entrypoint.replaceAll('/', '.')}`;
    const args = ['eval', '--bundle', 'policy.tar.gz', '--input', 'input.canonical', '--format', 'raw', query];
    assert.deepEqual(JSON.parse(await opa(STORED, args)), result);
  });
}
