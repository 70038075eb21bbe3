import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, inject, it } from 'vitest';
import { runExample } from '../../examples/breast-cancer/run.ts';
import { callApi } from './support/enrol.ts';

/** More than a hundred processes, each of which starts Node or scikit-learn. */
const TIMEOUT_MS = 600_000;

const IS_CHECKOUT = existsSync(resolve('.git'));

/** Once the gate has refused. Without a commit nothing lets a model through, so that a copy without git ends there. */
const WITH_COMMIT = [
  'provenance',
  'encryption',
  'explanation',
  'serving image',
  'scan',
  'instrumentation',
  'reports',
  'gate with all of it',
  'replay',
  'stricter policy',
  'stricter policy test',
  'what the stricter policy would have decided',
  'approval by its author',
  'approval by another',
  'stricter policy in force',
  'gate by the stricter policy',
  'rollback',
  'gate after the rollback',
  'look-up of decisions',
];

/** The way to the endpoint, with a browser in place of people. */
const RELEASED = [
  'register promoter',
  'add approver-1',
  'add approver-2',
  'promotion',
  'approvers asked',
  'approvals',
  'release',
  'what serves',
];

const STEPS = [
  'Python',
  'activate the evidence key',
  'register training-pipeline',
  'register evaluation-pipeline',
  'register privacy-officer',
  'register model-owner',
  'register platform',
  'register security-scanner',
  'register policy-tests',
  'policy',
  'policy test',
  'policy simulated',
  'policy approved',
  'policy in force',
  'ingest',
  'preprocess',
  'training',
  'thresholds',
  'evaluation',
  'test result',
  'registration',
  'model card',
  'licence review',
  'privacy review',
  'artifacts',
  'look-up by run',
  'look-up by model',
  'look-up by dataset',
  'lineage',
  'gate',
  ...(IS_CHECKOUT ? WITH_COMMIT : []),
  'offline verification',
  'the same statement again',
  'a forged manifest',
  'a privacy review by the training pipeline',
  ...(IS_CHECKOUT ? RELEASED : []),
];

/** What the pipeline does not say of itself, by the rules that want it. */
const MISSING_AT_FIRST = [
  ...(IS_CHECKOUT ? [] : ['commit_recorded', 'manifest_complete']),
  'encryption_at_rest',
  'explainability_report',
  'image_pinned',
  'image_vulnerabilities',
  'instrumentation_attested',
  'training_provenance',
];

describe('the example pipeline', () => {
  const local = inject('local');
  const folder = join(dirname(local.logs), 'example');
  const digest = (file: string) =>
    createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex');

  async function run(): Promise<string[]> {
    const lines: string[] = [];
    await runExample(local, (line) => lines.push(line), { unattended: true });
    return lines;
  }

  it('goes the whole way, and tells each step in one line', { timeout: TIMEOUT_MS }, async () => {
    const lines = await run();
    const told = lines.map((line) => line.split(':')[0]);
    expect(told.filter((name) => STEPS.includes(name ?? ''))).toEqual(STEPS);
    expect(lines.filter((line) => line.includes('\n'))).toEqual([]);
    const refusedBy = (gate: string) => (told.includes(gate) ? refusals(lines.slice(told.indexOf(gate) + 1)) : []);
    expect(refusedBy('gate')).toEqual(MISSING_AT_FIRST.toSorted());
    expect(refusedBy('gate by the stricter policy')).toEqual(IS_CHECKOUT ? ['manifest_complete'] : []);
    const flips = lines.filter((line) => line.startsWith('what the stricter policy would have decided: '));
    // Beside what others decided on the same stack, by policies of their own.
    const flipped = /: of \d+ decisions [1-9]\d* would fail, \d+ would pass, by (.+, )?manifest_complete(,|$)/;
    expect(flips).toEqual(IS_CHECKOUT ? [expect.stringMatching(flipped)] : []);
    expect(lines).toContainEqual(expect.stringMatching(/^ +training_provenance: .*`countersign attest .*`$/));
  });

  it('trains the same model again, beside the first evidence and with the same keys', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const model = digest('model.tar.gz');
    const key = digest('training-pipeline.pem');
    const before = await trainingsOf(model);
    await run();
    expect(digest('model.tar.gz')).toBe(model);
    expect(digest('training-pipeline.pem')).toBe(key);
    const after = await trainingsOf(model);
    expect(after).toHaveLength(before.length + 1);
    expect(after).toEqual(expect.arrayContaining(before));
  });

  it('ends at a step that fails, and names it', { timeout: TIMEOUT_MS }, async () => {
    const file = join(folder, 'evaluation-pipeline.pem');
    const key = readFileSync(file);
    writeFileSync(file, 'no key');
    try {
      await expect(run()).rejects.toThrow(/^register evaluation-pipeline: countersign .*keys prove .*cannot be used/s);
    } finally {
      writeFileSync(file, key);
    }
  });

  it('has a scanner that finds what is in an image, not what is expected', { timeout: TIMEOUT_MS }, async () => {
    const at = mkdtempSync(join(tmpdir(), 'countersign-scan-'));
    const python = resolve('.countersign/venv-example/bin/python');
    const script = (name: string, ...args: readonly string[]) =>
      promisify(execFile)(python, [resolve('examples/breast-cancer', name), ...args], { cwd: at });
    try {
      mkdirSync(join(at, 'numpy-1.16.0.dist-info'));
      writeFileSync(join(at, 'numpy-1.16.0.dist-info/METADATA'), 'Name: numpy\nVersion: 1.16.0\n');
      writeFileSync(join(at, 'numpy-1.16.0.dist-info/RECORD'), 'numpy-1.16.0.dist-info/METADATA,,\n');
      await script('image.py', '--packages', at, '--package', 'numpy', '--image', 'image');
      await script('scan.py', '--image', 'image', '--result', 'scan.json');
      const { scanner } = JSON.parse(readFileSync(join(at, 'scan.json'), 'utf8'));
      expect(scanner.result.map(({ id }: { id: string }) => id)).toEqual(['CVE-2019-6446', 'CVE-2021-41496']);
      const [manifest] = JSON.parse(readFileSync(join(at, 'image/index.json'), 'utf8')).manifests;
      writeFileSync(join(at, 'image/blobs/sha256', manifest.digest.slice('sha256:'.length)), '{}');
      await expect(script('scan.py', '--image', 'image', '--result', 'scan.json')).rejects.toThrow('holds other bytes');
    } finally {
      rmSync(at, { recursive: true });
    }
  });

  interface Listing {
    readonly items: readonly { readonly evidence: string; readonly stage?: string }[];
  }

  /** Rules that the lines right after a gate's own say no of. */
  function refusals(lines: readonly string[]): string[] {
    const end = lines.findIndex((line) => !line.startsWith(' '));
    return lines.slice(0, end).flatMap((line) => /^ +(?:FAIL|\?\?) +(\S+)/.exec(line)?.[1] ?? []);
  }

  async function trainingsOf(model: string): Promise<string[]> {
    // The answer of our own API, whose form is what is relied on here.
    const { items } = (await callApi(local, 'auditor', 'GET', `/v1/models/${model}`)) as Listing;
    return items.filter(({ stage }) => stage === 'training').map(({ evidence }) => evidence);
  }
});
