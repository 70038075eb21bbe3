import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ATTESTATIONS, DIGESTS, PASSING } from '../test/unit/policies/fixture.ts';
import { COMPILED, compile, writeMembers } from './compile.ts';
import { BUNDLE, digestsOf, POLICIES, type SourceRecord, sources } from './files.ts';
import { installOpa, OPA_VERSION } from './opa.ts';
import { SUITE, testPolicies } from './suite.ts';

/** `npm run policies:build`: checks, compiles and tests the rules with the pinned OPA, and writes what is committed of them. */
const opa = await installOpa();
await opa(POLICIES, ['fmt', '--fail', '--diff', ...SUITE]);

// Tests begin with the facts of the TypeScript tests, so that both speak of one release.
const evidence = Object.fromEntries(Object.entries(ATTESTATIONS).map(([name, { evidence }]) => [name, evidence]));
await writeJson('testing/facts.json', { facts: { digests: DIGESTS, evidence, passing: PASSING } });

const members = await compile(opa);
await rm(BUNDLE, { recursive: true, force: true });
await writeMembers(BUNDLE, members);
const { [COMPILED]: wasm = '', ...rest } = digestsOf(members);

await opa(POLICIES, ['check', '--strict', ...SUITE, 'bundle/data.json']);
const coverage = await testPolicies(opa);
// Last, so that what is recorded was tested.
const record: SourceRecord = { opa: OPA_VERSION, sources: digestsOf(sources()), wasm, coverage };
await writeJson('sources.json', record);
console.log(`${Object.keys(rest).length + 1} members, ${coverage} % of the lines tested`);

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(join(POLICIES, path), `${JSON.stringify(value, null, 2)}\n`);
}
