import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../cli/errors.ts';
import { hashDirectory } from '../../../cli/hashing/directory.ts';
import { archiveRoot, packModel, unpackedRoot } from '../../../cli/model/archive.ts';

let folder = '';
const at = (...parts: string[]) => join(folder, ...parts);

type Entry = readonly [name: string, content: string, type?: 'symlink' | 'directory'];

async function tarGz(entries: readonly Entry[]): Promise<string> {
  const archive = pack();
  for (const [name, content, type] of entries) {
    if (type === 'symlink') archive.entry({ name, type, linkname: content });
    else if (type === 'directory') archive.entry({ name, type });
    else archive.entry({ name }, content);
  }
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) if (chunk instanceof Uint8Array) chunks.push(chunk);
  writeFileSync(at('made.tar.gz'), gzipSync(Buffer.concat(chunks)));
  return at('made.tar.gz');
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-archive-'));
  mkdirSync(at('model', 'code'), { recursive: true });
  writeFileSync(at('model', 'model.bin'), 'weights');
  writeFileSync(at('model', 'code', 'inference.py'), 'def handler(): ...');
  writeFileSync(at('model', `${'long-name-'.repeat(15)}.txt`), 'more than tar holds in a header');
  writeFileSync(at('model', '.gitignore'), 'ignored');
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('a packed model', () => {
  it('holds what the directory holds, under both digests', async () => {
    const packed = await packModel(at('model'), at('model.tar.gz'));
    const { sha256: root } = await hashDirectory(at('model'));
    expect(packed).toMatchObject({ root, files: 3 });
    expect(await archiveRoot(at('model.tar.gz'))).toBe(root);
    expect(await unpackedRoot({ model: `credit=${at('model.tar.gz')}`, unpacked: true })).toEqual({
      name: 'credit (unpacked)',
      sha256: root,
      media_type: 'inode/directory',
    });
  });

  it('is the same bytes whenever it is packed', async () => {
    const { sha256 } = await packModel(at('model'), at('first.tar.gz'));
    utimesSync(at('model', 'model.bin'), new Date(0), new Date(1e9));
    expect((await packModel(at('model'), at('second.tar.gz'))).sha256).toBe(sha256);
    expect(readFileSync(at('first.tar.gz')).equals(readFileSync(at('second.tar.gz')))).toBe(true);
  });

  it('is not left behind when it cannot be made', async () => {
    await expect(packModel(at('nothing'), at('nothing.tar.gz'))).rejects.toBeInstanceOf(UsageError);
    expect(() => readFileSync(at('nothing.tar.gz.partial'))).toThrow();
  });
});

describe('the root of an archive', () => {
  it('does not depend on how tar wrote the names, or on what is no part of a model', async () => {
    const names = ['./a', './sub/b', './.git/HEAD'];
    const root = await archiveRoot(
      await tarGz([['./', '', 'directory'], ...names.map((name): Entry => [name, name.slice(2)])]),
    );
    mkdirSync(at('same', 'sub'), { recursive: true });
    writeFileSync(at('same', 'a'), 'a');
    writeFileSync(at('same', 'sub', 'b'), 'sub/b');
    expect(root).toBe((await hashDirectory(at('same'))).sha256);
  });

  it.each([
    ['a symbolic link', [['link', '/etc/passwd', 'symlink']]],
    ['a path that leads out', [['../evil', 'x']]],
    ['an absolute path', [['/etc/evil', 'x']]],
    [
      'one name twice',
      [
        ['a', '1'],
        ['./a', '2'],
      ],
    ],
    ['nothing', []],
  ] satisfies [string, Entry[]][])('is refused for %s', async (_what, entries) => {
    await expect(archiveRoot(await tarGz(entries))).rejects.toBeInstanceOf(UsageError);
  });

  it('is refused for what is no tar.gz, or half of one', async () => {
    writeFileSync(at('text.tar.gz'), 'hello');
    await expect(archiveRoot(at('text.tar.gz'))).rejects.toBeInstanceOf(UsageError);
    await packModel(at('model'), at('whole.tar.gz'));
    const whole = readFileSync(at('whole.tar.gz'));
    writeFileSync(at('half.tar.gz'), whole.subarray(0, whole.length / 2));
    await expect(archiveRoot(at('half.tar.gz'))).rejects.toBeInstanceOf(UsageError);
  });

  it('is not asked of a digest that was given', async () => {
    await expect(unpackedRoot({ model: `m@sha256:${'a'.repeat(64)}`, unpacked: true })).rejects.toBeInstanceOf(
      UsageError,
    );
    expect(await unpackedRoot({ model: 'm.tar.gz' })).toBeUndefined();
  });
});
