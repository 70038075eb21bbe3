import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { LocalDescription } from '../../local/description.ts';
import { ensurePython } from '../../local/python.ts';
import { OF_THE_PIPELINE, storeArtifacts } from './artifacts.ts';
import { enrolEverybody } from './enrol.ts';
import { findAgain, followLineage, verifyOffline } from './inspect.ts';
import { attestationsOf, runPipeline } from './pipeline.ts';
import { enactRules } from './policy.ts';
import { promote } from './promote.ts';
import { tryWhatIsRefused } from './refusals.ts';
import { release } from './release.ts';
import { reviewDataset } from './reviews.ts';
import { Scene } from './scene.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/**
 * Trains a real model on a real data set, with evidence of every stage, and shows what the evidence is good for. Everything
 * goes through the `countersign` command. It may be run again on the same stack: keys and artifacts that are there stay.
 *
 * @param log - told one line per step
 * @param unattended - whether a headless browser approves; otherwise the mails wait for a person
 * @throws Error with the step's name
 */
export async function runExample(
  local: LocalDescription,
  log: (line: string) => void,
  { unattended }: { readonly unattended: boolean },
): Promise<void> {
  const scene = new Scene(local, log);
  const python = await scene.step(
    'Python',
    () => ensurePython(join(ROOT, '.countersign/venv-example'), join(import.meta.dirname, 'requirements.txt'), log),
    () => 'scikit-learn is installed',
  );
  await enrolEverybody(scene);
  const policy = await enactRules(scene);
  const run = await runPipeline(scene, { python, id: newRunId(), commit: await headCommit() });
  const reviews = await reviewDataset(scene);
  const artifacts = await storeArtifacts(scene, 'artifacts', OF_THE_PIPELINE);
  await findAgain(scene, run, reviews);
  await followLineage(scene);
  const promoted = await promote(scene, { python, run, policy });
  await verifyOffline(
    scene,
    [...attestationsOf(run), ...reviews, ...promoted.attestations],
    [...artifacts, ...promoted.artifacts],
    promoted.decisions,
  );
  await tryWhatIsRefused(scene, run);
  if (promoted.image !== undefined) await release(scene, { image: promoted.image, run, unattended });
  log(`keys, results, evidence and receipts are in ${scene.folder}`);
}

function newRunId(): string {
  return `breast-cancer-${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}-${randomBytes(2).toString('hex')}`;
}

/** The commit that the scripts come from; undefined without git or outside a checkout. */
async function headCommit(): Promise<string | undefined> {
  try {
    return (await promisify(execFile)('git', ['rev-parse', '--verify', 'HEAD'], { cwd: ROOT })).stdout.trim();
  } catch {
    return undefined;
  }
}
