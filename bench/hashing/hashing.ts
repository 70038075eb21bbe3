import { execFile, spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { hashDirectory } from '../../cli/hashing/directory.ts';
import { hashFile } from '../../cli/hashing/file.ts';
import { ensurePython } from '../../local/python.ts';
import { type Figure, figure, type Target } from '../figure.ts';
import { note } from '../log.ts';
import { ROOT } from '../stack.ts';
import { median } from '../statistics.ts';
import { writeModel, writeNoise } from './files.ts';

const run = promisify(execFile);

const FILE_BYTES = 2_000_000_000;
const MODEL_FILES = 2000;
const MODEL_MEAN_BYTES = 500_000;
const ROUNDS = 7;
const MB = 1_000_000;

/** The agent's hashing beside openssl's and model_signing's: the same files, in the page cache, in turn. */
export async function hashing(scratch: string): Promise<readonly Figure[]> {
  const folder = join(scratch, 'hashing');
  await mkdir(folder);
  try {
    return [...(await oneFile(folder)), ...(await modelDirectory(folder))];
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Seconds of one run, and the digest that it found. */
interface Hashed {
  readonly seconds: number;
  readonly sha256: string;
}

async function oneFile(folder: string): Promise<readonly Figure[]> {
  const path = join(folder, 'large.bin');
  note(`writing ${FILE_BYTES / 1e9} GB`);
  writeNoise(path, FILE_BYTES);
  const ours = () => timed(async () => (await hashFile(path)).sha256);
  // Its start is in its time: some milliseconds of a second or more.
  const openssl = () => timed(async () => (await run('openssl', ['dgst', '-sha256', '-r', path])).stdout.slice(0, 64));
  const [own, peer] = await inTurn([ours, openssl]);
  await rm(path);
  return [speed('hash-2gb', FILE_BYTES, own, 'openssl dgst -sha256', peer, { of: 'ratio', bound: '>=', limit: 0.9 })];
}

async function modelDirectory(folder: string): Promise<readonly Figure[]> {
  const directory = join(folder, 'model');
  note(`writing ${MODEL_FILES} files`);
  writeModel(directory, MODEL_FILES, MODEL_MEAN_BYTES);
  const requirements = join(ROOT, 'test', 'interop', 'requirements', 'evidence.txt');
  const python = await ensurePython(join(ROOT, '.countersign', 'bench-venv'), requirements, note);
  const reference = modelSigning(python, directory);
  try {
    const { size } = await hashDirectory(directory, { workers: 2 });
    const withWorkers = (workers: number) => () =>
      timed(async () => (await hashDirectory(directory, { workers })).sha256);
    const [two, one, theirs] = await inTurn([withWorkers(2), withWorkers(1), reference.digest]);
    const target: Target = { of: 'ratio', bound: '>=', limit: 1.5 };
    return [
      speed('hash-model-two-workers', size, two, 'one worker', one, target),
      speed('hash-model-reference', size, two, 'model_signing', theirs, target),
    ];
  } finally {
    reference.end();
  }
}

/** model_signing in a process that has imported everything already; our threads are started within each run. */
function modelSigning(python: string, directory: string) {
  const child = spawn(python, [join(import.meta.dirname, 'model_signing_digest.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    digest: async (): Promise<Hashed> => {
      child.stdin.write(`${directory}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error('model_signing ended instead of answering');
      const [seconds, sha256 = ''] = String(value).split(' ');
      return { seconds: Number(seconds), sha256 };
    },
    end: () => child.kill(),
  };
}

async function timed(work: () => Promise<string>): Promise<Hashed> {
  const startedAt = performance.now();
  const sha256 = await work();
  return { seconds: (performance.now() - startedAt) / 1000, sha256 };
}

/**
 * Runs the contestants in turn, a warm-up and then the rounds.
 *
 * @returns the median seconds of each
 * @throws Error when they do not find the same digest: then they do not do the same work
 */
async function inTurn(contestants: readonly (() => Promise<Hashed>)[]): Promise<number[]> {
  const seconds: number[][] = contestants.map(() => []);
  const digests = new Set<string>();
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, contestant] of contestants.entries()) {
      const hashed = await contestant();
      digests.add(hashed.sha256);
      if (round > 0) seconds[index]?.push(hashed.seconds);
    }
  }
  if (digests.size !== 1) throw new Error(`the contestants found different digests: ${[...digests].join(', ')}`);
  return seconds.map(median);
}

function speed(
  name: string,
  bytes: number,
  own: number | undefined,
  peerName: string,
  peer: number | undefined,
  target: Target,
): Figure {
  if (own === undefined || peer === undefined) throw new Error(`${name} was not measured`);
  const against = { name: peerName, value: bytes / MB / peer };
  return figure(name, bytes / MB / own, 'MB/s', { against, target });
}
