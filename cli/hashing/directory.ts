import { resolve } from 'node:path';
import { DEFAULT_IGNORE_PATHS, type ModelFile, rootDigest } from '../../lib/core/model-signing.ts';
import { UsageError } from '../errors.ts';
import type { OnBytes } from './file.ts';
import { type ListedFile, listFiles, totalSize } from './list.ts';
import { DIGEST_BYTES, type SharedWork } from './share.js';
import { hashTogether } from './threads.ts';

export interface DirectoryOptions {
  /**
   * Threads that hash, the calling one among them; a small directory is not worth more than that one.
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

/** A thread starts in the time that it takes to hash about so much. */
const WORTH_A_THREAD_BYTES = 32 * 1024 * 1024;

/** Digest of a directory: every regular file in it, by its content and name. Symbolic links are refused. */
export async function hashDirectory(directory: string, options: DirectoryOptions = {}): Promise<DirectoryDigest> {
  return await hashListed(directory, listFiles(directory, options.ignore ?? DEFAULT_IGNORE_PATHS), options);
}

/** {@link hashDirectory} of files that were listed already. */
export async function hashListed(
  directory: string,
  listed: readonly ListedFile[],
  { workers = DEFAULT_WORKERS, onBytes = () => {} }: Omit<DirectoryOptions, 'ignore'>,
): Promise<DirectoryDigest> {
  if (listed.length === 0) throw new UsageError(`${directory} holds no files`);
  const size = totalSize(listed);
  const work: SharedWork = {
    directory: resolve(directory),
    paths: listed.map(({ path }) => path),
    next: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
    digests: new Uint8Array(new SharedArrayBuffer(listed.length * DIGEST_BYTES)),
  };
  await hashTogether(work, Math.min(workers, Math.ceil(size / WORTH_A_THREAD_BYTES)), onBytes);
  const digests = Buffer.from(work.digests.buffer);
  const files = work.paths.map((path, index) => ({
    path,
    sha256: digests.toString('hex', index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES),
  }));
  return { sha256: rootDigest(files.map(({ sha256 }) => sha256)), files, size };
}
