import type { IncomingMessage } from 'node:http';
import { ObjectLockRetentionMode, PutObjectRetentionCommand, type S3Client } from '@aws-sdk/client-s3';
import type { WireRequest } from './sigv4.ts';
import { headerValues } from './sigv4.ts';

interface Lock {
  readonly Mode: ObjectLockRetentionMode;
  readonly RetainUntilDate: Date;
}

/**
 * The lock of a multipart upload: S3 takes it from the headers that began the upload and puts it on the version that the
 * completion makes; the emulator forgets it.
 */
export class MultipartLocks {
  readonly #s3: S3Client;
  /** By bucket and key: uploads that race for a key of ours want the same lock. */
  readonly #wanted = new Map<string, Lock>();

  constructor(s3: S3Client) {
    this.#s3 = s3;
  }

  begun(bucket: string, key: string, request: WireRequest): void {
    const [mode] = headerValues(request, 'x-amz-object-lock-mode');
    const [until] = headerValues(request, 'x-amz-object-lock-retain-until-date');
    const known = Object.values(ObjectLockRetentionMode).find((candidate) => candidate === mode);
    if (known === undefined || until === undefined) return;
    this.#wanted.set(`${bucket}/${key}`, { Mode: known, RetainUntilDate: new Date(until) });
  }

  async completed(bucket: string, key: string, answer: IncomingMessage): Promise<void> {
    const lock = this.#wanted.get(`${bucket}/${key}`);
    const version = answer.headers['x-amz-version-id'];
    if (answer.statusCode !== 200 || lock === undefined || typeof version !== 'string') return;
    await this.#s3.send(
      new PutObjectRetentionCommand({ Bucket: bucket, Key: key, VersionId: version, Retention: lock }),
    );
  }
}
