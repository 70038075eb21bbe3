import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Clock, PutOptions, StagedObject, StagedUpload, StagingStore } from '../../app/ports.ts';
import { DomainError } from '../../core/errors.ts';
import { objectKey } from '../../core/layout.ts';
import { statusOf, unavailable } from '../failures.ts';
import { UPLOAD_SECONDS } from './artifacts.ts';
import type { EvidenceStoreConfig } from './evidence-store.ts';

export interface StagingConfig extends EvidenceStoreConfig {
  readonly stagingBucket: string;
}

/** One server-side copy takes up to 5 GiB; 1 GiB copies run side by side. */
const COPY_BYTES = 1024 ** 3;
const COPIES_AT_A_TIME = 8;

type Named = Pick<StagedUpload, 'sha256' | 'name'>;

/** The staged object's key begins with the announced digest, so that an upload cannot be completed under another. */
const stagedKey = ({ sha256, name }: Named): string => `uploads/${sha256}/${name}`;

export function s3Staging({ client, bucket, mode, stagingBucket }: StagingConfig, clock: Clock): StagingStore {
  const staged = (upload: Named) => ({ Bucket: stagingBucket, Key: stagedKey(upload) });

  async function complete(upload: StagedUpload, parts: Parameters<StagingStore['complete']>[1]): Promise<StagedObject> {
    try {
      await client.send(
        new CompleteMultipartUploadCommand({
          ...staged(upload),
          UploadId: upload.id,
          MultipartUpload: { Parts: parts.map(({ part_number, etag }) => ({ PartNumber: part_number, ETag: etag })) },
        }),
      );
      const head = await client.send(new HeadObjectCommand(staged(upload)));
      if (head.ETag === undefined) throw new Error('the staged object has no ETag');
      return { size: head.ContentLength ?? 0, etag: head.ETag };
    } catch (error) {
      const name = error instanceof Error ? error.name : '';
      if (name === 'NoSuchUpload' || statusOf(error) === 404) {
        throw new DomainError('UPLOAD_NOT_FOUND', 'no such upload; it was completed, aborted, or has expired', {
          pointer: '/upload',
          cause: error,
        });
      }
      if (name === 'InvalidPart' || name === 'InvalidPartOrder' || name === 'EntityTooSmall') {
        throw new DomainError('UPLOAD_INCOMPLETE', `S3 refused the list of parts: ${name}`, {
          pointer: '/parts',
          hint: 'name every part in order with the ETag that its PUT answered',
          cause: error,
        });
      }
      return unavailable('S3', error);
    }
  }

  async function promote(upload: Named, object: StagedObject, options: PutOptions): Promise<string | undefined> {
    const target = { Bucket: bucket, Key: objectKey.artifact(upload.sha256) };
    const created = await client.send(
      new CreateMultipartUploadCommand({
        ...target,
        ContentType: options.contentType,
        ChecksumAlgorithm: 'SHA256',
        ObjectLockMode: mode,
        ObjectLockRetainUntilDate: options.retainUntil,
      }),
    );
    try {
      const parts = await copyParts(upload, object, { ...target, UploadId: created.UploadId });
      const done = await client.send(
        new CompleteMultipartUploadCommand({
          ...target,
          UploadId: created.UploadId,
          MultipartUpload: { Parts: parts },
          IfNoneMatch: '*',
        }),
      );
      if (done.VersionId === undefined) throw new Error(`the bucket ${bucket} is not versioned`);
      return done.VersionId;
    } catch (error) {
      await client.send(new AbortMultipartUploadCommand({ ...target, UploadId: created.UploadId }));
      if (statusOf(error) === 412) return undefined;
      return unavailable('S3', error);
    }
  }

  async function copyParts(
    upload: Named,
    object: StagedObject,
    target: { Bucket: string; Key: string; UploadId: string | undefined },
  ) {
    const numbers = Array.from({ length: Math.ceil(object.size / COPY_BYTES) }, (_, index) => index + 1);
    const parts: { PartNumber: number; ETag: string | undefined; ChecksumSHA256: string | undefined }[] = [];
    for (let start = 0; start < numbers.length; start += COPIES_AT_A_TIME) {
      parts.push(
        ...(await Promise.all(
          numbers.slice(start, start + COPIES_AT_A_TIME).map(async (number) => {
            const from = (number - 1) * COPY_BYTES;
            const to = Math.min(from + COPY_BYTES, object.size) - 1;
            const copied = await client.send(
              new UploadPartCopyCommand({
                ...target,
                PartNumber: number,
                CopySource: `${stagingBucket}/${stagedKey(upload)}`,
                CopySourceIfMatch: object.etag,
                CopySourceRange: `bytes=${from}-${to}`,
              }),
            );
            return {
              PartNumber: number,
              ETag: copied.CopyPartResult?.ETag,
              ChecksumSHA256: copied.CopyPartResult?.ChecksumSHA256,
            };
          }),
        )),
      );
    }
    return parts;
  }

  return {
    async begin(sha256, name) {
      try {
        const answer = await client.send(new CreateMultipartUploadCommand(staged({ sha256, name })));
        if (answer.UploadId === undefined) throw new Error('S3 answered without an upload id');
        return { sha256, name, id: answer.UploadId };
      } catch (error) {
        return unavailable('S3', error);
      }
    },
    async presignParts(upload, from, to) {
      const expires_at = new Date(clock().getTime() + UPLOAD_SECONDS * 1000).toISOString();
      const numbers = Array.from({ length: to - from + 1 }, (_, index) => from + index);
      return await Promise.all(
        numbers.map(async (number) => {
          const command = new UploadPartCommand({ ...staged(upload), UploadId: upload.id, PartNumber: number });
          const url = await getSignedUrl(client, command, { expiresIn: UPLOAD_SECONDS });
          return { part_number: number, url, headers: {}, expires_at };
        }),
      );
    },
    complete,
    async stream(upload, etag, start, end) {
      const answer = await client.send(
        new GetObjectCommand({ ...staged(upload), IfMatch: etag, Range: `bytes=${start}-${end - 1}` }),
      );
      if (!answer.Body || !(Symbol.asyncIterator in answer.Body)) throw new Error('S3 answered without a body');
      return answer.Body;
    },
    promote,
    async discard(upload) {
      await client.send(new DeleteObjectCommand(staged(upload)));
    },
  };
}
