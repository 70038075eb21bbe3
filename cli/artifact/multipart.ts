import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import type { Environment } from '../../lib/contracts/predicates.ts';
import { readAnswer } from '../answers.ts';
import { type ApiClient, apiPath } from '../client.ts';
import { ApiProblem, UnavailableError } from '../errors.ts';
import type { OnBytes } from '../hashing/file.ts';
import { progressBar } from '../progress.ts';
import { DEFAULT_RETRY, nextDelay } from '../retry.ts';
import { putBytes } from './put-bytes.ts';

export interface MultipartUpload {
  readonly path: string;
  readonly size: number;
  readonly mediaType: string;
  readonly environment: Environment;
  readonly partSize: number;
  readonly upload: { readonly sha256: string; readonly name: string; readonly id: string };
  readonly notify: (message: string) => void;
}

/** Parts that are on their way at the same time. */
const CONCURRENCY = 4;

const PartsSchema = z.looseObject({
  parts: z
    .array(z.looseObject({ part_number: z.int(), url: z.string(), headers: z.record(z.string(), z.string()) }))
    .check(z.minLength(1)),
});

/** Sends a file in parts, each tried again by itself, and closes the upload. */
export async function uploadParts(api: ApiClient, job: MultipartUpload): Promise<void> {
  // An empty file, too, has a part.
  const count = Math.max(1, Math.ceil(job.size / job.partSize));
  const etags = new Map<number, string>();
  const bar = progressBar(`uploading ${job.path}`, job.size);
  let next = 1;
  const lane = async () => {
    for (let part = next++; part <= count; part = next++) etags.set(part, await uploadPart(api, job, part, bar.add));
  };
  try {
    await Promise.all(Array.from({ length: Math.min(CONCURRENCY, count) }, lane));
  } finally {
    bar.stop();
  }
  const parts = [...etags].toSorted(([a], [b]) => a - b).map(([part_number, etag]) => ({ part_number, etag }));
  await complete(api, job, parts);
}

async function uploadPart(api: ApiClient, job: MultipartUpload, part: number, onBytes: OnBytes): Promise<string> {
  const start = (part - 1) * job.partSize;
  const range = { path: job.path, start, end: Math.min(start + job.partSize, job.size) };
  let waited = 0;
  for (let attempt = 1; ; attempt++) {
    let sent = 0;
    // The URL is asked for when it is used: signed all at once, the last of many would have expired.
    const outcome = await putBytes(await presign(api, job, part), range, (bytes) => {
      sent += bytes;
      onBytes(bytes);
    });
    if (outcome.kind === 'stored') return outcome.etag;
    onBytes(-sent);
    const what = outcome.kind === 'transient' ? outcome.what : `part ${part} was not taken`;
    const delay = nextDelay(DEFAULT_RETRY, { attempt, waited }, Math.random());
    if (delay === undefined) throw new UnavailableError(`${what}; gave up after ${attempt} attempts`);
    job.notify(`${what}; sending part ${part} again in ${(delay / 1000).toFixed(1)} s`);
    await sleep(delay);
    waited += delay;
  }
}

async function presign(api: ApiClient, { upload }: MultipartUpload, part: number) {
  const { sha256, name, id } = upload;
  const path = apiPath('/v1/artifacts/{sha256}/parts', { sha256 });
  const answer = await api.json({ method: 'POST', path, body: { upload: { id, name }, from: part, to: part } });
  const [signed] = readAnswer(PartsSchema, answer).parts;
  if (!signed) throw new UnavailableError('the API signed no part');
  return signed;
}

async function complete(
  api: ApiClient,
  { upload, mediaType, environment }: MultipartUpload,
  parts: readonly { readonly part_number: number; readonly etag: string }[],
): Promise<void> {
  const { sha256, name, id } = upload;
  const body = { upload: { id, name }, media_type: mediaType, environment, parts };
  try {
    await api.json({ method: 'POST', path: apiPath('/v1/artifacts/{sha256}/complete', { sha256 }), body });
  } catch (error) {
    // The answer to a first attempt was lost on the way: the upload is closed, and its state tells the rest.
    if (!(error instanceof ApiProblem) || error.problem.code !== 'UPLOAD_NOT_FOUND') throw error;
  }
}
