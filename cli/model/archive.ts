import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { extract, pack } from 'tar-stream';
import { DEFAULT_IGNORE_PATHS, type ModelFile, rootDigest } from '../../lib/core/model-signing.ts';
import { CliError, systemMessage, UsageError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { hashListed } from '../hashing/directory.ts';
import { type FileDigest, hashFile, type OnBytes } from '../hashing/file.ts';
import { type ListedFile, listFiles } from '../hashing/list.ts';
import { statOf } from '../hashing/with-progress.ts';
import { progressBar } from '../progress.ts';
import { DIRECTORY_MEDIA_TYPE, parseResource, type Resource } from '../resources.ts';

export interface PackedModel extends FileDigest {
  /** OpenSSF Model Signing root of the directory, and of what the archive was found to hold. */
  readonly root: string;
  readonly files: number;
}

/** tar(5): the same directory gives the same archive, whoever packs it and when. */
const NEUTRAL = { mode: 0o644, uid: 0, gid: 0, uname: '', gname: '', mtime: new Date(0) } as const;

/**
 * Packs a model directory as SageMaker takes it, files at the archive's top. The archive is read back and what it holds is
 * held against the directory: one link between the two digests that nobody has to believe.
 *
 * @throws CliError when the directory changed while it was packed; no archive is left then
 */
export async function packModel(
  directory: string,
  output: string,
  { workers, onBytes = () => {} }: { readonly workers?: number; readonly onBytes?: OnBytes } = {},
): Promise<PackedModel> {
  const listed = listFiles(directory, DEFAULT_IGNORE_PATHS);
  const { sha256: root, files } = await hashListed(directory, listed, workers === undefined ? {} : { workers });
  const partial = `${output}.partial`;
  try {
    await writeArchive(directory, listed, partial, onBytes);
    const held = await archiveRoot(partial);
    if (held !== root) {
      throw new CliError(`${directory} changed while it was packed`, ExitCode.REFUSED, {
        hint: 'pack it when nothing writes to it',
      });
    }
    await rename(partial, output);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  return { ...(await hashFile(output)), root, files: files.length };
}

async function writeArchive(
  directory: string,
  files: readonly ListedFile[],
  output: string,
  onBytes: OnBytes,
): Promise<void> {
  const archive = pack();
  const written = pipeline(archive, createGzip(), createWriteStream(output));
  const entries = async () => {
    for (const { path, size } of files) {
      const source = createReadStream(join(directory, path));
      source.on('data', (chunk) => onBytes(chunk.length));
      await pipeline(source, archive.entry({ ...NEUTRAL, name: path, size }));
    }
    archive.finalize();
  };
  await Promise.all([
    written,
    entries().catch((error: unknown) => {
      archive.destroy(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }),
  ]);
}

/**
 * OpenSSF Model Signing root of what a tar.gz holds, from a stream: nothing is written to disk.
 *
 * @throws UsageError for an archive with links, devices, paths that lead out of it, or one name twice
 */
export async function archiveRoot(path: string, onBytes: OnBytes = () => {}): Promise<string> {
  const files = new Map<string, ModelFile>();
  const entries = extract();
  const source = createReadStream(path);
  source.on('data', (chunk) => onBytes(chunk.length));
  const reading = pipeline(source, createGunzip(), entries);
  const collecting = (async () => {
    for await (const entry of entries) {
      const file = await entryDigest(path, entry.header.type ?? 'file', entry.header.name, entry);
      if (file === undefined) continue;
      if (files.has(file.path)) throw new UsageError(`${path} holds ${file.path} twice`);
      files.set(file.path, file);
    }
  })();
  await Promise.all([reading, collecting]).catch((error: unknown) => {
    if (error instanceof CliError) throw error;
    throw new UsageError(`${path} is not a tar.gz that can be read: ${systemMessage(error)}`, undefined, error);
  });
  if (files.size === 0) throw new UsageError(`${path} holds no files`);
  const ordered = [...files.values()].toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  return rootDigest(ordered.map(({ sha256 }) => sha256));
}

async function entryDigest(
  archive: string,
  type: string,
  rawName: string,
  entry: AsyncIterable<unknown>,
): Promise<ModelFile | undefined> {
  const hash = createHash('sha256');
  // Read to its end whatever it is: the next entry comes after that.
  for await (const chunk of entry) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('tar-stream gave something else than bytes');
    hash.update(chunk);
  }
  if (type === 'directory') return undefined;
  if (type !== 'file' && type !== 'contiguous-file') throw new UsageError(`${archive} holds a ${type}, ${rawName}`);
  const path = rawName.replace(/^(\.\/)+/, '');
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    throw new UsageError(`${archive} holds ${JSON.stringify(rawName)}, which leads out of it`);
  }
  const ignored = DEFAULT_IGNORE_PATHS.some((ignore) => path === ignore || path.startsWith(`${ignore}/`));
  return ignored ? undefined : { path, sha256: hash.digest('hex') };
}

interface UnpackedOptions {
  readonly model?: string;
  readonly unpacked?: boolean;
}

/**
 * For `--unpacked`: the archive that `--model` names; undefined when the option is not given.
 *
 * @throws UsageError when there is nothing to look into
 */
export function unpackedSource({ model, unpacked }: UnpackedOptions): { name: string; path: string } | undefined {
  if (!unpacked) return undefined;
  const spec = model === undefined ? undefined : parseResource(model);
  if (spec && 'path' in spec) return spec;
  throw new UsageError('--unpacked needs --model with the path of a tar.gz');
}

/** For `--unpacked`: the second digest of the model, from what its archive holds. */
export async function unpackedRoot(options: UnpackedOptions): Promise<Resource | undefined> {
  const source = unpackedSource(options);
  if (source === undefined) return undefined;
  const { name, path } = source;
  const bar = progressBar(`unpacking ${path}`, (await statOf(path)).size);
  const sha256 = await archiveRoot(path, bar.add).finally(() => bar.stop());
  return { name: `${name} (unpacked)`, sha256, media_type: DIRECTORY_MEDIA_TYPE };
}
