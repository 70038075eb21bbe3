import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { catalogOf, rootsOf } from './catalog.ts';
import { ENTRYPOINT, revisionOf, sources } from './files.ts';
import type { Opa } from './opa.ts';

/** Members of a policy bundle by their paths in it. */
export type Members = ReadonlyMap<string, Uint8Array>;

export const COMPILED = 'policy.wasm';

/**
 * Compiles the policy bundle: the sources as they are written, the data of all rules in one document, the compiled policy.
 *
 * `opa build -t wasm` takes the entrypoint's source out of its bundle and names the compiled policy in the manifest, which an
 * OPA without a WebAssembly engine refuses. Ours keeps the source and leaves the name out, so that any OPA can evaluate the same
 * bundle and a reader finds the whole text.
 *
 * @param files - by path: Rego anywhere, JSON in `data`
 * @throws when OPA refuses the sources, or the METADATA of a rule is not whole
 */
export async function compile(opa: Opa, files: ReadonlyMap<string, Buffer> = sources()): Promise<Members> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-policies-'));
  try {
    const rego = new Map([...files].filter(([path]) => path.endsWith('.rego')));
    await writeMembers(folder, rego);
    const inspected: unknown = JSON.parse(await opa(folder, ['inspect', '--annotations', '--format', 'json', '.']));
    const uncompiled = new Map([
      ['.manifest', json({ revision: revisionOf(files), roots: rootsOf(inspected), rego_version: 1 })],
      ['data.json', json({ countersign: { catalog: catalogOf(inspected), config: configOf(files) } })],
      ...rego,
    ]);
    await writeMembers(folder, uncompiled);
    // The folder is named by a dot, because its path would be compiled in.
    const output = ['--output', 'built.tar.gz'];
    await opa(folder, ['build', '--bundle', '.', '--target', 'wasm', '--entrypoint', ENTRYPOINT, ...output]);
    return new Map<string, Uint8Array>([...uncompiled, [COMPILED, await compiledIn(join(folder, 'built.tar.gz'))]]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Writes files into a folder by their paths. */
export async function writeMembers(folder: string, members: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [path, bytes] of members) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
}

/** Each file of `data/` under its name, which is what rules import it by. */
function configOf(files: ReadonlyMap<string, Buffer>): Record<string, unknown> {
  const data = [...files].filter(([path]) => path.startsWith('data/'));
  return Object.fromEntries(data.map(([path, bytes]) => [basename(path, '.json'), JSON.parse(bytes.toString('utf8'))]));
}

function json(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}

async function compiledIn(archive: string): Promise<Buffer> {
  const entries = createReadStream(archive).pipe(createGunzip()).pipe(extract());
  for await (const entry of entries) {
    if (entry.header.name === `/${COMPILED}`) return await buffer(entry);
    entry.resume();
  }
  throw new Error(`opa build wrote no ${COMPILED}`);
}
