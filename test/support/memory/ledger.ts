import { isDeepStrictEqual } from 'node:util';
import type { GateLedger } from '../../../lib/app/gate/ports.ts';
import type { Guard, Ledger } from '../../../lib/app/ports.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import type { EvidenceRecord, IndexEntry } from '../../../lib/core/evidence.ts';
import { objectKey } from '../../../lib/core/layout.ts';
import type { MemoryBucket } from './bucket.ts';
import { InvariantBroken, type Steps } from './steps.ts';

/** The evidence table. Nothing in it ever changes or goes, and nothing comes into it whose bytes are not in the bucket. */
export class MemoryLedger implements Ledger, GateLedger {
  readonly records = new Map<string, EvidenceRecord>();
  /** Statement identity to evidence. */
  readonly statements = new Map<string, string>();
  /** Partition to sort key to entry. */
  readonly entries = new Map<string, Map<string, IndexEntry>>();
  readonly #steps: Steps;
  readonly #bucket: MemoryBucket | undefined;
  readonly #unchanged: (guard: Guard) => boolean;

  /** @param bucket - where the bytes of every record must lie; left out where a test has none */
  constructor(steps: Steps, bucket: MemoryBucket | undefined, unchanged: (guard: Guard) => boolean) {
    this.#steps = steps;
    this.#bucket = bucket;
    this.#unchanged = unchanged;
  }

  readonly find: Ledger['find'] = (sha256) => this.#steps.read(() => structuredClone(this.records.get(sha256)));

  readonly findMany: GateLedger['findMany'] = (sha256s) =>
    this.#steps.read(() => {
      const found = sha256s.flatMap((sha256) => this.records.get(sha256) ?? []);
      return new Map(structuredClone(found).map((record) => [record.sha256, record]));
    });

  readonly findArtifacts = (sha256s: readonly string[]): Promise<ReadonlyMap<string, EvidenceRecord>> =>
    this.#steps.read(() => {
      const found = sha256s.flatMap((sha256) => this.records.get(`artifact#${sha256}`) ?? []);
      return new Map(structuredClone(found).map((record) => [record.sha256, record]));
    });

  readonly findArtifact: Ledger['findArtifact'] = (sha256) =>
    this.#steps.read(() => structuredClone(this.records.get(`artifact#${sha256}`)));

  readonly findStatement: Ledger['findStatement'] = (identity) =>
    this.#steps.read(() => structuredClone(this.records.get(this.statements.get(identity) ?? '')));

  readonly commit: Ledger['commit'] = (record, entries, guard) =>
    this.#steps.take('commit', () => {
      if (this.holds(record)) return 'exists';
      if (guard && !this.#unchanged(guard)) return 'principal-changed';
      this.write(record, entries);
      return 'committed';
    });

  readonly list: Ledger['list'] = (partition, { limit, after, newestFirst = false }) =>
    this.#steps.read(() => {
      const ascending = [...(this.entries.get(partition) ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1));
      const ordered = newestFirst ? ascending.toReversed() : ascending;
      const rest = ordered.filter(([sk]) => after === undefined || (newestFirst ? sk < after : sk > after));
      const page = rest.slice(0, limit);
      return {
        items: structuredClone(page.map(([, entry]) => entry)),
        next: rest.length > limit ? page.at(-1)?.[0] : undefined,
      };
    });

  holds(record: EvidenceRecord): boolean {
    return this.records.has(idOf(record)) || this.statements.has(record.statement_identity ?? '');
  }

  /** The part of a transaction that concerns this table; the caller has checked that it may. */
  write(record: EvidenceRecord, entries: readonly IndexEntry[]): void {
    if (this.holds(record)) throw new InvariantBroken(`evidence ${record.sha256} is overwritten`);
    if (this.#bucket) requireBytes(this.#bucket, record);
    this.records.set(idOf(record), structuredClone(record));
    if (record.statement_identity !== undefined) this.statements.set(record.statement_identity, record.sha256);
    for (const entry of entries) {
      const partition = this.entries.get(entry.pk) ?? new Map<string, IndexEntry>();
      const before = partition.get(entry.sk);
      if (before && !isDeepStrictEqual(before, entry))
        throw new InvariantBroken(`the entry ${entry.pk} ${entry.sk} changes`);
      this.entries.set(entry.pk, partition.set(entry.sk, structuredClone(entry)));
    }
  }
}

/** An index row must never come before what it speaks of is durable. */
function requireBytes(bucket: MemoryBucket, record: EvidenceRecord): void {
  const object = bucket.require(record.object_key, record.version_id);
  if (sha256Hex(object.bytes) !== record.sha256) throw new InvariantBroken(`${record.object_key} has another digest`);
  if (record.receipt === undefined) return;
  const receipt = bucket.require(objectKey.receipt(record.sha256, record.kind), record.receipt_version_id);
  if (receipt.bytes.toString('utf8') !== record.receipt)
    throw new InvariantBroken(`${record.sha256} has another receipt`);
}

/** An artifact and an attestation of the same bytes are two. */
function idOf({ kind, sha256 }: EvidenceRecord): string {
  return kind === 'artifact' ? `artifact#${sha256}` : sha256;
}
