import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPolicy as instantiate } from '@open-policy-agent/opa-wasm';
import fc from 'fast-check';
import { isJsonObject, type Json } from '../../lib/core/json.ts';
import { COMPILED, compile, type Members } from '../../policies/compile.ts';
import { BUNDLE, ENTRYPOINT, POLICIES, type SourceRecord, sources } from '../../policies/files.ts';
import { installOpa, type Opa } from '../../policies/opa.ts';
import { testPolicies } from '../../policies/suite.ts';
import { membersOf } from '../support/archives.ts';
import { CASES } from '../unit/policies/cases.ts';
import { PASSING } from '../unit/policies/fixture.ts';
import type { Check } from './support/checks.ts';
import { damaged } from './support/damage.ts';

/** The same facts in every run, so that a difference can be looked at again. */
const SAMPLE = { seed: 1994, numRuns: 600 };

/** OPA itself rebuilds what is committed, and answers as the compiled policy does. */
export async function policiesMatch(check: Check): Promise<void> {
  const opa = await installOpa();
  await check('the pinned OPA compiles the rules to the committed members, byte by byte', async () => {
    const members = await compile(opa);
    for (const [path, bytes] of members) {
      assert.ok((await readFile(join(BUNDLE, path))).equals(bytes), `${path} differs: run \`npm run policies:build\``);
    }
  });
  await check('every test of the rules passes, and reaches as many of their lines as is recorded', async () => {
    const record: SourceRecord = JSON.parse(await readFile(join(POLICIES, 'sources.json'), 'utf8'));
    assert.equal(await testPolicies(opa), record.coverage, 'run `npm run policies:build`');
  });
  await check(`native OPA and the compiled policy answer the same to ${CASES.length} known facts`, async () => {
    await agree(
      opa,
      CASES.map(({ input }) => input),
    );
  });
  await check(`native OPA and the compiled policy answer the same to ${SAMPLE.numRuns} damaged facts`, async () => {
    await agree(opa, fc.sample(damaged(PASSING), SAMPLE));
  });
  await check(
    "somebody else's policy is built by their OPA to the members that are committed, byte by byte",
    async () => {
      await opa(EXAMPLE, ['test', '.']);
      const built = await membersOf(await builtExample(opa));
      const names = (await readdir(join(EXAMPLE, 'bundle'))).toSorted();
      assert.deepEqual([...built.keys()].toSorted(), names);
      for (const name of names) {
        assert.ok(built.get(name)?.equals(await readFile(join(EXAMPLE, 'bundle', name))), `${name} differs`);
      }
    },
  );
  await check("somebody else's package is judged beside ours, by a rule that asks it", async () => {
    const members = await compile(opa, new Map([...sources(), ...FOREIGN]));
    const [verdict] = (await answers(members, [PASSING])).flatMap((result) => verdictsOf(result, 'acme_freeze'));
    assert.deepEqual(verdict, {
      rule: 'acme_freeze',
      verdict: 'fail',
      severity: 'low',
      controls: ['A.8.32'],
      effective_on: '2026-01-01T00:00:00.000Z',
      reasons: [{ code: 'acme_denies', params: { message: 'no releases in February' } }],
      waiver: null,
    });
  });
}

const EXAMPLE = join(import.meta.dirname, '../../examples/policies');

/** As docs/policies.md builds it. @returns tar.gz */
async function builtExample(opa: Opa): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-example-'));
  try {
    for (const name of await readdir(EXAMPLE)) {
      if (name.endsWith('.rego')) await copyFile(join(EXAMPLE, name), join(folder, name));
    }
    const wanted = ['--target', 'wasm', '--entrypoint', 'acme/reproducible/deny', '--revision', 'acme-1'];
    await opa(folder, ['build', ...wanted, '--ignore', '*_test.rego', '--output', 'policy.tar.gz', '.']);
    return await readFile(join(folder, 'policy.tar.gz'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A package as others write them, and the rule that takes its answers. */
const FOREIGN: readonly (readonly [string, Buffer])[] = Object.entries({
  'vendor/acme/freeze.rego': `package acme.freeze

deny contains "no releases in February" if contains(input.now, "-02-")
`,
  'rules/acme_freeze.rego': `# METADATA
# title: Acme's freeze
# description: Nothing is released while Acme says so.
# scope: package
# custom:
#   severity: low
#   environments: [production]
#   phases: [request, release]
#   controls: [A.8.32]
#   effective_on: "2026-01-01T00:00:00.000Z"
#   waivable: true
package countersign.rules.acme_freeze

import data.acme.freeze

deny contains {"code": "acme_denies", "params": {"message": message}} if some message in freeze.deny
`,
}).map(([path, text]) => [path, Buffer.from(text)] as const);

function verdictsOf(result: Json, rule: string): Json[] {
  const verdicts = isJsonObject(result) ? result.verdicts : undefined;
  return Array.isArray(verdicts) ? verdicts.filter((one) => isJsonObject(one) && one.rule === rule) : [];
}

/** Holds both engines' answers to the same facts against each other. */
async function agree(opa: Opa, documents: readonly (Json | object)[]): Promise<void> {
  const theirs = await nativeAnswers(opa, documents);
  const ours = await answers(await committed(), documents);
  assert.deepEqual(ours, theirs);
  const verdicts = new Set(ours.map((answer) => JSON.stringify(answer)));
  assert.ok(verdicts.size > documents.length / 2, `only ${verdicts.size} of ${documents.length} answers are distinct`);
}

/** What OPA answers, evaluating the Rego of the committed bundle; null where nothing is decided. */
async function nativeAnswers(opa: Opa, documents: readonly (Json | object)[]): Promise<Json[]> {
  const gate = `data.${ENTRYPOINT.replaceAll('/', '.')}`;
  const query = `{i: answer | some i, facts in input; answer := ${gate} with input as facts}`;
  const args = ['eval', '--bundle', BUNDLE, '--stdin-input', '--format', 'raw', query];
  const byIndex: Readonly<Record<string, Json>> = JSON.parse(await opa(BUNDLE, args, JSON.stringify(documents)));
  return documents.map((_, index) => byIndex[index] ?? null);
}

/** What the compiled policy answers. */
async function answers(members: Members, documents: readonly (Json | object)[]): Promise<Json[]> {
  const policy = await instantiate(Buffer.from(members.get(COMPILED) ?? ''));
  policy.setData(JSON.parse(Buffer.from(members.get('data.json') ?? '').toString('utf8')));
  return documents.map((facts): Json => policy.evaluate(facts, ENTRYPOINT)[0]?.result ?? null);
}

async function committed(): Promise<Members> {
  const names = [COMPILED, 'data.json'];
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(BUNDLE, name))] as const)));
}
