import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import type * as z from 'zod/mini';
import { parseBundle } from '../../lib/core/bundle.ts';
import { type Json, type JsonObject, parseStrictJson } from '../../lib/core/json.ts';
import { ManifestSchema, parseManifest } from '../../lib/core/manifest.ts';
import { ReceiptSchema } from '../../lib/core/receipt.ts';
import { parseStatement } from '../../lib/core/statement.ts';
import type { Check } from './support/checks.ts';
import { run, succeeded } from './support/command.ts';
import type { Evidence, Signed } from './support/evidence.ts';
import { changed, manifests } from './support/schema-cases.ts';
import { goTool, OPA } from './support/tools.ts';

const SCHEMAS = resolve(import.meta.dirname, '../../docs/schemas');
/** The same documents in every run, so that a failure can be looked at again. */
const SAMPLE = { seed: 2020, numRuns: 1000 };
const SHA256 = 'a'.repeat(64);
const MANIFEST = { run_id: 'r', stage: 'training', principal: 'p', timestamp: '2026-01-01T00:00:00Z' };

/** Manifests that the published schema lets through, because JSON Schema has no words for the rule. */
const BEYOND_SCHEMA: Readonly<Record<string, JsonObject>> = {
  'that gives dataset and datasets': {
    ...MANIFEST,
    dataset: { id: 'd', sha256: SHA256 },
    datasets: [{ id: 'd', sha256: SHA256 }],
  },
  'that speaks of nothing': MANIFEST,
  'that mentions 65 digests': {
    ...MANIFEST,
    outputs: Array.from({ length: 65 }, (_, index) => ({ name: 'o', sha256: index.toString(16).padStart(64, '0') })),
  },
};

/** OPA reads the published schemas, as a policy author's rules do, and must draw the line where the code draws it. */
export async function opaMatches(check: Check, { manifest, receipt }: Evidence, folder: string): Promise<void> {
  const opa = await goTool(OPA);

  /** OPA's verdict on each document. */
  async function verdicts(schemaFile: string, documents: readonly Json[]): Promise<boolean[]> {
    const schema: Json = JSON.parse(await readFile(join(SCHEMAS, schemaFile), 'utf8'));
    const query = '[ok | some document in input.documents; [ok, _] := json.match_schema(document, input.schema)]';
    const options = { env: { PATH: process.env.PATH, HOME: folder }, input: JSON.stringify({ schema, documents }) };
    return JSON.parse(succeeded(await run(opa, ['eval', '--stdin-input', '--format', 'raw', query], options)));
  }

  /** Compares OPA with the code, over documents that fit and documents that were changed, so that both verdicts are many. */
  async function agree(schemaFile: string, schema: z.ZodMiniType, documents: readonly JsonObject[]): Promise<void> {
    const theirs = await verdicts(schemaFile, documents);
    const ours = documents.map((document) => schema.safeParse(document).success);
    const differing = documents.filter((_, index) => ours[index] !== theirs[index]);
    assert.deepEqual(
      differing.slice(0, 3).map((one) => JSON.stringify(one)),
      [],
      `${differing.length} verdicts differ`,
    );
    const accepted = ours.filter((fits) => fits).length;
    assert.ok(accepted > 100 && ours.length - accepted > 100, `${accepted} of ${ours.length} documents fit`);
  }

  await check('OPA and the code give one verdict on each of 2000 generated manifests', async () => {
    const documents = [...fc.sample(manifests, SAMPLE), ...fc.sample(changed(manifests), SAMPLE)];
    await agree('manifest-v1.schema.json', ManifestSchema, documents);
  });
  await check('OPA and the code give one verdict on each of 2000 receipts made from a real one', async () => {
    const real = fc.constant(await predicateOf(receipt));
    const documents = [...fc.sample(real, SAMPLE), ...fc.sample(changed(real), SAMPLE)];
    await agree('receipt-v1.schema.json', ReceiptSchema, documents);
  });
  await check('OPA matches the manifest that was accepted, and its receipt', async () => {
    assert.deepEqual(await verdicts('manifest-v1.schema.json', [await predicateOf(manifest)]), [true]);
    assert.deepEqual(await verdicts('receipt-v1.schema.json', [await predicateOf(receipt)]), [true]);
  });
  for (const [what, document] of Object.entries(BEYOND_SCHEMA)) {
    await check(`a manifest ${what} is refused by the code, though it fits the schema`, async () => {
      assert.throws(() => parseManifest(document), { code: 'MANIFEST_INVALID' });
      assert.deepEqual(await verdicts('manifest-v1.schema.json', [document]), [true]);
    });
  }
}

async function predicateOf({ bundle }: Signed): Promise<JsonObject> {
  const { payload } = parseBundle(parseStrictJson(await readFile(bundle)));
  return parseStatement(parseStrictJson(payload)).predicate;
}
