// JavaScript, with its types in share.d.ts: a thread that had to strip types first would take twice as long to start.
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

const CHUNK_BYTES = 1024 * 1024;

export const DIGEST_BYTES = 32;

export function* hashShare({ directory, paths, next, digests }) {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let index = Atomics.add(next, 0, 1); index < paths.length; index = Atomics.add(next, 0, 1)) {
    const path = join(directory, paths[index]);
    try {
      digests.set(yield* digestOf(path, buffer), index * DIGEST_BYTES);
    } catch (error) {
      yield { failed: path, reason: error.message };
      return;
    }
  }
}

/** Synchronous reads: a small file is over before a promise would be. */
function* digestOf(path, buffer) {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    if (!fstatSync(file).isFile()) throw new Error('it is not a regular file');
    const hash = createHash('sha256');
    for (let bytes = readSync(file, buffer); bytes > 0; bytes = readSync(file, buffer)) {
      hash.update(buffer.subarray(0, bytes));
      yield { bytes };
    }
    return hash.digest();
  } finally {
    closeSync(file);
  }
}
