import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { DEFAULT_IGNORE_PATHS, type ModelFile, rootDigest } from '../../lib/core/model-signing.ts';
import { UsageError } from '../errors.ts';
import type { OnBytes } from './file.ts';
import { type ListedFile, listFiles } from './list.ts';
import type { Batch, BatchAnswer } from './worker.ts';

export interface DirectoryOptions {
  /**
   * Threads that hash.
   * @default 2
   */
  readonly workers?: number;
  /**
   * Paths that are left out, relative to the directory.
   * @default what OpenSSF Model Signing leaves out: .git and its like at the top
   */
  readonly ignore?: readonly string[];
  readonly onBytes?: OnBytes;
}

export interface DirectoryDigest {
  /** OpenSSF Model Signing v1.0 root: SHA-256 over the files' digests in the order of their names. */
  readonly sha256: string;
  readonly files: readonly ModelFile[];
  readonly size: number;
}

export const DEFAULT_WORKERS = 2;

/** A batch is large enough to be worth a message, and small enough for the threads to end together. */
const BATCH_FILES = 32;
const BATCH_BYTES = 16 * 1024 * 1024;

/** Digest of a directory: every regular file in it, by its content and name. Symbolic links are refused. */
export async function hashDirectory(directory: string, options: DirectoryOptions = {}): Promise<DirectoryDigest> {
  const { workers = DEFAULT_WORKERS, ignore = DEFAULT_IGNORE_PATHS, onBytes } = options;
  const listed = await listFiles(directory, ignore);
  if (listed.length === 0) throw new UsageError(`${directory} holds no files`);
  const files = await hashListed(directory, listed, workers, onBytes);
  const size = listed.reduce((sum, file) => sum + file.size, 0);
  return { sha256: rootDigest(files.map(({ sha256 }) => sha256)), files, size };
}

async function hashListed(
  directory: string,
  listed: readonly ListedFile[],
  workers: number,
  onBytes: OnBytes = () => {},
): Promise<ModelFile[]> {
  const batches = intoBatches(listed);
  const hashed = new Map<ListedFile, ModelFile>();
  const pool = Array.from(
    { length: Math.min(workers, batches.length) },
    () => new Worker(new URL('./worker.ts', import.meta.url)),
  );
  try {
    await Promise.all(
      pool.map(async (worker) => {
        for (let batch = batches.shift(); batch; batch = batches.shift()) {
          for (const [file, sha256] of await hashBatch(worker, resolve(directory), batch)) {
            hashed.set(file, { path: file.path, sha256 });
            onBytes(file.size);
          }
        }
      }),
    );
  } finally {
    await Promise.all(pool.map(async (worker) => await worker.terminate()));
  }
  // In the order of the list, whichever thread was faster.
  return listed.flatMap((file) => hashed.get(file) ?? []);
}

async function hashBatch(worker: Worker, directory: string, files: readonly ListedFile[]) {
  const answer = await ask(worker, { directory, paths: files.map(({ path }) => path) });
  if ('failed' in answer) {
    throw new UsageError(`${join(directory, answer.failed)} cannot be hashed: ${answer.reason}`);
  }
  return files.flatMap((file, index): [ListedFile, string][] => {
    const sha256 = answer.digests[index];
    return sha256 === undefined ? [] : [[file, sha256]];
  });
}

function intoBatches(files: readonly ListedFile[]): ListedFile[][] {
  const batches: ListedFile[][] = [];
  let batch: ListedFile[] = [];
  let bytes = 0;
  for (const file of files) {
    batch.push(file);
    bytes += file.size;
    if (batch.length < BATCH_FILES && bytes < BATCH_BYTES) continue;
    batches.push(batch);
    batch = [];
    bytes = 0;
  }
  return batch.length === 0 ? batches : [...batches, batch];
}

async function ask(worker: Worker, batch: Batch): Promise<BatchAnswer> {
  return await new Promise((resolve, reject) => {
    worker.removeAllListeners();
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a hashing thread ended with code ${code}`)));
    worker.postMessage(batch);
  });
}
