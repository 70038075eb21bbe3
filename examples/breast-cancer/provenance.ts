import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { FILES, type Run } from './pipeline.ts';
import type { Scene } from './scene.ts';

const HERE = import.meta.dirname;

/** What the training ran beside its data. A checkout may differ from its commit; these digests do not. */
const MATERIALS = ['train.py', 'table.py', 'serving/inference.py', 'requirements.txt'].map((file) => join(HERE, file));

/** The part of the training's manifest that its provenance repeats. */
interface Training {
  readonly parameters: object;
  readonly job: { readonly command: readonly string[]; readonly started_at: string; readonly finished_at: string };
}

/** Writes SLSA provenance v1 of the training, from what `countersign run` recorded of it. @returns the file's name */
export async function writeProvenance(scene: Scene, { id, training }: Run, commit: string): Promise<string> {
  const { parameters, job } = manifestIn(scene, training.bundle);
  const file = 'provenance.json';
  scene.write(file, {
    buildDefinition: {
      buildType: 'https://countersign.dev/examples/breast-cancer/training/v1',
      externalParameters: { parameters, script: basename(job.command[1] ?? '') },
      resolvedDependencies: [
        {
          name: 'source',
          digest: { gitCommit: commit },
          annotations: { 'countersign.dev/committer': await committer() },
        },
        ...[FILES.train, ...MATERIALS].map((path) => ({
          name: basename(path),
          digest: { sha256: scene.digest(path) },
        })),
      ],
    },
    runDetails: {
      builder: { id: 'https://countersign.dev/examples/breast-cancer/npm-start' },
      metadata: { invocationId: id, startedOn: utc(job.started_at), finishedOn: utc(job.finished_at) },
    },
  });
  return file;
}

function manifestIn(scene: Scene, bundle: string): Training {
  const { dsseEnvelope } = scene.read<{ dsseEnvelope: { payload: string } }>(bundle);
  return JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString('utf8')).predicate;
}

function utc(time: string): string {
  return new Date(time).toISOString();
}

/** A stable id of who committed. Evidence cannot be erased, so that it holds no address. */
async function committer(): Promise<string> {
  const { stdout } = await promisify(execFile)('git', ['log', '-1', '--format=%ce'], { cwd: HERE });
  return `git-${createHash('sha256').update(stdout.trim()).digest('hex').slice(0, 16)}`;
}
