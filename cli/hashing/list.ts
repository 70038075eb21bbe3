import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemMessage, UsageError } from '../errors.ts';

export interface ListedFile {
  /** Relative to the directory, with `/`. */
  readonly path: string;
  readonly size: number;
}

/**
 * Every regular file below a directory, in the code-point order of the paths.
 *
 * @param ignore - paths relative to the directory that are left out with all below them
 * @throws UsageError for a symbolic link, a device or a socket: what they hold is not in the directory
 */
export async function listFiles(directory: string, ignore: readonly string[] = []): Promise<ListedFile[]> {
  const ignored = new Set(ignore);
  const files: ListedFile[] = [];
  const visit = async (below: string): Promise<void> => {
    const here = join(directory, below);
    const entries: Dirent[] = await readdir(here, { withFileTypes: true }).catch((cause: unknown) => {
      throw new UsageError(`${here} cannot be listed: ${systemMessage(cause)}`, undefined, cause);
    });
    // All of one directory at the same time: thousands of small files are waited for together.
    await Promise.all(
      entries.map(async (entry) => {
        const path = below === '' ? entry.name : `${below}/${entry.name}`;
        if (ignored.has(path)) return;
        if (entry.isDirectory()) await visit(path);
        else if (entry.isFile()) files.push({ path, size: (await lstat(join(directory, path))).size });
        else throw refused(join(directory, path), entry);
      }),
    );
  };
  await visit('');
  return files.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

function refused(path: string, entry: Dirent): UsageError {
  const what = entry.isSymbolicLink() ? 'a symbolic link' : 'neither a file nor a directory';
  return new UsageError(`${path} is ${what}; a digest over it would not hold its content`, 'replace it by a copy');
}
