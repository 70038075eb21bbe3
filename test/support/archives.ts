import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';

/** The members of a policy bundle by their paths in it. */
export async function membersOf(archive: Buffer): Promise<ReadonlyMap<string, Buffer>> {
  const entries = extract();
  entries.end(gunzipSync(archive));
  const members = new Map<string, Buffer>();
  for await (const entry of entries) members.set(entry.header.name.replace(/^\//, ''), await buffer(entry));
  return members;
}

/** The compiled policy of a policy bundle. */
export async function wasmIn(archive: Buffer): Promise<Buffer> {
  return (await membersOf(archive)).get('policy.wasm') ?? Buffer.alloc(0);
}
