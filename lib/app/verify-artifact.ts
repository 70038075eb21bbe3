import { DomainError } from '../core/errors.ts';
import { retainUntil } from './countersign.ts';
import { keepArtifact, lockArtifact } from './keep-artifact.ts';
import type { Copy, Upload } from './ports.ts';
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

export type Verification = 'verified' | 'mismatch' | 'handed-on';

/** Bytes read before the clock is looked at. */
const SLICE = 256 * 1024 * 1024;

/** Enough time for one more step: a slice hashed, parts copied, or the copy finished and countersigned. */
const RESERVE_MS = 120_000;

/**
 * Hashes a staged upload; when the digest is the announced one, copies that very object server-side to its final key and
 * countersigns it. Hash and copy each go on from where an earlier run stopped, so that no size is too large for a run.
 * Runs at least once: each step finds what an earlier run has done.
 */
export async function verifyArtifact(deps: VerifyDeps, job: VerifyJob): Promise<Verification> {
  const known = await deps.ledger.findArtifact(job.sha256);
  // A job that is delivered twice finds its staged object gone; so does a second upload of the same bytes gain nothing.
  if (known) {
    await keepArtifact(deps, known, retainUntil(deps.retention, job.environment, deps.clock()));
    await deps.staging.discard(job);
    return 'verified';
  }
  const hashed = await hash(deps, job);
  if (hashed === undefined) return 'handed-on';
  if (hashed.actual !== job.sha256) return await refuse(deps, job, hashed.actual);
  if (job.stored) return await countersignAt(deps, job, job.stored.version_id);
  return await place(deps, hashed.job);
}

/** @returns undefined when the job was handed on, else the digest, and the job with the hash done */
async function hash(deps: VerifyDeps, job: VerifyJob): Promise<{ actual: string; job: VerifyJob } | undefined> {
  const { size } = job.stored ?? job;
  const state = await deps.openHash(job.hash_state);
  for (let { offset } = job; offset < size; ) {
    const end = Math.min(offset + SLICE, size);
    for await (const chunk of await read(deps, job, offset, end)) state.update(chunk);
    offset = end;
    await note(deps, job, { state: 'verifying', size, verified_bytes: offset });
    if (deps.timeLeft() < RESERVE_MS) {
      await deps.startVerifier({ ...job, offset, hash_state: state.save() });
      return undefined;
    }
  }
  const done = { ...job, offset: size, hash_state: state.save() };
  return { actual: state.digest(), job: done };
}

async function read(deps: VerifyDeps, job: VerifyJob, start: number, end: number): Promise<AsyncIterable<Uint8Array>> {
  if (job.stored) return await deps.artifacts.stream(job.sha256, job.stored.version_id, start, end);
  return await deps.staging.stream(job, job.etag, start, end);
}

async function refuse(deps: VerifyDeps, job: VerifyJob, actual: string): Promise<'mismatch'> {
  const seen = { announced: job.sha256, actual, principal: job.caller.arn };
  if (job.stored) {
    deps.log.warn('artifact-occupied', { ...seen, version_id: job.stored.version_id });
    await note(deps, job, { state: 'occupied' });
    // Nobody can write there but us: a person must look, and learns of it from the failed job.
    throw new DomainError('INTEGRITY_FAILURE', `the object named ${job.sha256} holds other bytes`);
  }
  deps.log.warn('artifact-mismatch', seen);
  await note(deps, job, { state: 'mismatch', verified_bytes: job.size, actual });
  await deps.staging.discard(job);
  return 'mismatch';
}

/** Brings what was hashed to its final key, unless something lies there. */
async function place(deps: VerifyDeps, job: VerifyJob): Promise<Verification> {
  const { sha256 } = job;
  if (!(await deps.artifacts.head(sha256)) && !(await copy(deps, job))) return 'handed-on';
  const object = await deps.artifacts.head(sha256);
  if (!object) {
    await beginCopy(deps, job);
    throw new DomainError(
      'DEPENDENCY_UNAVAILABLE',
      'the copy expired before it was finished; the next run makes another',
    );
  }
  const copied = (await deps.uploads.findUpload(sha256, job.name))?.copy?.version_id;
  if (object.versionId === copied || object.sha256 === sha256) return await countersignAt(deps, job, object.versionId);
  const { hash_state: _done, ...again } = job;
  return await verifyArtifact(deps, {
    ...again,
    offset: 0,
    stored: { version_id: object.versionId, size: object.size },
  });
}

/**
 * Goes on with the copy until it is finished, or something else lies at the final key, or it is found to have expired.
 * Crash on the way: the next run asks how far it came; parts that are copied again are the same parts.
 *
 * @returns false when the job was handed on
 */
async function copy(deps: VerifyDeps, job: VerifyJob): Promise<boolean> {
  let current = (await deps.uploads.findUpload(job.sha256, job.name))?.copy ?? (await beginCopy(deps, job));
  while (current.bytes < job.size) {
    const bytes = await deps.staging.copyParts(job, current);
    if (bytes === undefined) return true;
    current = { ...current, bytes };
    await note(deps, job, { state: 'copying', copy: current });
    if (deps.timeLeft() < RESERVE_MS) {
      await deps.startVerifier(job);
      return false;
    }
  }
  const version_id = await deps.staging.finishCopy(job, current);
  // Crash here: the object lies at its final key, and nobody knows that it is ours. The next run hashes it there.
  if (version_id !== undefined) await note(deps, job, { copy: { ...current, version_id } });
  return true;
}

/** Crash before it is noted: a copy that nobody goes on with, which the bucket's lifecycle clears away. */
async function beginCopy(deps: VerifyDeps, job: VerifyJob): Promise<Copy> {
  const until = retainUntil(deps.retention, job.environment, deps.clock());
  const id = await deps.staging.beginCopy(job, { contentType: job.media_type, retainUntil: until });
  const copy = { id, bytes: 0 };
  await note(deps, job, { state: 'copying', copy });
  return copy;
}

/** Countersigns the object at the final key, whose bytes are proven. */
async function countersignAt(deps: VerifyDeps, job: VerifyJob, versionId: string): Promise<'verified'> {
  const object = await deps.artifacts.head(job.sha256);
  if (object?.versionId !== versionId) {
    throw new DomainError('INTEGRITY_FAILURE', `the object named ${job.sha256} is not the one that was verified`);
  }
  const until = retainUntil(deps.retention, job.environment, deps.clock());
  const locked = await lockArtifact(deps, job.sha256, object, until);
  const { sha256, environment, caller } = job;
  const { size, contentType: media_type } = object;
  const placed = { sha256, size, media_type, environment, versionId, retainUntil: locked };
  const { record } = await recordArtifact(deps, placed, caller, await deps.cachedContext(caller.uniqueId));
  await keepArtifact(deps, record, until);
  await deps.staging.discard(job);
  return 'verified';
}

/** Writes down where the upload stands, for its uploader and for the next run. */
async function note(deps: VerifyDeps, job: VerifyJob, changes: Partial<Upload>): Promise<void> {
  const { sha256, name, size } = job;
  const before = await deps.uploads.findUpload(sha256, name);
  await deps.uploads.saveUpload({
    ...(before ?? { sha256, name, state: 'verifying', size, verified_bytes: 0 }),
    ...changes,
    updated_at: deps.clock().toISOString(),
  });
}
