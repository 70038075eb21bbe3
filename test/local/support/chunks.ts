import { createHash, createHmac } from 'node:crypto';
import type { DemoIdentity, LocalDescription } from '../../../local/description.ts';
import { signRequest } from './clients.ts';

const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex');
const hmac = (key: Buffer | string, data: string) => createHmac('sha256', key).update(data).digest();

/**
 * Puts an S3 object as clients do that sign every chunk (`STREAMING-AWS4-HMAC-SHA256-PAYLOAD`), which the SDK for
 * JavaScript never does.
 *
 * @param tamper - changes the last chunk after it was signed.
 */
export async function sendSignedChunks(
  local: LocalDescription,
  credentials: Pick<DemoIdentity, 'accessKeyId' | 'secretAccessKey'>,
  path: string,
  chunks: readonly Buffer[],
  tamper: (chunk: Buffer) => Buffer,
): Promise<Response> {
  const signed = await signRequest(local, credentials, {
    method: 'PUT',
    path,
    service: 's3',
    headers: {
      'content-encoding': 'aws-chunked',
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      'x-amz-decoded-content-length': String(chunks.reduce((size, chunk) => size + chunk.length, 0)),
    },
  });
  const timestamp = signed.headers['x-amz-date'] ?? '';
  const scope = `${timestamp.slice(0, 8)}/${local.region}/s3/aws4_request`;
  const key = scope.split('/').reduce<Buffer | string>(hmac, `AWS4${credentials.secretAccessKey}`);
  let previous = /Signature=([0-9a-f]{64})/.exec(signed.headers.authorization ?? '')?.[1] ?? '';
  const body = [...chunks, Buffer.alloc(0)].map((chunk, at) => {
    const toSign = ['AWS4-HMAC-SHA256-PAYLOAD', timestamp, scope, previous, sha256(''), sha256(chunk)].join('\n');
    previous = hmac(Buffer.from(key), toSign).toString('hex');
    const sent = at === chunks.length - 1 ? tamper(chunk) : chunk;
    return Buffer.concat([
      Buffer.from(`${chunk.length.toString(16)};chunk-signature=${previous}\r\n`),
      sent,
      Buffer.from('\r\n'),
    ]);
  });
  return fetch(`${local.endpoint}${path}`, { method: 'PUT', headers: signed.headers, body: Buffer.concat(body) });
}
