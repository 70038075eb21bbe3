import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';

/** Files for one worker; `directory` is theirs in common. */
export interface Batch {
  readonly directory: string;
  readonly paths: readonly string[];
}

export type BatchAnswer =
  | { readonly digests: readonly string[] }
  | { readonly failed: string; readonly reason: string };

const CHUNK_BYTES = 1024 * 1024;
const buffer = Buffer.allocUnsafe(CHUNK_BYTES);

/** Synchronous reads: the thread has nothing else to do, and small files are over before a promise would be. */
function digest(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    if (!fstatSync(file).isFile()) throw new Error('it is not a regular file');
    const hash = createHash('sha256');
    for (let size = readSync(file, buffer); size > 0; size = readSync(file, buffer))
      hash.update(buffer.subarray(0, size));
    return hash.digest('hex');
  } finally {
    closeSync(file);
  }
}

function answer({ directory, paths }: Batch): BatchAnswer {
  const digests: string[] = [];
  for (const path of paths) {
    try {
      digests.push(digest(join(directory, path)));
    } catch (error) {
      return { failed: path, reason: error instanceof Error ? error.message : String(error) };
    }
  }
  return { digests };
}

parentPort?.on('message', (batch: Batch) => parentPort?.postMessage(answer(batch)));
