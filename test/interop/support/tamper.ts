import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseBundle } from '../../../lib/core/bundle.ts';
import { parseStrictJson } from '../../../lib/core/json.ts';

/** The part of an envelope in which a bit is flipped. */
export type Part = 'payload' | 'sig';

/**
 * Copies a bundle with one bit flipped inside the decoded payload or signature, so that everything still parses and only
 * the signature can tell.
 *
 * @returns the copy's file
 */
export async function flipBit(bundle: string, part: Part, folder: string): Promise<string> {
  const text = await readFile(bundle, 'utf8');
  const { payload, signature } = parseBundle(parseStrictJson(Buffer.from(text)));
  const bytes = part === 'payload' ? payload : signature;
  const before = bytes.toString('base64');
  // The last hexadecimal digit of a digest, or the last byte of s: no length, no quote and no brace is hit.
  const at = part === 'payload' ? payload.indexOf('"}') - 1 : signature.length - 1;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  if (text.split(before).length !== 2) throw new Error(`${bundle} holds its ${part} not exactly once`);
  const copy = join(folder, `flipped-${part}.sigstore.json`);
  await writeFile(copy, text.replace(before, bytes.toString('base64')));
  return copy;
}
