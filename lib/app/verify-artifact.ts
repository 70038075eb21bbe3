import { DomainError } from '../core/errors.ts';
import { retainUntil } from './countersign.ts';
import type { ArtifactDeps, VerifyJob } from './put-artifact.ts';
import { recordArtifact } from './put-artifact.ts';

/** A SHA-256 whose state can be saved and taken up by another process. */
export interface ResumableHash {
  update(bytes: Uint8Array): void;
  /** Ends the hash. @returns lower-case hexadecimal */
  digest(): string;
  save(): string;
}

export interface VerifyDeps extends Omit<ArtifactDeps, 'singlePutMax' | 'newName'> {
  readonly openHash: (state: string | undefined) => Promise<ResumableHash>;
  /** Milliseconds that this process has left. */
  readonly timeLeft: () => number;
}

/** Bytes read before the clock is looked at. */
const SLICE = 256 * 1024 * 1024;

/** Enough time to hand the job on, or to copy and countersign. */
const RESERVE_MS = 120_000;

/**
 * Hashes a staged upload from where an earlier run stopped; when the digest is the announced one, copies that very object
 * server-side to its final key and countersigns it. Runs at least once: each step finds what an earlier run has done.
 */
export async function verifyArtifact(deps: VerifyDeps, job: VerifyJob): Promise<'verified' | 'mismatch' | 'handed-on'> {
  // A job that is delivered twice finds its staged object gone; so does a second upload of the same bytes gain nothing.
  if (await deps.ledger.findArtifact(job.sha256)) {
    await deps.staging.discard(job);
    return 'verified';
  }
  const hash = await deps.openHash(job.hash_state);
  let { offset } = job;
  while (offset < job.size) {
    const end = Math.min(offset + SLICE, job.size);
    for await (const chunk of await deps.staging.stream(job, job.etag, offset, end)) hash.update(chunk);
    offset = end;
    await progress(deps, job, 'verifying', offset);
    if (offset < job.size && deps.timeLeft() < RESERVE_MS) {
      await deps.startVerifier({ ...job, offset, hash_state: hash.save() });
      return 'handed-on';
    }
  }
  const actual = hash.digest();
  if (actual !== job.sha256) {
    deps.log.warn('artifact-mismatch', { announced: job.sha256, actual, principal: job.caller.arn });
    await progress(deps, job, 'mismatch', offset, actual);
    await deps.staging.discard(job);
    return 'mismatch';
  }
  await place(deps, job);
  await deps.staging.discard(job);
  return 'verified';
}

async function place(deps: VerifyDeps, job: VerifyJob): Promise<void> {
  const until = retainUntil(deps.retention, job.environment, deps.clock());
  const copied = await deps.staging.promote(
    job,
    { size: job.size, etag: job.etag },
    { contentType: job.media_type, retainUntil: until },
  );
  // Crash here: the object lies at its final key without a receipt; the retry finds it by its head.
  const placed =
    copied === undefined
      ? await deps.artifacts.head(job.sha256)
      : { versionId: copied, size: job.size, retainUntil: until };
  if (!placed)
    throw new DomainError('DEPENDENCY_UNAVAILABLE', 'the copied object cannot be read yet', { retryAfterMs: 1000 });
  const context = await deps.cachedContext(job.caller.uniqueId);
  await recordArtifact(
    deps,
    { ...job, versionId: placed.versionId, size: placed.size, retainUntil: placed.retainUntil },
    job.caller,
    context,
  );
}

async function progress(
  deps: VerifyDeps,
  job: VerifyJob,
  state: 'verifying' | 'mismatch',
  verified: number,
  actual?: string,
): Promise<void> {
  await deps.uploads.saveUpload({
    sha256: job.sha256,
    state,
    size: job.size,
    verified_bytes: verified,
    updated_at: deps.clock().toISOString(),
    ...(actual === undefined ? {} : { actual }),
  });
}
