import { readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

/** tar(5): the same members give the same archive, whoever packs it and when. */
const NEUTRAL = { mode: 0o644, uid: 0, gid: 0, uname: '', gname: '', mtime: new Date(0) } as const;

/**
 * Packs a folder of members (`.manifest`, Rego, data.json, policy.wasm) as a policy bundle.
 *
 * @returns tar.gz; the same for the same members under the same Node.js, whose zlib decides
 */
export async function packPolicyBundle(folder: string): Promise<Buffer> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).split(sep).join('/'))
    .map((name) => name.replace(/^\/+/, ''))
    .toSorted();
  const archive = pack();
  for (const name of names) archive.entry({ ...NEUTRAL, name: `/${name}` }, await readFile(join(folder, name)));
  archive.finalize();
  return gzipSync(await buffer(archive), { level: 9 });
}
