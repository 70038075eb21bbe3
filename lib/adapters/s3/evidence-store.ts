import {
  GetObjectCommand,
  HeadObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  PutObjectRetentionCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { EvidenceStore, PutOptions, StoredObject } from '../../app/ports.ts';
import type { RetentionPolicy } from '../../contracts/env.ts';
import { sha256 } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import { statusOf, unavailable } from '../failures.ts';

export interface EvidenceStoreConfig {
  readonly client: S3Client;
  readonly bucket: string;
  readonly mode: RetentionPolicy['mode'];
}

/** Two conditional writes that meet are answered 409; the loser asks again and is told 412. */
const MAX_CONFLICTS = 5;

/** The evidence bucket. The bucket policy refuses what this adapter does not send: If-None-Match and the lock. */
export function s3EvidenceStore({ client, bucket, mode }: EvidenceStoreConfig): EvidenceStore {
  async function putOnce(key: string, bytes: Uint8Array, options: PutOptions): Promise<string | undefined> {
    for (let conflicts = 0; ; conflicts++) {
      try {
        const answer = await client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: bytes,
            ContentType: options.contentType,
            IfNoneMatch: '*',
            ChecksumAlgorithm: 'SHA256',
            ChecksumSHA256: sha256(bytes).toString('base64'),
            ObjectLockMode: mode,
            ObjectLockRetainUntilDate: options.retainUntil,
            Metadata: { ...options.metadata },
          }),
        );
        if (answer.VersionId === undefined) throw new Error(`the bucket ${bucket} is not versioned`);
        return answer.VersionId;
      } catch (error) {
        const status = statusOf(error);
        if (status === 412) return undefined;
        if (status !== 409 || conflicts >= MAX_CONFLICTS) unavailable('S3', error);
        // Jitter, or the two meet again.
        await new Promise((resolve) => setTimeout(resolve, 20 * 2 ** conflicts * (0.5 + Math.random())));
      }
    }
  }

  async function read(key: string, versionId?: string): Promise<StoredObject | undefined> {
    try {
      const answer = await client.send(
        new GetObjectCommand({
          Bucket: bucket,
          Key: key,
          ...(versionId === undefined ? {} : { VersionId: versionId }),
        }),
      );
      if (!answer.Body || answer.VersionId === undefined || !answer.ObjectLockRetainUntilDate || !answer.LastModified) {
        throw new DomainError('INTEGRITY_FAILURE', `${key} has no body, version or lock`);
      }
      return {
        bytes: Buffer.from(await answer.Body.transformToByteArray()),
        versionId: answer.VersionId,
        retainUntil: answer.ObjectLockRetainUntilDate,
        lastModified: answer.LastModified,
        metadata: answer.Metadata ?? {},
      };
    } catch (error) {
      if (error instanceof NoSuchKey || statusOf(error) === 404) return undefined;
      return unavailable('S3', error);
    }
  }

  async function extendRetention(key: string, versionId: string, until: Date): Promise<Date> {
    try {
      await client.send(
        new PutObjectRetentionCommand({
          Bucket: bucket,
          Key: key,
          VersionId: versionId,
          Retention: { Mode: mode, RetainUntilDate: until },
          ChecksumAlgorithm: 'SHA256',
        }),
      );
      return until;
    } catch (error) {
      // S3 refuses to shorten a lock as it refuses a missing permission. Of two that extend at once, the later may ask for less.
      const held = statusOf(error) === 403 ? await lockedUntil(key, versionId) : undefined;
      return held !== undefined && held >= until ? held : unavailable('S3', error);
    }
  }

  async function lockedUntil(key: string, versionId: string): Promise<Date | undefined> {
    try {
      const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }));
      return head.ObjectLockRetainUntilDate;
    } catch (error) {
      return unavailable('S3', error);
    }
  }

  return { putOnce, read, extendRetention };
}
