import { DomainError } from '../core/errors.ts';
import type { EvidenceRecord } from '../core/evidence.ts';
import { objectKey } from '../core/layout.ts';
import type { ArtifactStore, EvidenceStore, ObjectHead } from './ports.ts';

interface KeepDeps {
  readonly store: EvidenceStore;
  readonly artifacts: ArtifactStore;
}

/** The lock was signed into the upload link, which lives for an hour; that much the retention may fall short. */
const SLACK_MS = 60 * 60 * 1000;

const isShort = (locked: Date, until: Date): boolean => until.getTime() - locked.getTime() > SLACK_MS;

/** Locks an artifact's object for long enough. @returns until when it is locked now */
export async function lockArtifact(
  { store }: Pick<KeepDeps, 'store'>,
  sha256: string,
  object: Pick<ObjectHead, 'versionId' | 'retainUntil'>,
  until: Date,
): Promise<Date> {
  if (!isShort(object.retainUntil, until)) return object.retainUntil;
  return await store.extendRetention(objectKey.artifact(sha256), object.versionId, until);
}

/**
 * Keeps an artifact that is evidence already for as long as is asked now, and its receipt with it. The receipt goes first:
 * after a crash between the two, the object's lock still says that there is something to do.
 *
 * @returns until when it is locked now
 */
export async function keepArtifact(deps: KeepDeps, record: EvidenceRecord, until: Date): Promise<Date> {
  const { sha256, version_id, receipt_version_id } = record;
  const atFirst = new Date(record.retain_until);
  if (!isShort(atFirst, until)) return atFirst;
  const object = await deps.artifacts.head(sha256);
  if (object?.versionId !== version_id || receipt_version_id === undefined) {
    throw new DomainError('INTEGRITY_FAILURE', `the artifact ${sha256} is not stored as its record says`);
  }
  if (!isShort(object.retainUntil, until)) return object.retainUntil;
  await deps.store.extendRetention(objectKey.receipt(sha256, 'artifact'), receipt_version_id, until);
  return await lockArtifact(deps, sha256, object, until);
}
