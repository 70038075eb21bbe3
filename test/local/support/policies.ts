import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { packPolicyBundle } from '../../../lib/adapters/opa/pack.ts';
import { Predicate } from '../../../lib/contracts/predicates.ts';
import { STATEMENT_TYPE } from '../../../lib/core/statement.ts';
import type { LocalDescription } from '../../../local/description.ts';
import { newKey, type TestKey } from '../../support/keys.ts';
import { signedStatement } from '../../support/manifests.ts';
import { callApi, enrolKey } from './enrol.ts';
import { simulate } from './simulate.ts';

/**
 * The policy that is committed, as a bundle of its own: the tests share a stack, and a policy goes through its life once.
 *
 * @param wantedBy - no other test has the same
 * @param change - of its data document, as text
 */
export async function committedPolicy(
  wantedBy: string,
  change: (data: string) => string = (data) => data,
): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-policy-'));
  try {
    await cp(resolve(import.meta.dirname, '../../../policies/bundle'), folder, { recursive: true });
    const manifest = join(folder, '.manifest');
    const metadata = { wanted_by: wantedBy };
    await writeFile(manifest, JSON.stringify({ ...JSON.parse(await readFile(manifest, 'utf8')), metadata }));
    const data = join(folder, 'data.json');
    await writeFile(data, change(await readFile(data, 'utf8')));
    return await packPolicyBundle(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Enrols who may say that a policy's tests passed. */
export async function enrolPolicyTester(local: LocalDescription): Promise<TestKey> {
  const key = newKey();
  const authority = { role: 'policy-tests', predicate_types: [Predicate.testResult] };
  await enrolKey(local, 'evaluation-pipeline', authority, key.privateKey);
  return key;
}

type Post = (as: Parameters<typeof callApi>[1], path: string, body?: unknown) => Promise<Record<string, unknown>>;
const posting =
  (local: LocalDescription): Post =>
  async (as, path, body) =>
    Object(await callApi(local, as, 'POST', path, body));

/** Proposes, tests, simulates, approves and activates. @param slot - beside the main policy @returns its digest */
export async function activatePolicy(
  local: LocalDescription,
  tester: TestKey,
  bundle: Buffer,
  slot?: string,
): Promise<string> {
  const post = posting(local);
  const sha256 = await testPolicy(local, tester, bundle);
  await simulate(local, sha256);
  await post('policy-approver', `/v1/policies/${sha256}/approve`);
  await post('policy-approver', `/v1/policies/${sha256}/activate`, slot === undefined ? undefined : { slot });
  return sha256;
}

/** Proposes and tests. @returns its digest */
export async function testPolicy(local: LocalDescription, tester: TestKey, bundle: Buffer): Promise<string> {
  const post = posting(local);
  const proposal = { bundle: bundle.toString('base64'), change_request: 'the tests of gates' };
  const sha256 = String((await post('policy-author', '/v1/policies', proposal)).sha256);
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [{ name: 'bundle.tar.gz', digest: { sha256 } }],
    predicateType: Predicate.testResult,
    predicate: { result: 'PASSED', configuration: [{ name: 'opa test', digest: { sha256 } }] },
  };
  const result: unknown = JSON.parse(signedStatement(statement, tester).toString('utf8'));
  const { evidence } = await post('evaluation-pipeline', '/v1/attestations', result);
  await post('policy-author', `/v1/policies/${sha256}/test`, { evidence });
  return sha256;
}
