import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';

/**
 * `If-None-Match: *` on CopyObject, which S3 honours and the emulator ignores. Copies onto one key follow each other, so
 * that of two at once only one wins.
 */
export class ConditionalCopies {
  readonly #s3: S3Client;
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(s3: S3Client) {
    this.#s3 = s3;
  }

  /**
   * Copies if nothing lies under the key.
   *
   * @returns undefined if something does.
   */
  async copy<T>(bucket: string, key: string, copy: () => Promise<T>): Promise<T | undefined> {
    const target = `${bucket}/${key}`;
    const mine = (this.#last.get(target) ?? Promise.resolve()).then(async () =>
      (await this.#exists(bucket, key)) ? undefined : copy(),
    );
    const settled = mine.catch(() => undefined);
    this.#last.set(target, settled);
    try {
      return await mine;
    } finally {
      if (this.#last.get(target) === settled) this.#last.delete(target);
    }
  }

  async #exists(bucket: string, key: string): Promise<boolean> {
    try {
      await this.#s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === 'NotFound') return false;
      throw error;
    }
  }
}
