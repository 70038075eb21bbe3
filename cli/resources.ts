import { SHA256_HEX } from '../lib/core/digest.ts';
import { UsageError } from './errors.ts';
import { DEFAULT_WORKERS } from './hashing/directory.ts';
import { hashDirectoryVisibly, hashFileVisibly, statOf } from './hashing/with-progress.ts';

/** A thing that is named on the command line: by its path, or by a digest that was computed elsewhere. */
export type ResourceSpec =
  | { readonly name: string; readonly path: string }
  | { readonly name: string; readonly sha256: string };

export interface Resource {
  readonly name: string;
  readonly sha256: string;
  readonly media_type?: string;
}

/** Media type of a directory; its digest is the OpenSSF Model Signing root over its files. */
export const DIRECTORY_MEDIA_TYPE = 'inode/directory';

/**
 * Reads `PATH`, `NAME=PATH` or `NAME@sha256:HEX`. A name holds no slash and no equals sign, so that `./a=b` stays a path.
 *
 * @throws UsageError
 */
export function parseResource(text: string): ResourceSpec {
  const [, digestName, sha256] = /^(.+)@sha256:(.*)$/.exec(text) ?? [];
  if (digestName !== undefined && sha256 !== undefined) {
    if (SHA256_HEX.test(sha256)) return { name: digestName, sha256 };
    throw new UsageError(`${text}: after @sha256: come 64 lower-case hexadecimal characters`);
  }
  const [, name, named] = /^([^/=]+)=(.+)$/.exec(text) ?? [];
  const path = named ?? text;
  if (path === '') throw new UsageError('a file or directory must be named');
  return { name: name ?? (path.replace(/\/+$/, '') || path), path };
}

/** Hashes what is named by its path, with a progress bar when it is large. */
export async function resolveResource(spec: ResourceSpec, workers = DEFAULT_WORKERS): Promise<Resource> {
  if ('sha256' in spec) return spec;
  const { name, path } = spec;
  if (!(await statOf(path)).isDirectory()) return { name, sha256: (await hashFileVisibly(path)).sha256 };
  return { name, sha256: (await hashDirectoryVisibly(path, { workers })).sha256, media_type: DIRECTORY_MEDIA_TYPE };
}

export async function resolveResources(specs: readonly ResourceSpec[], workers?: number): Promise<Resource[]> {
  const resources: Resource[] = [];
  // One after another: a directory has threads of its own, and two large files at once only share the disk.
  for (const spec of specs) resources.push(await resolveResource(spec, workers));
  return resources;
}
