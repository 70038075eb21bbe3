import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  paginateListParts,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Clock, ClosedUpload, Copy, StagedObject, StagedUpload, StagingStore } from '../../app/ports.ts';
import { UPLOADS } from '../../contracts/storage.ts';
import { DomainError } from '../../core/errors.ts';
import { objectKey } from '../../core/layout.ts';
import { statusOf, unavailable } from '../failures.ts';
import { streamObject, UPLOAD_SECONDS } from './artifacts.ts';
import type { EvidenceStoreConfig } from './evidence-store.ts';

export interface StagingConfig extends EvidenceStoreConfig {
  readonly stagingBucket: string;
}

/** One server-side copy takes up to 5 GiB, and an object has up to 10,000 of them; 1 GiB copies run side by side. */
const COPY_BYTES = 1024 ** 3;
const COPIES_AT_A_TIME = 8;

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

type Named = Pick<StagedUpload, 'sha256' | 'name'>;

/** The staged object's key begins with the announced digest, so that an upload cannot be completed under another. */
const stagedKey = ({ sha256, name }: Named): string => `${UPLOADS}${sha256}/${name}`;

export function s3Staging({ client, bucket, mode, stagingBucket }: StagingConfig, clock: Clock): StagingStore {
  const staged = (upload: Named) => ({ Bucket: stagingBucket, Key: stagedKey(upload) });

  const final = ({ sha256 }: Named) => ({ Bucket: bucket, Key: objectKey.artifact(sha256) });

  async function complete(upload: StagedUpload, parts: Parameters<StagingStore['complete']>[1]): Promise<StagedObject> {
    try {
      await client.send(
        new CompleteMultipartUploadCommand({
          ...staged(upload),
          UploadId: upload.id,
          MultipartUpload: { Parts: parts.map(({ part_number, etag }) => ({ PartNumber: part_number, ETag: etag })) },
        }),
      );
    } catch (error) {
      const name = nameOf(error);
      if (name === 'InvalidPart' || name === 'InvalidPartOrder' || name === 'EntityTooSmall') {
        throw new DomainError('UPLOAD_INCOMPLETE', `S3 refused the list of parts: ${name}`, {
          pointer: '/parts',
          hint: 'name every part in order with the ETag that its PUT answered',
          cause: error,
        });
      }
      // Closed by an earlier call whose answer was lost, it is an object now.
      if (name !== 'NoSuchUpload' && statusOf(error) !== 404) unavailable('S3', error);
    }
    return await headStaged(upload);
  }

  async function headStaged(upload: StagedUpload): Promise<StagedObject> {
    try {
      const head = await client.send(new HeadObjectCommand(staged(upload)));
      if (head.ETag === undefined) throw new Error('the staged object has no ETag');
      return { size: head.ContentLength ?? 0, etag: head.ETag };
    } catch (error) {
      if (statusOf(error) !== 404) return unavailable('S3', error);
      throw new DomainError('UPLOAD_NOT_FOUND', 'no such upload; it was verified or refused, aborted, or has expired', {
        pointer: '/upload',
        hint: `GET /v1/artifacts/${upload.sha256}?upload=${upload.name} tells what became of it`,
        cause: error,
      });
    }
  }

  async function copyParts(upload: ClosedUpload, copy: Copy): Promise<number | undefined> {
    const end = Math.min(copy.bytes + COPIES_AT_A_TIME * COPY_BYTES, upload.size);
    const copies: Promise<unknown>[] = [];
    for (let from = copy.bytes; from < end; from += COPY_BYTES) {
      const command = new UploadPartCopyCommand({
        ...final(upload),
        UploadId: copy.id,
        PartNumber: from / COPY_BYTES + 1,
        CopySource: `${stagingBucket}/${stagedKey(upload)}`,
        CopySourceIfMatch: upload.etag,
        CopySourceRange: `bytes=${from}-${Math.min(from + COPY_BYTES, end) - 1}`,
      });
      copies.push(client.send(command));
    }
    try {
      await Promise.all(copies);
      return end;
    } catch (error) {
      if (nameOf(error) === 'NoSuchUpload') return undefined;
      return unavailable('S3', error);
    }
  }

  async function finishCopy(upload: ClosedUpload, copy: Copy): Promise<string | undefined> {
    const target = { ...final(upload), UploadId: copy.id };
    try {
      const parts: CompletedPart[] = [];
      let size = 0;
      for await (const page of paginateListParts({ client }, target)) {
        for (const { PartNumber, ETag, ChecksumSHA256, Size = 0 } of page.Parts ?? []) {
          parts.push({ PartNumber, ETag, ChecksumSHA256 });
          size += Size;
        }
      }
      if (size !== upload.size) throw new Error(`the copy has ${size} of ${upload.size} bytes`);
      const done = await client.send(
        new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts: parts }, IfNoneMatch: '*' }),
      );
      if (done.VersionId === undefined) throw new Error(`the bucket ${bucket} is not versioned`);
      return done.VersionId;
    } catch (error) {
      if (nameOf(error) === 'NoSuchUpload') return undefined;
      if (statusOf(error) !== 412) return unavailable('S3', error);
      await client.send(new AbortMultipartUploadCommand(target));
      return undefined;
    }
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
      return await streamObject(client, { ...staged(upload), IfMatch: etag, Range: `bytes=${start}-${end - 1}` });
    },
    async beginCopy(upload, options) {
      try {
        const answer = await client.send(
          new CreateMultipartUploadCommand({
            ...final(upload),
            ContentType: options.contentType,
            ChecksumAlgorithm: 'SHA256',
            ObjectLockMode: mode,
            ObjectLockRetainUntilDate: options.retainUntil,
          }),
        );
        if (answer.UploadId === undefined) throw new Error('S3 answered without an upload id');
        return answer.UploadId;
      } catch (error) {
        return unavailable('S3', error);
      }
    },
    copyParts,
    finishCopy,
    async discard(upload) {
      await client.send(new DeleteObjectCommand(staged(upload)));
    },
  };
}
