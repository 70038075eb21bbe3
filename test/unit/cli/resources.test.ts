import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../cli/errors.ts';
import { hashDirectory } from '../../../cli/hashing/directory.ts';
import { hashFile } from '../../../cli/hashing/file.ts';
import { parseResource, resolveResource } from '../../../cli/resources.ts';
import { rootDigest } from '../../../lib/core/model-signing.ts';

const HEX = 'a'.repeat(64);
const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');

let folder = '';
const at = (...parts: string[]) => join(folder, ...parts);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-hashing-'));
  mkdirSync(at('model', 'sub'), { recursive: true });
  mkdirSync(at('model', '.git'));
  writeFileSync(at('model', '.git', 'HEAD'), 'ref');
  writeFileSync(at('model', 'sub', 'b'), 'two');
  // Code points order "\u{1f600}" after "\uffee"; UTF-16, in which JavaScript compares, the other way round.
  writeFileSync(at('model', '\u{1f600}'), 'emoji');
  writeFileSync(at('model', '\uffee'), 'circle');
  writeFileSync(at('model', 'sub-a'), 'one');
  mkdirSync(at('many'));
  for (let index = 0; index < 100; index++) writeFileSync(at('many', `f${index}`), `content ${index}`);
  mkdirSync(at('linked'));
  writeFileSync(at('linked', 'target'), 'x');
  symlinkSync('target', at('linked', 'link'));
  mkdirSync(at('empty'));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('a resource on the command line', () => {
  it.each([
    ['model/', { name: 'model', path: 'model/' }],
    ['train=data/train.csv', { name: 'train', path: 'data/train.csv' }],
    ['./a=b', { name: './a=b', path: './a=b' }],
    [`credit@sha256:${HEX}`, { name: 'credit', sha256: HEX }],
  ])('%s is read', (text, expected) => {
    expect(parseResource(text)).toEqual(expected);
  });

  it.each(['', 'credit@sha256:', `credit@sha256:${HEX.toUpperCase()}`])('%j is refused', (text) => {
    expect(() => parseResource(text)).toThrow(UsageError);
  });

  it('is hashed as a file, as a directory, or not at all', async () => {
    expect(await resolveResource(parseResource(`one=${at('model', 'sub-a')}`))).toEqual({
      name: 'one',
      sha256: sha256('one'),
    });
    expect(await resolveResource(parseResource(at('model')))).toMatchObject({ media_type: 'inode/directory' });
    expect(await resolveResource(parseResource(`credit@sha256:${HEX}`))).toEqual({ name: 'credit', sha256: HEX });
  });
});

describe('the digest of a file', () => {
  it.each([0, 1, 1024 * 1024, 2 * 1024 * 1024 + 1])('is right for %d bytes', async (size) => {
    const bytes = Buffer.alloc(size, 'countersign');
    writeFileSync(at('sized'), bytes);
    let told = 0;
    const digest = await hashFile(at('sized'), (count) => {
      told += count;
    });
    expect(digest).toEqual({ sha256: sha256(bytes), size });
    expect(told).toBe(size);
  });

  it.each([
    ['a symbolic link', ['linked', 'link']],
    ['a directory', ['model']],
    ['nothing', ['nothing']],
  ])('is refused for %s', async (_what, parts) => {
    await expect(hashFile(at(...parts))).rejects.toBeInstanceOf(UsageError);
  });
});

describe('the digest of a directory', () => {
  it('is the model signing root, in the order of code points, without .git', async () => {
    const { files, sha256: root, size } = await hashDirectory(at('model'));
    expect(files).toEqual([
      { path: 'sub-a', sha256: sha256('one') },
      { path: 'sub/b', sha256: sha256('two') },
      { path: '\uffee', sha256: sha256('circle') },
      { path: '\u{1f600}', sha256: sha256('emoji') },
    ]);
    expect(root).toBe(rootDigest(files.map((file) => file.sha256)));
    expect(size).toBe(17);
  });

  it('is the same for any number of threads', async () => {
    const digests = await Promise.all([1, 2, 5].map(async (workers) => await hashDirectory(at('many'), { workers })));
    expect(new Set(digests.map((digest) => digest.sha256)).size).toBe(1);
    expect(digests[0]?.files).toHaveLength(100);
  });

  it.each([
    ['a symbolic link in it', 'linked'],
    ['nothing in it', 'empty'],
    ['no such directory', 'nothing'],
  ])('is refused with %s', async (_what, name) => {
    await expect(hashDirectory(at(name))).rejects.toBeInstanceOf(UsageError);
  });

  it('is refused when a file cannot be read any more', async () => {
    // The last one, taken away when the first are hashed.
    const onBytes = () => rmSync(at('many', 'f99'), { force: true });
    const reading = hashDirectory(at('many'), { workers: 1, onBytes });
    await expect(reading).rejects.toThrow(/f99/);
    writeFileSync(at('many', 'f99'), 'content 99');
  });
});
