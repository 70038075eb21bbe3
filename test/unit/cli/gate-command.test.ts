import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../../lib/core/canonical.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import type { GateResult } from '../../../lib/core/gate/input.ts';
import { newKey } from '../../support/keys.ts';
import { decisionAnswer, NO_FACTS, signedDecision, verdict } from './decisions.ts';
import { type Reply, run } from './in-process.ts';

const key = newKey();
const MODEL_BYTES = 'the bytes of a model';
const MODEL = sha256Hex(MODEL_BYTES);
const input = { ...NO_FACTS, model: { sha256: MODEL } };

let folder = '';
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-gate-'));
  writeFileSync(at('model.tar.gz'), MODEL_BYTES);
  writeFileSync(at('evidence.pem'), key.pem);
});
afterAll(() => rmSync(folder, { recursive: true }));

const PASSED: GateResult = { verdicts: [verdict()], warnings: [] };
const FAILED: GateResult = { verdicts: [verdict({ verdict: 'fail' })], warnings: [] };
const answering = (result: GateResult) => (): Reply => ({
  body: decisionAnswer(signedDecision(key, { result, input })),
});
const gate = (result: GateResult, ...more: readonly string[]) =>
  run(['gate', '--model', MODEL, '--environment', 'production', ...more], answering(result));

describe('countersign gate', () => {
  it('ends with 0 and a table when the model may enter', async () => {
    const { stdout, exitCode } = await gate(PASSED);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^ok {4}commit_recorded .*\n\nresult {7}PASSED\n/);
  });

  it('ends with 1 when it may not', async () => {
    const { stdout, exitCode } = await gate(FAILED);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('result       FAILED, 1 fail');
  });

  it('asks about the digest of a file', async () => {
    const args = ['gate', '--model', at('model.tar.gz'), '--environment', 'production'];
    const { calls } = await run(args, answering(PASSED));
    expect(calls).toMatchObject([{ method: 'POST', path: '/v1/gates/evaluate', body: { model: MODEL } }]);
  });

  it("prints the API's document with --json, and keeps the signed decision with --save", async () => {
    const { stdout, exitCode } = await gate(FAILED, '--json', '--save', at('decision.sigstore.json'));
    const { decision, attestation } = JSON.parse(stdout);
    expect(exitCode).toBe(1);
    expect(sha256Hex(readFileSync(at('decision.sigstore.json')))).toBe(decision);
    expect(canonicalBytes(attestation)).toEqual(readFileSync(at('decision.sigstore.json')));
  });

  it.each([
    ['json', (text: string) => JSON.parse(text).decision],
    ['junit', (text: string) => /<testcase name="commit_recorded"/.test(text)],
    ['sarif', (text: string) => JSON.parse(text).version],
  ])('writes %s to stdout, or to a file beside the table', async (format, read) => {
    const { stdout } = await gate(FAILED, '--format', format);
    expect(read(stdout)).toBeTruthy();
    const beside = await gate(FAILED, '--format', format, '--output', at('report'));
    expect(read(readFileSync(at('report'), 'utf8'))).toBeTruthy();
    expect(beside.stdout).toContain('FAIL  commit_recorded');
  });

  it('leaves no report of an earlier run when the API refuses', async () => {
    writeFileSync(at('gate.xml'), 'all is well');
    const args = ['gate', '--model', MODEL, '--environment', 'production', '--format', 'junit', '-o', at('gate.xml')];
    const refusing = run(args, () => ({ status: 422, body: { code: 'MANIFEST_MISSING', title: 'No manifest' } }));
    await expect(refusing).rejects.toMatchObject({ exitCode: 1, problem: { code: 'MANIFEST_MISSING' } });
    expect(existsSync(at('gate.xml'))).toBe(false);
  });

  it.each([
    [['--environment', 'production']],
    [['--model', MODEL]],
    [['--model', MODEL, '--environment', 'production', '--input', 'facts.json']],
    [['--model', MODEL, '--environment', 'production', '--json', '--format', 'sarif']],
    [['--model', tmpdir(), '--environment', 'production']],
  ])('asks nothing when the command line makes no sense: %j', async (args) => {
    let asked = 0;
    const running = run(['gate', ...args], () => ({ body: { asked: ++asked } }));
    await expect(running).rejects.toMatchObject({ name: 'UsageError', exitCode: 2 });
    expect(asked).toBe(0);
  });
});

describe('countersign gate --replay', () => {
  it.each([
    ['--environment', 'production'],
    ['--phase', 'request'],
    ['--format', 'junit'],
    ['--at', '2026-01-01'],
    ['--endpoint', 'credit'],
    ['--release-candidate'],
    ['--output', 'report.xml'],
  ])('takes no %s: the question is in the decision', async (...option) => {
    const running = run(['gate', '--replay', MODEL, ...option], () => ({ body: {} }));
    await expect(running).rejects.toThrow(new RegExp(`cannot be used with option '.*${option[0]}`));
  });

  // Its bytes are what the decision names; it does not compile, so a replay gets as far as that.
  const policy = Buffer.from('no policy at all');
  const facts = canonicalBytes(input);
  const identity = { sha256: sha256Hex(policy), revision: 'r-7', entrypoint: 'countersign/gate/result' };
  const decision = signedDecision(key, { result: PASSED, input, policy: identity });
  const digest = sha256Hex(decision);
  const stored =
    (changed: Readonly<Record<string, Buffer>> = {}) =>
    ({ path }: { readonly path: string }, origin: string): Reply => {
      const objects: Readonly<Record<string, Buffer>> = {
        [`/v1/evidence/${digest}/attestation`]: decision,
        [`/v1/policies/${identity.sha256}/bundle`]: policy,
        '/linked': facts,
        ...changed,
      };
      if (path === '/v1/status') return { body: { evidence_keys: [{ public_key: key.pem }] } };
      if (path === `/v1/gates/inputs/${sha256Hex(facts)}`) {
        return { status: 303, headers: { location: `${origin}/linked` }, body: {} };
      }
      const object = objects[path];
      return object ? { body: object } : { status: 404, body: { code: 'NOT_FOUND', title: path } };
    };

  it('fetches what was decided on, and keeps it to be replayed offline', async () => {
    const { stdout, stderr, exitCode } = await run(['gate', '--replay', digest, '--keep', at('kept')], stored());
    expect(exitCode).toBe(1);
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^DIFFERENT {2}decision [0-9a-f]{64}: PASSED for /),
      expect.stringMatching(/^ {2}ok {4}signature: verified with the evidence key/),
      expect.stringMatching(/^ {2}ok {4}input: /),
      expect.stringMatching(/^ {2}ok {4}policy: /),
      expect.stringMatching(/^ {2}ok {4}model: /),
      expect.stringMatching(/^ {2}FAIL {2}result: .*\[POLICY_INVALID\]$/),
      '',
    ]);
    const [, command = ''] = /offline: countersign (.*)/.exec(stderr) ?? [];
    const offline = command.split(' ').map((word) => (word === 'evidence.pem' ? at(word) : word));
    const again = await run([...offline, '--json'], () => ({ status: 500, body: {} }));
    expect(again.calls).toEqual([]);
    const [first, ...rest] = JSON.parse(again.stdout).checks;
    expect(first).toMatchObject({ name: 'signature', result: 'pass' });
    expect(rest).toHaveLength(4);
  });

  it.each(['/linked', `/v1/policies/${identity.sha256}/bundle`, `/v1/evidence/${digest}/attestation`])(
    'believes no other bytes from %s',
    async (path) => {
      const running = run(['gate', '--replay', digest], stored({ [path]: Buffer.from('{}') }));
      await expect(running).rejects.toMatchObject({ name: 'CliError', exitCode: 1 });
    },
  );
});
