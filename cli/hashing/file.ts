import { createHash } from 'node:crypto';
import { constants, type FileHandle, open } from 'node:fs/promises';
import { systemMessage, UsageError } from '../errors.ts';

export interface FileDigest {
  readonly sha256: string;
  readonly size: number;
}

/** Told how many more bytes are done. */
export type OnBytes = (bytes: number) => void;

/** Large reads keep the disk busy and the calls few; two of them, so that one is read while the other is hashed. */
const CHUNK_BYTES = 1024 * 1024;

/**
 * SHA-256 of a file.
 *
 * @throws UsageError when it cannot be read, is no regular file, or is a symbolic link: its target could change unseen
 */
export async function hashFile(path: string, onBytes: OnBytes = () => {}): Promise<FileDigest> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((cause: unknown) =>
    refuse(path, cause),
  );
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new UsageError(`${path} is not a regular file`);
    return await hashHandle(file, onBytes);
  } finally {
    await file.close();
  }
}

async function hashHandle(file: FileHandle, onBytes: OnBytes): Promise<FileDigest> {
  const hash = createHash('sha256');
  let [current, next] = [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)];
  let size = 0;
  let reading = file.read(current, 0, CHUNK_BYTES, size);
  for (;;) {
    const { bytesRead } = await reading;
    if (bytesRead === 0) return { sha256: hash.digest('hex'), size };
    size += bytesRead;
    reading = file.read(next, 0, CHUNK_BYTES, size);
    hash.update(current.subarray(0, bytesRead));
    [current, next] = [next, current];
    onBytes(bytesRead);
  }
}

function refuse(path: string, cause: unknown): never {
  const link = cause instanceof Error && 'code' in cause && cause.code === 'ELOOP';
  throw new UsageError(
    `${path} cannot be read: ${link ? 'it is a symbolic link' : systemMessage(cause)}`,
    undefined,
    cause,
  );
}
