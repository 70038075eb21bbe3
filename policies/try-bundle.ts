import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readPolicyBundle } from '../lib/adapters/opa/bundle.ts';
import { loadPolicy } from '../lib/adapters/opa/policy.ts';
import { canonicalBytes } from '../lib/core/canonical.ts';
import { parseGateResult } from '../lib/core/gate/result.ts';
import { CASES, type Case } from '../test/unit/policies/cases.ts';
import { POLICIES, type SourceRecord, sha256 } from './files.ts';

/**
 * `node policies/try-bundle.ts BUNDLE --result FILE`: asks a policy bundle (tar.gz) every question that there is a known answer
 * to, and writes what came of it as an in-toto test result, which `countersign attest` signs and `policy test` hands in.
 *
 * Exits 1 when an answer is another one; the result is written all the same, and says FAILED.
 */
const { values, positionals } = parseArgs({ allowPositionals: true, options: { result: { type: 'string' } } });
const [bundle] = positionals;
if (bundle === undefined || values.result === undefined) {
  throw new Error('usage: node policies/try-bundle.ts BUNDLE --result FILE');
}

const TABLE = 'test/unit/policies/cases.ts';
const read = await readPolicyBundle(readFileSync(bundle));
const policy = await loadPolicy(read);
const passedTests: string[] = [];
const failedTests: string[] = [];
for (const one of CASES) {
  const name = `${one.rule}: ${one.verdict} when ${one.when}`;
  ((await answersAsKnown(one)) ? passedTests : failedTests).push(name);
}
const table = { name: TABLE, digest: { sha256: sha256(readFileSync(resolve(POLICIES, '..', TABLE))) } };
const result = failedTests.length === 0 ? 'PASSED' : 'FAILED';
const configuration = [table, ...coverage(read.wasm)];
writeFileSync(values.result, `${JSON.stringify({ result, configuration, passedTests, failedTests })}\n`);
console.log([`${result}: ${passedTests.length} of ${CASES.length} answers are as known`, ...failedTests].join('\n'));
process.exitCode = failedTests.length === 0 ? 0 : 1;

/** What the Rego tests reached, where the bundle's rules are those that they were compiled from: other data changes no rule. */
function coverage(wasm: Buffer): object[] {
  const bytes = readFileSync(join(POLICIES, 'sources.json'));
  const { wasm: committed, coverage: percent }: SourceRecord = JSON.parse(bytes.toString('utf8'));
  if (sha256(wasm) !== committed) return [];
  const annotations = { coverage_percent: percent };
  return [{ name: 'policies/sources.json', digest: { sha256: sha256(bytes) }, annotations }];
}

async function answersAsKnown({ rule, input, verdict, codes }: Case): Promise<boolean> {
  const { verdicts } = parseGateResult(await policy.evaluate(canonicalBytes(input)));
  const answer = verdicts.find((one) => one.rule === rule);
  const given = new Set(answer?.reasons.map(({ code }) => code));
  return answer?.verdict === verdict && codes.length === given.size && codes.every((code) => given.has(code));
}
