import { type Dirent, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemMessage, UsageError } from '../errors.ts';

export interface ListedFile {
  /** Relative to the directory, with `/`. */
  readonly path: string;
  readonly size: number;
}

/**
 * Every regular file below a directory, in the code-point order of the paths.
 * Synchronous: a promise for each of thousands of files takes several times as long as the calls themselves.
 *
 * @param ignore - paths relative to the directory that are left out with all below them
 * @throws UsageError for a symbolic link, a device or a socket: what they hold is not in the directory
 */
export function listFiles(directory: string, ignore: readonly string[] = []): ListedFile[] {
  const ignored = new Set(ignore);
  const files: ListedFile[] = [];
  const visit = (below: string): void => {
    for (const entry of entriesOf(join(directory, below))) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (ignored.has(path)) continue;
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile()) files.push({ path, size: sizeOf(join(directory, path)) });
      else throw refused(join(directory, path), entry);
    }
  };
  visit('');
  return files.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

export function totalSize(files: readonly ListedFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (cause) {
    throw new UsageError(`${path} cannot be listed: ${systemMessage(cause)}`, undefined, cause);
  }
}

function sizeOf(path: string): number {
  try {
    return lstatSync(path).size;
  } catch (cause) {
    throw new UsageError(`${path} cannot be listed: ${systemMessage(cause)}`, undefined, cause);
  }
}

function refused(path: string, entry: Dirent): UsageError {
  const what = entry.isSymbolicLink() ? 'a symbolic link' : 'neither a file nor a directory';
  return new UsageError(`${path} is ${what}; a digest over it would not hold its content`, 'replace it by a copy');
}
