import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { newKey } from '../../support/keys.ts';
import { digestOf } from '../../support/manifests.ts';
import { MODEL, skipAnswer } from './decisions.ts';
import { run } from './in-process.ts';

const key = newKey();
let folder = '';
const at = (name: string) => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-skipped-'));
  writeFileSync(at('evidence.pem'), key.pem);
  writeFileSync(at('other.pem'), newKey().pem);
});
afterAll(() => rmSync(folder, { recursive: true }));

const gate = (answer: object, ...more: readonly string[]) =>
  run(['gate', '--model', MODEL, '--environment', 'staging', ...more], () => ({ body: answer }));

describe('countersign gate, where only a sample is checked', () => {
  it('says that nothing was checked, keeps the statement, and ends with 0', async () => {
    const answer = skipAnswer(key);
    const save = ['--save', at('skip.sigstore.json'), '--evidence-key', at('evidence.pem')];
    const { stdout, exitCode } = await gate(answer, ...save);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^result +SKIPPED: nothing was checked/);
    expect(stdout).toContain('run-2');
    expect(stdout).not.toContain('PASSED');
    expect(sha256Hex(readFileSync(at('skip.sigstore.json')))).toBe(answer.decision);
  });

  it('asks for the full check of a release candidate', async () => {
    const { calls } = await gate(skipAnswer(key), '--release-candidate');
    expect(calls).toMatchObject([{ body: { release_candidate: true } }]);
  });

  it('reports a skipped test case, or no results', async () => {
    const junit = await gate(skipAnswer(key), '--format', 'junit');
    expect(junit.stdout).toContain('tests="1" failures="0" errors="0" skipped="1"');
    expect(junit.stdout).toMatch(/<testcase name="gate".*>\n +<skipped message="the gate did not look/);
    const sarif = await gate(skipAnswer(key), '--format', 'sarif');
    expect(JSON.parse(sarif.stdout).runs).toMatchObject([{ results: [], properties: { result: 'SKIPPED' } }]);
    const json = await gate(skipAnswer(key), '--format', 'json');
    expect(JSON.parse(json.stdout)).toMatchObject({ result: 'SKIPPED' });
  });

  it.each([
    ['another model', skipAnswer(key, {}, digestOf('another')), 'evidence.pem', 'about the model'],
    ['another environment', skipAnswer(key, { environment: 'experimental' }), 'evidence.pem', 'about the environment'],
    ['another phase', skipAnswer(key, { phase: 'release' }), 'evidence.pem', 'about the phase'],
    ['another endpoint', skipAnswer(key, { endpoint: 'credit' }), 'evidence.pem', 'about the endpoint'],
    ['production', skipAnswer(key, { environment: 'production' }), 'evidence.pem', 'production is never skipped'],
    ['the model, under a key that is not trusted', skipAnswer(key), 'other.pem', 'not signed by an evidence key'],
    ['the model, with other bytes', { ...skipAnswer(key), decision: digestOf('other') }, 'evidence.pem', 'it holds is'],
  ])('does not let through by a statement about %s', async (_, answer, trusted, message) => {
    await expect(gate(answer, '--evidence-key', at(trusted))).rejects.toThrow(message);
  });
});
