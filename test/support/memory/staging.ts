import { createHash } from 'node:crypto';
import type { PutOptions, StagingStore, Upload, Uploads } from '../../../lib/app/ports.ts';
import { DomainError } from '../../../lib/core/errors.ts';
import { objectKey } from '../../../lib/core/layout.ts';
import type { MemoryBucket } from './bucket.ts';
import { InvariantBroken, type Steps } from './steps.ts';

type Named = { readonly sha256: string; readonly name: string };

/** The staging bucket: parts of any size, an object once they are complete, nothing locked. */
export class MemoryStaging implements StagingStore {
  readonly objects = new Map<string, { readonly bytes: Buffer; readonly etag: string }>();
  /** Bytes that were read, to see what a resumed run reads again. */
  bytesRead = 0;
  /** Bytes that are copied by one call. */
  copyBytes = 4000;
  readonly #parts = new Map<string, Map<number, Buffer>>();
  readonly #copies = new Map<string, { readonly options: PutOptions; bytes: Buffer }>();
  readonly #steps: Steps;
  readonly #bucket: MemoryBucket;

  constructor(steps: Steps, bucket: MemoryBucket) {
    this.#steps = steps;
    this.#bucket = bucket;
  }

  readonly begin: StagingStore['begin'] = (sha256, name) =>
    this.#steps.read(() => {
      const id = `upload-${this.#parts.size + 1}`;
      this.#parts.set(id, new Map());
      return { sha256, name, id };
    });

  readonly presignParts: StagingStore['presignParts'] = (upload, from, to) =>
    this.#steps.read(() =>
      Array.from({ length: to - from + 1 }, (_, i) => ({
        part_number: from + i,
        url: `memory:${keyOf(upload)}?part=${from + i}`,
        headers: {},
        expires_at: '2026-02-21T13:34:56.000Z',
      })),
    );

  /** What S3 does with one part. @returns its ETag */
  putPart(id: string, number: number, bytes: Buffer): string {
    this.#parts.get(id)?.set(number, bytes);
    return etagOf(bytes);
  }

  readonly complete: StagingStore['complete'] = (upload, parts) =>
    this.#steps.take('complete-upload', () => {
      const sent = this.#parts.get(upload.id);
      const closed = this.objects.get(keyOf(upload));
      if (!sent && closed) return { size: closed.bytes.length, etag: closed.etag };
      if (!sent) throw new DomainError('UPLOAD_NOT_FOUND', 'no such upload', { pointer: '/upload' });
      const chunks = parts.map(({ part_number, etag }) => {
        const chunk = sent.get(part_number);
        if (!chunk || etagOf(chunk) !== etag)
          throw new DomainError('UPLOAD_INCOMPLETE', 'another part', { pointer: '/parts' });
        return chunk;
      });
      this.#parts.delete(upload.id);
      return this.place(upload, Buffer.concat(chunks));
    });

  place(upload: Named, bytes: Buffer): { size: number; etag: string } {
    const object = { bytes, etag: etagOf(bytes) };
    this.objects.set(keyOf(upload), object);
    return { size: bytes.length, etag: object.etag };
  }

  readonly stream: StagingStore['stream'] = async (upload, etag, start, end) => {
    const { bytes } = await this.#steps.read(() => this.#require(upload, etag));
    this.bytesRead += end - start;
    return (async function* () {
      for (let at = start; at < end; at += 1000) yield bytes.subarray(at, Math.min(at + 1000, end));
    })();
  };

  readonly beginCopy: StagingStore['beginCopy'] = (_upload, options) =>
    this.#steps.take('begin-copy', () => {
      const id = `copy-${this.#copies.size + 1}`;
      this.#copies.set(id, { options, bytes: Buffer.alloc(0) });
      return id;
    });

  readonly copyParts: StagingStore['copyParts'] = (upload, { id, bytes: from }) =>
    this.#steps.take('copy-parts', () => {
      const { bytes } = this.#require(upload, upload.etag);
      const copy = this.#copies.get(id);
      if (!copy) return undefined;
      if (copy.bytes.length < from) throw new InvariantBroken(`the copy has a gap before ${from}`);
      copy.bytes = Buffer.concat([copy.bytes.subarray(0, from), bytes.subarray(from, from + this.copyBytes)]);
      return copy.bytes.length;
    });

  readonly finishCopy: StagingStore['finishCopy'] = (upload, { id }) =>
    this.#steps.take('finish-copy', () => {
      const copy = this.#copies.get(id);
      if (!copy) return undefined;
      if (copy.bytes.length !== upload.size) throw new InvariantBroken(`the copy lacks bytes: ${copy.bytes.length}`);
      this.#copies.delete(id);
      const key = objectKey.artifact(upload.sha256);
      return this.#bucket.objects.has(key) ? undefined : this.#bucket.place(key, copy.bytes, copy.options, false);
    });

  /** What the bucket's lifecycle does with copies that nobody finishes. */
  expireCopies(): void {
    this.#copies.clear();
  }

  readonly discard: StagingStore['discard'] = (upload) =>
    this.#steps.take('discard', () => {
      this.objects.delete(keyOf(upload));
    });

  #require(upload: Named, etag: string): { readonly bytes: Buffer } {
    const object = this.objects.get(keyOf(upload));
    if (object?.etag === etag) return object;
    // As the SDK says it: no refusal of ours, so that a job which needs the object is tried again.
    throw new Error(object ? 'PreconditionFailed' : 'NoSuchKey');
  }
}

export class MemoryUploads implements Uploads {
  readonly #uploads = new Map<string, Upload>();
  readonly #steps: Steps;

  constructor(steps: Steps) {
    this.#steps = steps;
  }

  readonly findUpload: Uploads['findUpload'] = (sha256, name) =>
    this.#steps.read(() => this.#uploads.get(keyOf({ sha256, name })));

  readonly saveUpload: Uploads['saveUpload'] = (upload) =>
    this.#steps.take('save-upload', () => {
      this.#uploads.set(keyOf(upload), upload);
    });
}

const keyOf = ({ sha256, name }: Named): string => `uploads/${sha256}/${name}`;
const etagOf = (bytes: Buffer): string => `"${createHash('md5').update(bytes).digest('hex')}"`;
