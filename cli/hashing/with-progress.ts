import { lstat } from 'node:fs/promises';
import { systemMessage, UsageError } from '../errors.ts';
import { progressBar } from '../progress.ts';
import { type DirectoryDigest, type DirectoryOptions, hashDirectory } from './directory.ts';
import { type FileDigest, hashFile } from './file.ts';
import { listFiles } from './list.ts';

/** {@link hashFile} with a progress bar when the file is large. */
export async function hashFileVisibly(path: string): Promise<FileDigest> {
  const { size } = await statOf(path);
  const bar = progressBar(`hashing ${path}`, size);
  return await hashFile(path, bar.add).finally(() => bar.stop());
}

/** {@link hashDirectory} with a progress bar when there is much in it. */
export async function hashDirectoryVisibly(path: string, options: DirectoryOptions = {}): Promise<DirectoryDigest> {
  const bar = progressBar(`hashing ${path}`, await directorySize(path, options.ignore));
  return await hashDirectory(path, { ...options, onBytes: bar.add }).finally(() => bar.stop());
}

/** Bytes in a directory's files. */
export async function directorySize(path: string, ignore?: readonly string[]): Promise<number> {
  return listFiles(path, ignore).reduce((sum, { size }) => sum + size, 0);
}

/** @throws UsageError */
export async function statOf(path: string) {
  return await lstat(path).catch((cause: unknown) => {
    throw new UsageError(`${path} cannot be read: ${systemMessage(cause)}`, undefined, cause);
  });
}
