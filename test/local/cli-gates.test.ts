import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Predicate } from '../../lib/contracts/predicates.ts';
import { sha256Hex } from '../../lib/core/digest.ts';
import type { DemoName } from '../../local/description.ts';
import { type CliResult, cliEnv, countersign } from './support/cli.ts';
import { callApi, enrol } from './support/enrol.ts';

const local = inject('local');
const MODEL = `the bytes of ${randomUUID()}`;
let folder = '';
let policy = '';

const cli = (as: DemoName, ...args: readonly string[]): Promise<CliResult> =>
  countersign(args, { cwd: folder, env: cliEnv(local, as) });
const offline = (...args: readonly string[]): Promise<CliResult> => countersign(args, { cwd: folder });

/** The JSON document of a command that did what it was told. */
async function done(as: DemoName, ...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const { code, stdout, stderr } = await cli(as, '--json', ...args);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-cli-gates-'));
  const at = (name: string) => join(folder, name);
  const training = { role: 'producer', stages: ['training'], predicate_types: [Predicate.manifest] };
  writeFileSync(at('signing.pem'), await enrol(local, 'training-pipeline', training));
  const tests = { role: 'policy-tests', predicate_types: [Predicate.testResult] };
  writeFileSync(at('ci.pem'), await enrol(local, 'evaluation-pipeline', tests));
  const status = (await callApi(local, 'reader', 'GET', '/v1/status')) as { evidence_key: { public_key: string } };
  writeFileSync(at('evidence.pem'), status.evidence_key.public_key);
  writeFileSync(at('model.tar.gz'), MODEL);
  writeFileSync(at('train.csv'), `the data of ${MODEL}`);
  // A revision of its own: the stack is shared, and each policy goes through its life once.
  cpSync(resolve(import.meta.dirname, '../../policies/bundle'), at('bundle'), { recursive: true });
  const manifest = JSON.parse(readFileSync(at('bundle/.manifest'), 'utf8'));
  writeFileSync(at('bundle/.manifest'), JSON.stringify({ ...manifest, revision: randomUUID() }));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a policy on the command line', () => {
  it('is proposed, tested, approved and activated', async () => {
    policy = String((await done('policy-author', 'policy', 'propose', 'bundle', '--change-request', 'CHG-1')).sha256);
    writeFileSync(
      join(folder, 'result.json'),
      JSON.stringify({ result: 'PASSED', configuration: [{ name: 'opa test', digest: { sha256: policy } }] }),
    );
    const subject = ['--type', 'test-result', '--subject', `policy@sha256:${policy}`];
    const attested = await done(
      'evaluation-pipeline',
      'attest',
      ...subject,
      '--predicate',
      'result.json',
      '--key',
      'ci.pem',
    );
    await done('policy-author', 'policy', 'test', policy, '--evidence', String(attested.evidence));
    const early = await cli('policy-approver', 'policy', 'activate', policy);
    expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining('POLICY_STATE_CONFLICT') });
    const { counts } = await done('policy-author', 'policy', 'simulate', policy);
    expect(counts).toMatchObject({ unjudged: 0 });
    await done('policy-approver', 'policy', 'approve', policy);
    await done('policy-approver', 'policy', 'activate', policy);
    expect(await done('reader', 'policy', 'show', policy)).toMatchObject({ state: 'approved', sha256: policy });
    expect((await cli('reader', 'policy', 'list')).stdout).toMatch(new RegExp(`^\\* ${policy}  active  `, 'm'));
  });
});

describe('a gate on the command line', () => {
  const ask = ['gate', '--model', 'model.tar.gz', '--environment', 'production', '--evidence-key', 'evidence.pem'];

  it('says at once what is missing when nothing is known of the model', async () => {
    const { code, stderr } = await cli('promoter', ...ask);
    expect(code).toBe(1);
    expect(stderr).toContain('[MODEL_UNKNOWN]');
    expect(stderr).toContain('hint: ');
  });

  it('tells rule by rule why the model may not enter, and keeps the decision', async () => {
    const made = ['--dataset', 'train=train.csv', '--model', 'credit=model.tar.gz', '--key', 'signing.pem'];
    await done('training-pipeline', 'attest', '--stage', 'training', '--run-id', randomUUID(), ...made);
    const kept = ['--format', 'junit', '--output', 'gate.xml', '--save', 'decision.sigstore.json'];
    const { code, stdout, stderr } = await cli('promoter', ...ask, ...kept);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(/^ok {4}signature_verified /m);
    expect(stdout).toMatch(/^FAIL {2}model_card .* no /m);
    expect(stdout).toContain('What would fix it:');
    expect(stdout).toMatch(new RegExp(`^model +${sha256Hex(MODEL)}$`, 'm'));
    expect(readFileSync(join(folder, 'gate.xml'), 'utf8')).toContain('<failure type="fail"');
    const verified = await offline('verify', 'decision.sigstore.json', '--evidence-key', 'evidence.pem');
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringMatching(/^VERIFIED .*\(decision,/) });
  });

  it('replays the decision from what is stored, and then from files alone', async () => {
    const decision = sha256Hex(readFileSync(join(folder, 'decision.sigstore.json')));
    const stored = await cli('auditor', 'gate', '--replay', decision, '--keep', 'kept');
    expect(stored).toMatchObject({ code: 0, stdout: expect.stringMatching(/^IDENTICAL/) });
    const [, command = ''] = /offline: countersign (.*)/.exec(stored.stderr) ?? [];
    expect(await offline(...command.split(' '))).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('identical: 1'),
    });
    writeFileSync(join(folder, 'kept/input.json'), '{}');
    expect(await offline(...command.split(' '))).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^DIFFERENT/),
    });
  });
});
