import { createReadStream } from 'node:fs';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { CliError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import type { OnBytes } from '../hashing/file.ts';

/** A request that the control plane signed; the URL holds the signature and is shown to nobody. */
export interface SignedPut {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Part of a file; `end` is exclusive. */
export interface FileRange {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

export type PutOutcome =
  | { readonly kind: 'stored'; readonly etag: string }
  /** Something lies there already, or is being put by another. */
  | { readonly kind: 'exists' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'transient'; readonly what: string };

/** A line that carries nothing for so long is broken. */
const IDLE_MS = 60_000;

/**
 * Streams a part of a file to S3 with exactly the headers that were signed, and its length.
 *
 * @throws CliError for a refusal that another attempt would meet again
 */
export async function putBytes(put: SignedPut, range: FileRange, onBytes: OnBytes): Promise<PutOutcome> {
  let response: { readonly status: number; readonly etag: string | undefined; readonly body: string };
  try {
    response = await exchange(put, range, onBytes);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code === 'ENOENT' || code === 'EACCES') throw error;
    return { kind: 'transient', what: `the upload was interrupted (${code})` };
  }
  return judge(response.status, response.etag, response.body);
}

async function exchange({ url, headers }: SignedPut, { path, start, end }: FileRange, onBytes: OnBytes) {
  const length = end - start;
  const open = url.startsWith('https:') ? httpsRequest : httpRequest;
  const request = open(url, { method: 'PUT', headers: { ...headers, 'content-length': String(length) } });
  request.setTimeout(IDLE_MS, () => request.destroy(Object.assign(new Error('idle'), { code: 'ETIMEDOUT' })));
  const answer = answerOf(request);
  // After the whole answer Node sends nothing more, and does not say so to whoever waits for that.
  void answer.then(
    () => request.writableFinished || request.destroy(),
    () => {},
  );
  await Promise.all([answer, length === 0 ? request.end() : send(request, { path, start, end }, onBytes, answer)]);
  return await answer;
}

async function send(
  request: ClientRequest,
  { path, start, end }: FileRange,
  onBytes: OnBytes,
  answer: Promise<unknown>,
) {
  const source = createReadStream(path, { start, end: end - 1, highWaterMark: 1024 * 1024 });
  source.on('data', (chunk) => onBytes(chunk.length));
  // S3 may answer a refusal before it has read the whole body: then the answer is what counts.
  await pipeline(source, request).catch(async () => await answer);
}

async function answerOf(request: ClientRequest) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(Buffer.from(chunk));
  return {
    status: response.statusCode ?? 0,
    etag: response.headers.etag,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

function judge(status: number, etag: string | undefined, body: string): PutOutcome {
  const code = /<Code>([^<]+)<\/Code>/.exec(body)?.[1] ?? '';
  if (status < 300) return { kind: 'stored', etag: etag ?? '' };
  if (status === 412 || status === 409) return { kind: 'exists' };
  if (status === 403 && /expired/i.test(body)) return { kind: 'expired' };
  if (status >= 500 || status === 429 || code === 'RequestTimeout') {
    return { kind: 'transient', what: `S3 answers ${status} ${code}`.trim() };
  }
  const hint =
    code === 'BadDigest' || code === 'XAmzContentSHA256Mismatch' ? 'the file changed while it was uploaded' : undefined;
  throw new CliError(
    `S3 refused the upload: ${status} ${code}`.trim(),
    ExitCode.REFUSED,
    hint === undefined ? {} : { hint },
  );
}
