import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../cli/errors.ts';
import { hashDirectory } from '../../../cli/hashing/directory.ts';

const MIB = 1024 * 1024;
const FILES = 12;
const FILE_BYTES = 8 * MIB;

let folder = '';
const large = () => join(folder, 'large');
const nameOf = (index: number) => `part-${String(index).padStart(2, '0')}`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-hash-directory-'));
  mkdirSync(large());
  for (let index = 0; index < FILES; index++) {
    writeFileSync(join(large(), nameOf(index)), `content ${index}`);
    // Zeros that take no space: enough to hash for several threads.
    truncateSync(join(large(), nameOf(index)), FILE_BYTES);
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

function expectedFiles() {
  return Array.from({ length: FILES }, (_, index) => {
    const bytes = Buffer.alloc(FILE_BYTES);
    bytes.write(`content ${index}`);
    return { path: nameOf(index), sha256: createHash('sha256').update(bytes).digest('hex') };
  });
}

describe('the digest of a large directory', () => {
  it('holds each file under its own digest, whichever thread hashed it', async () => {
    const files = expectedFiles();
    for (const workers of [1, 2, 3]) {
      expect((await hashDirectory(large(), { workers })).files, `${workers} workers`).toEqual(files);
    }
  });

  it.each([1, 3])('tells of every byte once with %d workers', async (workers) => {
    let told = 0;
    const { size } = await hashDirectory(large(), {
      workers,
      onBytes: (bytes) => {
        told += bytes;
      },
    });
    expect(told).toBe(FILES * FILE_BYTES);
    expect(size).toBe(told);
  });

  it('lets the caller go on with other work meanwhile', async () => {
    let [turns, over] = [0, false];
    const turn = () => {
      turns += 1;
      if (!over) setImmediate(turn);
    };
    const hashing = hashDirectory(large(), { workers: 1 });
    setImmediate(turn);
    await hashing;
    over = true;
    expect(turns).toBeGreaterThan(1);
  });

  it.each([1, 3])('is refused by the name of a file that became a link, with %d workers', async (workers) => {
    const changed = join(large(), nameOf(1));
    const hashing = hashDirectory(large(), { workers });
    // Already listed, not read yet.
    unlinkSync(changed);
    symlinkSync(nameOf(0), changed);
    const failure = await hashing.catch((error: unknown) => error);
    unlinkSync(changed);
    writeFileSync(changed, 'content 1');
    truncateSync(changed, FILE_BYTES);
    expect(failure).toBeInstanceOf(UsageError);
    expect(failure).toHaveProperty('message', expect.stringContaining(`${changed} cannot be hashed`));
  });

  it('is refused with what the caller throws on progress', async () => {
    const stop = new Error('enough');
    const onBytes = () => {
      throw stop;
    };
    await expect(hashDirectory(large(), { workers: 2, onBytes })).rejects.toBe(stop);
  });
});
