import { Prefix } from '../contracts/storage.ts';
import { openCountersigned } from '../core/countersigned.ts';
import { sha256Hex } from '../core/digest.ts';
import { DomainError } from '../core/errors.ts';
import { type EvidenceRecord, type IndexEntry, indexEntries } from '../core/evidence.ts';
import { type PublicKey, parsePublicKey } from '../core/keys.ts';
import { isLostSignature } from '../core/layout.ts';
import { parseReceipt } from '../core/receipt.ts';
import type { KeyRecord, Principal } from '../core/registry.ts';
import { parseSubmission } from '../core/submission.ts';
import { requestIdOf } from './countersign.ts';
import { holdOf } from './hold-evidence.ts';
import { registryChange } from './manage-registry.ts';
import type { EvidenceStore, Hold, RegistryChange } from './ports.ts';
import { artifactEntries, artifactRecord } from './put-artifact.ts';
import { readEvent } from './record-event.ts';
import { attestationRecord } from './submit-evidence.ts';

/** The bucket as a whole. */
export interface Archive extends EvidenceStore {
  /** Every key under a prefix, in bounded memory. */
  list(prefix: string): AsyncIterable<string>;
}

/** The tables as a whole. Writing what is there already changes nothing. */
export interface TableWriter {
  evidence(record: EvidenceRecord, entries: readonly IndexEntry[]): Promise<void>;
  registry(change: RegistryChange): Promise<void>;
  hold(hold: Hold): Promise<void>;
  /** Resolves when everything handed over is durable. */
  flush(): Promise<void>;
}

export interface ReindexDeps {
  readonly archive: Archive;
  readonly tables: TableWriter;
  /** Told of each object that was left out, and why. */
  readonly skipped: (key: string, reason: string) => void;
  readonly progress: (done: number) => void;
}

export interface ReindexReport {
  readonly events: number;
  readonly attestations: number;
  readonly artifacts: number;
  readonly skipped: number;
}

/** Objects that are read at the same time. */
const READERS = 16;

/**
 * Makes every table again from the bucket alone. Nothing is believed for lying there: each event and receipt must verify under
 * a key of `keys/`, each attestation must have the digest that its receipt names, and its key must have been good when it was
 * received. A receipt whose commit was refused because its key was revoked meanwhile is thereby left out.
 */
export async function reindex(deps: ReindexDeps): Promise<ReindexReport> {
  const trusted = await publicKeys(deps.archive);
  let skipped = 0;
  let done = 0;
  const guarded = async (key: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      // A transient failure must stop the run: what it leaves out would look like what does not exist.
      if (!(error instanceof DomainError) || error.code === 'DEPENDENCY_UNAVAILABLE') throw error;
      skipped++;
      deps.skipped(key, error.message);
    }
    deps.progress(++done);
  };

  const events: StoredEvent[] = [];
  await eachObject(deps.archive.list(Prefix.events), async (key) => {
    if (isLostSignature(key)) return;
    await guarded(key, async () => void events.push(await readOwnEvent(deps.archive, trusted, key)));
  });
  const keys = await foldEvents(deps.tables, events);

  const counts = { attestation: 0, artifact: 0 };
  await eachObject(deps.archive.list(Prefix.receipts), async (key) => {
    if (isLostSignature(key)) return;
    await guarded(key, async () => {
      const { record, entries } = await readEvidence(deps.archive, trusted, keys, key);
      await deps.tables.evidence(record, entries);
      if (record.kind !== 'event') counts[record.kind]++;
    });
  });
  await deps.tables.flush();
  return { events: events.length, attestations: counts.attestation, artifacts: counts.artifact, skipped };
}

async function eachObject(keys: AsyncIterable<string>, work: (key: string) => Promise<void>): Promise<void> {
  const running = new Set<Promise<void>>();
  for await (const key of keys) {
    const task = work(key).finally(() => running.delete(task));
    running.add(task);
    if (running.size >= READERS) await Promise.race(running);
  }
  await Promise.all(running);
}

type Trusted = ReadonlyMap<string, PublicKey>;

async function publicKeys(archive: Archive): Promise<Trusted> {
  const keys = new Map<string, PublicKey>();
  for await (const name of archive.list(Prefix.keys)) {
    const object = await archive.read(name);
    if (!object) continue;
    const key = parsePublicKey(object.bytes.toString('utf8'));
    if (name !== `${Prefix.keys}${key.keyid}.pem`) {
      throw new DomainError('INTEGRITY_FAILURE', `${name} holds another key than its name says`);
    }
    keys.set(key.keyid, key);
  }
  if (keys.size === 0) throw new DomainError('EVIDENCE_KEY_INACTIVE', `no public key lies under ${Prefix.keys}`);
  return keys;
}

async function readOwnEvent(archive: Archive, trusted: Trusted, key: string): Promise<StoredEvent> {
  const object = await archive.read(key);
  if (!object) throw new DomainError('NOT_FOUND', 'the object is gone');
  openCountersigned(object.bytes, (keyid) => trusted.get(keyid));
  return readEvent({ ...object, requestId: requestIdOf(object) }, key);
}

type StoredEvent = ReturnType<typeof readEvent>;

/** Every revision of every key, in the order in which they were recorded. */
type KeyHistory = ReadonlyMap<string, readonly { readonly from: string; readonly key: KeyRecord }[]>;

/** Applies each stream in the order of its numbers. The evidence key's comes first, then principals, then holds. */
async function foldEvents(tables: TableWriter, events: readonly StoredEvent[]): Promise<KeyHistory> {
  const principals = new Map<string, Principal>();
  const history = new Map<string, { from: string; key: KeyRecord }[]>();
  // Object names order the streams and, in each, the numbers.
  for (const { body, record, entries } of events.toSorted((a, b) =>
    a.record.object_key < b.record.object_key ? -1 : 1,
  )) {
    if ('sha256' in body) {
      await tables.hold(holdOf(body, record.sha256));
    } else {
      const before = 'principal' in body ? principals.get(body.principal.unique_id) : undefined;
      const change = registryChange(body, before);
      if ('principal' in change) principals.set(change.principal.unique_id, change.principal);
      if (change.kind === 'key-changed') {
        history.set(change.key.keyid, [
          ...(history.get(change.key.keyid) ?? []),
          { from: change.recordedAt, key: change.key },
        ]);
      }
      await tables.registry(change);
    }
    await tables.evidence(record, entries);
  }
  return history;
}

async function readEvidence(archive: Archive, trusted: Trusted, history: KeyHistory, key: string) {
  const stored = await archive.read(key);
  if (!stored) throw new DomainError('NOT_FOUND', 'the receipt is gone');
  const { statement, keyid } = openCountersigned(stored.bytes, (id) => trusted.get(id));
  const receipt = parseReceipt(statement);
  const { bytes, versionId } = stored;
  const issued = { receipt, bytes, versionId, requestId: requestIdOf(stored), evidenceKeyid: keyid };
  if (receipt.evidence.kind === 'artifact') {
    const record = artifactRecord(issued);
    return { record, entries: artifactEntries(record) };
  }
  checkKeyWasGood(history, receipt.verified_key?.keyid, receipt.received_at);
  const object = await archive.read(receipt.storage.key, receipt.storage.version_id);
  if (!object || sha256Hex(object.bytes) !== receipt.evidence.sha256) {
    throw new DomainError('INTEGRITY_FAILURE', 'the stored bytes are not those that the receipt names');
  }
  const submission = await parseSubmission(object.bytes, 'any');
  const record = attestationRecord(submission, issued);
  return { record, entries: indexEntries(record, submission.content) };
}

function checkKeyWasGood(history: KeyHistory, keyid: string | undefined, receivedAt: string): void {
  if (keyid === undefined) return;
  const then = history.get(keyid)?.findLast(({ from }) => from <= receivedAt)?.key;
  if (!then) throw new DomainError('KEY_UNKNOWN', 'its key was not registered when it was received');
  if (then.revoked)
    throw new DomainError('KEY_REVOKED', 'its key was revoked before it was received; the commit was refused');
}
