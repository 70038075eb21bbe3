import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runExample } from '../../examples/breast-cancer/run.ts';
import { VERDICTS_FIELD } from '../../lib/contracts/predicates.ts';
import { parseBundle } from '../../lib/core/bundle.ts';
import { isJsonObject, type Json, type JsonObject, parseStrictJson } from '../../lib/core/json.ts';
import { parseStatement } from '../../lib/core/statement.ts';
import type { LocalDescription } from '../../local/description.ts';
import { installOpa } from '../../policies/opa.ts';
import type { Check } from './support/checks.ts';

/**
 * The decision on the example's model, decided again by OPA itself from what the auditor fetched: the stored facts and the
 * stored policy bundle, no file of ours between.
 */
export async function decisionsMatch(check: Check, local: LocalDescription): Promise<void> {
  const opa = await installOpa();
  await runExample(local, () => undefined, { unattended: false });
  const folder = join(dirname(local.logs), 'example', 'decision');
  const decided = await verdictsOf(join(folder, 'decision.sigstore.json'));
  const query = `data.${String(decided.entrypoint).replaceAll('/', '.')}`;

  async function decide(input: string): Promise<JsonObject> {
    const args = ['eval', '--bundle', 'policy.tar.gz', '--input', input, '--format', 'raw', query];
    const answer: Json = JSON.parse(await opa(folder, args));
    assert.ok(isJsonObject(answer), 'OPA leaves it undecided');
    return answer;
  }

  await check("native OPA decides the example's stored decision again, with equal verdicts", async () => {
    const { verdicts, warnings } = decided;
    assert.ok(Array.isArray(verdicts) && verdicts.length > 10);
    assert.deepEqual(await decide('input.json'), { verdicts, warnings });
  });
  await check('native OPA decides otherwise on the same facts without what was attested', async () => {
    const facts: Json = JSON.parse(await readFile(join(folder, 'input.json'), 'utf8'));
    assert.ok(isJsonObject(facts));
    await writeFile(join(folder, 'nothing.json'), JSON.stringify({ ...facts, attestations: [] }));
    assert.notDeepEqual((await decide('nothing.json')).verdicts, decided.verdicts);
  });
}

async function verdictsOf(file: string): Promise<JsonObject> {
  const { payload } = parseBundle(parseStrictJson(await readFile(file)));
  const verdicts = parseStatement(parseStrictJson(payload)).predicate[VERDICTS_FIELD];
  assert.ok(isJsonObject(verdicts), `${file} holds no decision`);
  return verdicts;
}
