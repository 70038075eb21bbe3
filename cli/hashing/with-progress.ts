import { lstat } from 'node:fs/promises';
import { DEFAULT_IGNORE_PATHS } from '../../lib/core/model-signing.ts';
import { systemMessage, UsageError } from '../errors.ts';
import { progressBar } from '../progress.ts';
import { type DirectoryDigest, type DirectoryOptions, hashListed } from './directory.ts';
import { type FileDigest, hashFile } from './file.ts';
import { listFiles, totalSize } from './list.ts';

/** {@link hashFile} with a progress bar when the file is large. */
export async function hashFileVisibly(path: string): Promise<FileDigest> {
  const { size } = await statOf(path);
  const bar = progressBar(`hashing ${path}`, size);
  return await hashFile(path, bar.add).finally(() => bar.stop());
}

/** Digest of a directory, with a progress bar when there is much in it. */
export async function hashDirectoryVisibly(path: string, options: DirectoryOptions = {}): Promise<DirectoryDigest> {
  const listed = listFiles(path, options.ignore ?? DEFAULT_IGNORE_PATHS);
  const bar = progressBar(`hashing ${path}`, totalSize(listed));
  return await hashListed(path, listed, { ...options, onBytes: bar.add }).finally(() => bar.stop());
}

/** @throws UsageError */
export async function statOf(path: string) {
  return await lstat(path).catch((cause: unknown) => {
    throw new UsageError(`${path} cannot be read: ${systemMessage(cause)}`, undefined, cause);
  });
}
