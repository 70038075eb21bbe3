import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { runExample } from '../../examples/breast-cancer/run.ts';
import { callApi } from './support/enrol.ts';

/** Some sixty processes, each of which starts Node or scikit-learn. */
const TIMEOUT_MS = 600_000;

const STEPS = [
  'Python',
  'activate the evidence key',
  'register training-pipeline',
  'register evaluation-pipeline',
  'register privacy-officer',
  'ingest',
  'preprocess',
  'training',
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
  'offline verification',
  'the same statement again',
  'a forged manifest',
  'a privacy review by the training pipeline',
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
    await runExample(local, (line) => lines.push(line));
    return lines;
  }

  it('goes the whole way, and tells each step in one line', { timeout: TIMEOUT_MS }, async () => {
    const lines = await run();
    const told = lines.map((line) => line.split(':')[0]);
    expect(told.filter((name) => STEPS.includes(name ?? ''))).toEqual(STEPS);
    expect(lines.filter((line) => line.includes('\n'))).toEqual([]);
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

  interface Listing {
    readonly items: readonly { readonly evidence: string; readonly stage?: string }[];
  }

  async function trainingsOf(model: string): Promise<string[]> {
    // The answer of our own API, whose form is what is relied on here.
    const { items } = (await callApi(local, 'auditor', 'GET', `/v1/models/${model}`)) as Listing;
    return items.filter(({ stage }) => stage === 'training').map(({ evidence }) => evidence);
  }
});
