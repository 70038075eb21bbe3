import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable, Transform, type TransformCallback } from 'node:stream';
import { SignatureError } from './sigv4.ts';

/** The whole body, or `too-large` once it passes the limit (the rest is then read and dropped). */
export async function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array | 'too-large'> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('an HTTP body comes as bytes');
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size > limit ? 'too-large' : Buffer.concat(chunks);
}

/**
 * Passes a body through and holds it against its signed digest. The last bytes are kept back until the digest is known,
 * so that a body which does not fit never arrives whole.
 */
export class DigestCheck extends Transform {
  readonly #hash = createHash('sha256');
  readonly #expected: string;
  #held: Uint8Array | undefined;

  constructor(expected: string) {
    super();
    this.#expected = expected;
  }

  override _transform(chunk: Uint8Array, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#hash.update(chunk);
    if (this.#held !== undefined) this.push(this.#held);
    this.#held = chunk;
    done();
  }

  override _flush(done: TransformCallback): void {
    if (this.#hash.digest('hex') !== this.#expected) {
      const message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
      done(new SignatureError('payload-mismatch', message));
      return;
    }
    if (this.#held !== undefined) this.push(this.#held);
    done();
  }
}

/** The body after a check. When either end breaks, so does the other; whoever reads it meets the error. */
export function through(body: Readable, check: Transform): Readable {
  return pipeline(body, check, () => {});
}

/** The whole of a body that is known to be small. */
export async function bytesOf(body: Uint8Array | Readable): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
