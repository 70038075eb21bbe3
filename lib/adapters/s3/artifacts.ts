import {
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { ArtifactStore, Clock, PutOptions, SignedRequest } from '../../app/ports.ts';
import { objectKey } from '../../core/layout.ts';
import { statusOf, unavailable } from '../failures.ts';
import type { EvidenceStoreConfig } from './evidence-store.ts';

/** Long enough for 5 GB over a slow line, shorter than the function's own credentials live. */
export const UPLOAD_SECONDS = 3600;

/** The bytes that a GetObject answers, as they come. */
export async function streamObject(client: S3Client, input: GetObjectCommandInput): Promise<AsyncIterable<Uint8Array>> {
  const { Body } = await client.send(new GetObjectCommand(input)).catch((error) => unavailable('S3', error));
  if (!Body || !(Symbol.asyncIterator in Body)) throw new Error('S3 answered without a body');
  return Body;
}

export function s3Artifacts({ client, bucket, mode }: EvidenceStoreConfig, clock: Clock): ArtifactStore {
  return {
    async head(sha256) {
      try {
        const answer = await client.send(
          new HeadObjectCommand({ Bucket: bucket, Key: objectKey.artifact(sha256), ChecksumMode: 'ENABLED' }),
        );
        if (answer.VersionId === undefined || !answer.ObjectLockRetainUntilDate)
          throw new Error(`${sha256} has no version or lock`);
        // A composite checksum (multipart) reads `<base64>-<parts>` and is not the digest of the bytes.
        const whole = answer.ChecksumSHA256?.includes('-') ? undefined : answer.ChecksumSHA256;
        return {
          versionId: answer.VersionId,
          size: answer.ContentLength ?? 0,
          contentType: answer.ContentType ?? 'application/octet-stream',
          sha256: whole === undefined ? undefined : Buffer.from(whole, 'base64').toString('hex'),
          retainUntil: answer.ObjectLockRetainUntilDate,
        };
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        return unavailable('S3', error);
      }
    },

    async presignPut(sha256: string, options: PutOptions): Promise<SignedRequest> {
      const checksum = Buffer.from(sha256, 'hex').toString('base64');
      const until = options.retainUntil.toISOString();
      const headers = {
        'content-type': options.contentType,
        'if-none-match': '*',
        'x-amz-checksum-sha256': checksum,
        'x-amz-sdk-checksum-algorithm': 'SHA256',
        'x-amz-object-lock-mode': mode,
        'x-amz-object-lock-retain-until-date': until,
      };
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: objectKey.artifact(sha256),
        ContentType: options.contentType,
        IfNoneMatch: '*',
        ChecksumAlgorithm: 'SHA256',
        ChecksumSHA256: checksum,
        ObjectLockMode: mode,
        ObjectLockRetainUntilDate: options.retainUntil,
      });
      const url = await getSignedUrl(client, command, {
        expiresIn: UPLOAD_SECONDS,
        // As headers, not as query parameters: S3 holds them against the body and the lock only there.
        signableHeaders: new Set([...Object.keys(headers), 'host']),
        unhoistableHeaders: new Set(Object.keys(headers)),
      });
      return { url, headers, expires_at: new Date(clock().getTime() + UPLOAD_SECONDS * 1000).toISOString() };
    },

    async stream(sha256, versionId, start, end) {
      const Range = `bytes=${start}-${end - 1}`;
      return await streamObject(client, {
        Bucket: bucket,
        Key: objectKey.artifact(sha256),
        VersionId: versionId,
        Range,
      });
    },
  };
}
