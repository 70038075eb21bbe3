import { Prefix } from '../contracts/storage.ts';
import { isGiven, type RecordedApproval, recordedApproval } from '../core/approvals/approval.ts';
import { openCountersigned } from '../core/countersigned.ts';
import { sha256Hex } from '../core/digest.ts';
import { DomainError } from '../core/errors.ts';
import { type EvidenceRecord, type IndexEntry, indexEntries } from '../core/evidence.ts';
import type { RecordedIncident } from '../core/incident.ts';
import { checkAsReceived, type KeyHistory } from '../core/key-history.ts';
import { type PublicKey, parsePublicKey } from '../core/keys.ts';
import { isLostSignature, objectKey } from '../core/layout.ts';
import { parseReceipt } from '../core/receipt.ts';
import type { RecordedRelease } from '../core/release.ts';
import { parseSubmission } from '../core/submission.ts';
import { type ApprovalStatement, readApproval } from './approvals/statements.ts';
import { requestIdOf } from './countersign.ts';
import { readDecision } from './gate/evaluate.ts';
import { readSkip } from './gate/skip.ts';
import type { EvidenceStore, Hold, RegistryChange, StoredObject } from './ports.ts';
import { readRelease } from './promotion/seal.ts';
import { artifactEntries, artifactRecord } from './put-artifact.ts';
import { openEvent } from './record-event.ts';
import {
  endedWithoutRelease,
  keyHistory,
  type Replayed,
  replay,
  type StoredEvent,
  streamsOf,
} from './replay-events.ts';
import { attestationRecord } from './submit-evidence.ts';

/** What lies under one key. Everything is written once, so the oldest version is the object, and what lies over it is not. */
export interface ArchivedObject {
  readonly key: string;
  /** The oldest version; undefined where nothing but delete markers lies. */
  readonly versionId: string | undefined;
  readonly laterVersions: number;
  readonly deleteMarkers: number;
}

/** The bucket as a whole. */
export interface Archive {
  /** Everything that was ever written under a prefix, in bounded memory; a delete marker hides nothing. */
  list(prefix: string): AsyncIterable<ArchivedObject>;
  readonly read: EvidenceStore['read'];
}

/**
 * The tables as a whole. What is there already stays, and so does what is newer than what is handed over; what says otherwise
 * is replaced. Each resolves when all of it is durable.
 *
 * @returns the names of the items that said otherwise
 */
export interface TableWriter {
  evidence(record: EvidenceRecord, entries: readonly IndexEntry[]): Promise<readonly string[]>;
  registry(change: RegistryChange): Promise<readonly string[]>;
  hold(hold: Hold): Promise<readonly string[]>;
  /** Also what gates see of it. */
  incident(incident: RecordedIncident): Promise<readonly string[]>;
  approval(approval: RecordedApproval): Promise<readonly string[]>;
  /** @param model - that was released, or removed */
  release(release: RecordedRelease, model: string): Promise<readonly string[]>;
}

export interface ReindexDeps {
  readonly archive: Archive;
  readonly tables: TableWriter;
  /** Told of each object that was left out, and why. */
  readonly skipped: (key: string, reason: string) => void;
  /** Told of what somebody did to an object or to its items that does not keep it from being indexed. */
  readonly remarked: (key: string, remark: string) => void;
  readonly progress: (done: number) => void;
}

export interface ReindexReport {
  readonly events: number;
  readonly attestations: number;
  readonly artifacts: number;
  readonly decisions: number;
  /** Gates that did not check, because the run was not in the sample. */
  readonly skips: number;
  /** What people decided, and that it counts no more. */
  readonly approvals: number;
  readonly releases: number;
  readonly skipped: number;
  readonly remarks: number;
}

/** Objects that are read at the same time. */
const READERS = 16;

/**
 * Makes every table again from the bucket alone. Nothing is believed for lying there: each event and receipt must verify under
 * a key of `keys/`, events must be numbered without a gap, and each attestation must be what its receipt says, signed by a key
 * that was allowed to when it was received.
 *
 * Crash anywhere: what was written stays, and the next run writes the rest.
 */
export async function reindex(deps: ReindexDeps): Promise<ReindexReport> {
  const counts = {
    events: 0,
    attestations: 0,
    artifacts: 0,
    decisions: 0,
    skips: 0,
    approvals: 0,
    releases: 0,
    skipped: 0,
    remarks: 0,
  };
  let done = 0;
  const leaveOut = (key: string, error: unknown): void => {
    // A transient failure must stop the run: what it leaves out would look like what does not exist.
    if (!(error instanceof DomainError) || error.code === 'DEPENDENCY_UNAVAILABLE') throw error;
    counts.skipped++;
    deps.skipped(key, error.message);
  };
  const remark = (key: string, text: string): void => {
    counts.remarks++;
    deps.remarked(key, text);
  };
  const remarkOn = (key: string, items: readonly string[]): void => {
    for (const item of items) remark(key, `the table said otherwise in ${item}; it was replaced`);
  };
  const lookOver = ({ key, laterVersions, deleteMarkers }: ArchivedObject): void => {
    if (laterVersions > 0) remark(key, `${laterVersions} later versions lie over it; the first one counts`);
    if (deleteMarkers > 0) remark(key, `${deleteMarkers} delete markers lie over it`);
  };
  const eachObject = async (prefix: string, work: (key: string, object: StoredObject) => unknown): Promise<void> => {
    await inParallel(deps.archive.list(prefix), async (archived) => {
      const { key, versionId } = archived;
      if (isLostSignature(key)) return;
      try {
        lookOver(archived);
        const object = versionId === undefined ? undefined : await deps.archive.read(key, versionId);
        if (!object) throw new DomainError('NOT_FOUND', 'no version of the object is left');
        await work(key, object);
      } catch (error) {
        leaveOut(key, error);
      }
      deps.progress(++done);
    });
  };

  const trusted = new Map<string, PublicKey>();
  await eachObject(Prefix.keys, (name, object) => {
    const key = publicKeyIn(name, object);
    trusted.set(key.keyid, key);
  });
  if (trusted.size === 0) throw new DomainError('EVIDENCE_KEY_INACTIVE', `no public key lies under ${Prefix.keys}`);

  const events: StoredEvent[] = [];
  await eachObject(Prefix.events, (name, object) => void events.push(ownEvent(trusted, name, object)));
  const replayed: Replayed[] = [];
  for (const stream of streamsOf(events)) {
    try {
      replayed.push(...replay(stream));
    } catch (error) {
      for (const { record } of stream) leaveOut(record.object_key, error);
    }
  }
  for (const step of replayed) {
    const { record, entries } = step.event;
    // The change first: an event that is indexed without it would be taken for one that was committed.
    const changed = await applied(deps.tables, step);
    remarkOn(record.object_key, [...changed, ...(await deps.tables.evidence(record, entries))]);
    counts.events++;
  }

  const history = keyHistory(replayed);
  await eachObject(Prefix.receipts, async (name, object) => {
    const { record, entries } = await evidenceOf(deps.archive, trusted, history, name, object);
    remarkOn(name, await deps.tables.evidence(record, entries));
    counts[record.kind === 'artifact' ? 'artifacts' : 'attestations']++;
  });
  await eachObject(`${Prefix.gates}decisions/`, async (name, object) => {
    openCountersigned(object.bytes, (keyid) => trusted.get(keyid));
    const { record, entries } = readDecision({ ...object, requestId: requestIdOf(object) }, name);
    remarkOn(name, await deps.tables.evidence(record, entries));
    counts.decisions++;
  });
  await eachObject(`${Prefix.gates}skips/`, async (name, object) => {
    openCountersigned(object.bytes, (keyid) => trusted.get(keyid));
    const { record, entries } = readSkip({ ...object, requestId: requestIdOf(object) }, name);
    remarkOn(name, await deps.tables.evidence(record, entries));
    counts.skips++;
  });
  const takenBack = endedWithoutRelease(replayed);
  const approvals: ApprovalStatement[] = [];
  await eachObject(Prefix.approvals, (name, object) => {
    openCountersigned(object.bytes, (keyid) => trusted.get(keyid));
    approvals.push(readApproval({ ...object, requestId: requestIdOf(object) }, name));
  });
  for (const { record, entries } of approvals) {
    remarkOn(record.object_key, await deps.tables.evidence(record, entries));
    counts.approvals++;
  }
  for (const { key, approval } of approvalRows(approvals)) remarkOn(key, await deps.tables.approval(approval));
  await eachObject(Prefix.releases, async (name, object) => {
    openCountersigned(object.bytes, (keyid) => trusted.get(keyid));
    const { record, entries, release, model } = readRelease({ ...object, requestId: requestIdOf(object) }, name);
    if (takenBack.has(release.promotion)) {
      remark(name, 'it was signed, and taken back before it counted: the promotion ended otherwise');
      return;
    }
    remarkOn(name, await deps.tables.evidence(record, entries));
    remarkOn(name, await deps.tables.release({ ...release, evidence: record.sha256 }, model));
    counts.releases++;
  });
  // Receipts name versions, so nothing that lies over these keeps them from being read here; the live system may be misled.
  for (const prefix of [Prefix.attestations, Prefix.artifacts]) {
    for await (const object of deps.archive.list(prefix)) lookOver(object);
  }
  return counts;
}

/** The rows of all that was approved or rejected, each with its end if it has one. */
function approvalRows(statements: readonly ApprovalStatement[]) {
  const ends = new Map(
    statements.flatMap(({ body, record }) => (isGiven(body) ? [] : [[body.approval, { body, record }]])),
  );
  return statements.flatMap(({ model, body, record }) => {
    if (!isGiven(body)) return [];
    const end = ends.get(record.sha256);
    const ended = end ? { ended_at: end.body.ended_at, end: end.record.sha256 } : {};
    return [{ key: record.object_key, approval: { ...recordedApproval(model, record.sha256, body), ...ended } }];
  });
}

async function applied(tables: TableWriter, step: Replayed): Promise<readonly string[]> {
  if ('hold' in step) return await tables.hold(step.hold);
  if ('incident' in step) return await tables.incident(step.incident);
  return step.change ? await tables.registry(step.change) : [];
}

async function inParallel<T>(items: AsyncIterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const running = new Set<Promise<void>>();
  for await (const item of items) {
    const task = work(item).finally(() => running.delete(task));
    running.add(task);
    if (running.size >= READERS) await Promise.race(running);
  }
  await Promise.all(running);
}

function publicKeyIn(name: string, { bytes }: StoredObject): PublicKey {
  const key = parsePublicKey(bytes.toString('utf8'));
  if (name === objectKey.publicKey(key.keyid)) return key;
  throw new DomainError('INTEGRITY_FAILURE', 'it holds another key than its name says');
}

type Trusted = ReadonlyMap<string, PublicKey>;

function ownEvent(trusted: Trusted, name: string, object: StoredObject): StoredEvent {
  return openEvent(object, name, (keyid) => trusted.get(keyid));
}

/** The index row of the evidence that a receipt is about. */
async function evidenceOf(
  archive: Archive,
  trusted: Trusted,
  history: KeyHistory,
  name: string,
  stored: StoredObject,
): Promise<{ readonly record: EvidenceRecord; readonly entries: readonly IndexEntry[] }> {
  const { statement, keyid } = openCountersigned(stored.bytes, (id) => trusted.get(id));
  const receipt = parseReceipt(statement);
  if (name !== objectKey.receipt(receipt.evidence.sha256, receipt.evidence.kind)) {
    throw new DomainError('INTEGRITY_FAILURE', 'it is the receipt of other evidence than its name says');
  }
  const { bytes, versionId } = stored;
  const issued = { receipt, bytes, versionId, requestId: requestIdOf(stored), evidenceKeyid: keyid };
  if (receipt.evidence.kind === 'artifact') {
    const record = artifactRecord(issued);
    return { record, entries: artifactEntries(record) };
  }
  const object = await archive.read(receipt.storage.key, receipt.storage.version_id);
  if (!object || sha256Hex(object.bytes) !== receipt.evidence.sha256) {
    throw new DomainError('INTEGRITY_FAILURE', 'the stored bytes are not those that the receipt names');
  }
  const submission = await parseSubmission(object.bytes, 'any');
  checkAsReceived(history, receipt, submission);
  const record = attestationRecord(submission, issued);
  return { record, entries: indexEntries(record, submission.content) };
}
