import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import type { Environment } from '../../lib/contracts/predicates.ts';
import { readAnswer } from '../answers.ts';
import type { ApiClient } from '../client.ts';
import { UnavailableError } from '../errors.ts';
import { hashFileVisibly } from '../hashing/with-progress.ts';
import { progressBar } from '../progress.ts';
import { DEFAULT_RETRY, nextDelay } from '../retry.ts';
import { type Accepted, readAccepted } from '../submit.ts';
import { awaitVerified } from './await-verified.ts';
import { uploadParts } from './multipart.ts';
import { putBytes } from './put-bytes.ts';

export interface PutArtifactOptions {
  /** @default application/octet-stream */
  readonly mediaType?: string;
  /** @default experimental */
  readonly environment?: Environment;
  /** Told what is waited for. */
  readonly notify?: (message: string) => void;
}

const Signed = z.object({ url: z.string(), headers: z.record(z.string(), z.string()) });

/** What the API answers while the artifact is not evidence yet. */
const AnswerSchema = z.union([
  z.object({ status: z.literal('unverified'), put: Signed }),
  z.object({
    status: z.literal('unverified'),
    multipart: z.object({ sha256: z.string(), name: z.string(), id: z.string() }),
    part_size: z.int().check(z.positive()),
    parts: z.int().check(z.positive()),
  }),
  z.object({ evidence: z.string(), receipt: z.record(z.string(), z.json()) }),
]);

/**
 * Stores a file's bytes as evidence by their digest, and waits until they are proven. What is stored already is not sent again.
 *
 * Each attempt begins by asking: whatever became of the one before, the answer says what is left to do.
 */
export async function putArtifact(api: ApiClient, path: string, options: PutArtifactOptions = {}): Promise<Accepted> {
  const { mediaType = 'application/octet-stream', environment = 'experimental', notify = () => {} } = options;
  const { sha256, size } = await hashFileVisibly(path);
  const body = { sha256, size, media_type: mediaType, environment };
  let waited = 0;
  for (let attempt = 1; ; attempt++) {
    const answer = await api.json({ method: 'POST', path: '/v1/artifacts', body });
    const read = readAnswer(AnswerSchema, answer);
    if ('receipt' in read) return readAccepted(answer);
    if ('multipart' in read) {
      await uploadParts(api, {
        path,
        size,
        mediaType,
        environment,
        partSize: read.part_size,
        upload: read.multipart,
        notify,
      });
      return await awaitVerified(api, read.multipart, size);
    }
    const bar = progressBar(`uploading ${path}`, size);
    const outcome = await putBytes(read.put, { path, start: 0, end: size }, bar.add).finally(() => bar.stop());
    if (outcome.kind !== 'transient') continueUnlessEndless(attempt);
    else {
      const delay = nextDelay(DEFAULT_RETRY, { attempt, waited }, Math.random());
      if (delay === undefined) throw new UnavailableError(`${outcome.what}; gave up after ${attempt} attempts`);
      notify(`${outcome.what}; trying again in ${(delay / 1000).toFixed(1)} s`);
      await sleep(delay);
      waited += delay;
    }
  }
}

/** After a PUT that S3 took, the next answer holds the receipt; one that never does is no reason to send gigabytes for ever. */
function continueUnlessEndless(attempt: number): void {
  if (attempt >= DEFAULT_RETRY.attempts) throw new UnavailableError('the API does not see what S3 has stored');
}
