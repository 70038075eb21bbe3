import { createHash, createHmac } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { type SignatureClaim, SignatureError, signingKey } from './sigv4.ts';

const EMPTY_SHA256 = createHash('sha256').digest('hex');
/** Longest line of a chunk's head: size, signature, and what an extension may add. */
const HEAD_LIMIT = 1024;

/** Whether a declared payload hash says that every chunk of the body is signed. */
export function isChunkSigned(payloadHash: string): boolean {
  return payloadHash.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD');
}

/**
 * Passes an aws-chunked body through and holds every chunk against its signature, each of which covers the one before.
 * A chunk goes on only once it is proved. Source: "Signature calculations: transferring payload in multiple chunks",
 * Amazon S3 API Reference. A trailer, being after the last chunk, is passed as it is.
 */
export class ChunkSignatureCheck extends Transform {
  readonly #key: Buffer;
  readonly #claim: SignatureClaim;
  #previous: string;
  #buffer: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(claim: SignatureClaim, secret: string) {
    super();
    this.#key = signingKey(claim, secret);
    this.#claim = claim;
    this.#previous = claim.signature;
  }

  override _transform(bytes: Uint8Array, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      this.#buffer = Buffer.concat([this.#buffer, bytes]);
      while (!this.#ended && this.#takeChunk()) {
        // Each round takes one whole chunk from the buffer.
      }
      if (this.#ended) {
        this.push(this.#buffer);
        this.#buffer = Buffer.alloc(0);
      }
      done();
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }

  override _flush(done: TransformCallback): void {
    done(this.#ended ? undefined : new SignatureError('malformed', 'The body ends before its last chunk'));
  }

  /** @returns false if the buffer holds no whole chunk yet. */
  #takeChunk(): boolean {
    const headEnd = this.#buffer.indexOf('\r\n');
    if (headEnd === -1 || headEnd > HEAD_LIMIT) {
      if (this.#buffer.length > HEAD_LIMIT) throw new SignatureError('malformed', 'A chunk has no head');
      return false;
    }
    const head = /^([0-9a-f]+);chunk-signature=([0-9a-f]{64})$/i.exec(this.#buffer.toString('latin1', 0, headEnd));
    if (head?.[1] === undefined) throw new SignatureError('malformed', 'The head of a chunk is not as it should be');
    const size = Number.parseInt(head[1], 16);
    const start = headEnd + 2;
    if (this.#buffer.length < start + size + (size === 0 ? 0 : 2)) return false;
    const expected = this.#signatureOf(this.#buffer.subarray(start, start + size));
    if (head[2] !== expected) throw new SignatureError('mismatch', 'The signature of a chunk does not match');
    this.#previous = expected;
    // The blank line after the last chunk belongs to the trailer.
    const end = size === 0 ? start : start + size + 2;
    this.push(this.#buffer.subarray(0, end));
    this.#buffer = this.#buffer.subarray(end);
    this.#ended = size === 0;
    return true;
  }

  #signatureOf(data: Uint8Array): string {
    const { timestamp, date, region, service } = this.#claim;
    const toSign = [
      'AWS4-HMAC-SHA256-PAYLOAD',
      timestamp,
      `${date}/${region}/${service}/aws4_request`,
      this.#previous,
      EMPTY_SHA256,
      createHash('sha256').update(data).digest('hex'),
    ].join('\n');
    return createHmac('sha256', this.#key).update(toSign).digest('hex');
  }
}
