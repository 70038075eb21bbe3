import { createCipheriv, randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const CHUNK_BYTES = 8 * 1024 * 1024;

/** Bytes that no file system can keep as a hole or compress away: a cipher's key stream. */
class Noise {
  readonly #cipher = createCipheriv('aes-256-ctr', randomBytes(32), randomBytes(16));
  readonly #zeros = Buffer.alloc(CHUNK_BYTES);

  next(bytes: number): Buffer {
    return this.#cipher.update(this.#zeros.subarray(0, bytes));
  }
}

export function writeNoise(path: string, bytes: number, noise = new Noise()): void {
  const file = openSync(path, 'wx');
  try {
    for (let left = bytes; left > 0; ) {
      left -= writeSync(file, noise.next(Math.min(left, CHUNK_BYTES)));
    }
  } finally {
    closeSync(file);
  }
}

/** A model directory: so many files in folders of a hundred, from small to twice the mean. */
export function writeModel(directory: string, files: number, meanBytes: number): void {
  const noise = new Noise();
  for (let index = 0; index < files; index++) {
    const folder = join(directory, `part-${String(Math.floor(index / 100)).padStart(3, '0')}`);
    mkdirSync(folder, { recursive: true });
    // Sizes repeat every 21 files and are spread evenly around the mean.
    writeNoise(join(folder, `tensor-${index}.bin`), Math.round((meanBytes * (index % 21)) / 10) + 1, noise);
  }
}
