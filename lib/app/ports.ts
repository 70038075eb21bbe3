import type { EvidenceRecord, IndexEntry } from '../core/evidence.ts';
import type { KeyRecord, Principal } from '../core/registry.ts';

/** Now, as the control plane sees it. */
export type Clock = () => Date;

/** Waits; tests pass one that does not. */
export type Sleep = (milliseconds: number) => Promise<void>;

/** Facts worth keeping in the log. Never evidence bytes, tokens or signatures. */
export interface Log {
  info(event: string, fields: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields: Readonly<Record<string, unknown>>): void;
}

export interface StoredObject {
  readonly bytes: Buffer;
  readonly versionId: string;
  readonly retainUntil: Date;
  readonly lastModified: Date;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface PutOptions {
  readonly contentType: string;
  readonly retainUntil: Date;
  /** Kept with the object; ASCII values. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Write-once storage of bytes. */
export interface EvidenceStore {
  /**
   * When it resolves to a version id, the bytes are durable, locked until `retainUntil`, and their SHA-256 was checked by the
   * store. Resolves to undefined, having written nothing, when something lies under the key already.
   */
  putOnce(key: string, bytes: Uint8Array, options: PutOptions): Promise<string | undefined>;
  /** The named version, or the one under the key (nothing may overwrite it); undefined when there is none. */
  read(key: string, versionId?: string): Promise<StoredObject | undefined>;
}

/** A commit is on condition of what was read before. */
export type CommitOutcome =
  /** All items are durable and readable. */
  | 'committed'
  /** Nothing was written: the evidence or its statement is there already. */
  | 'exists'
  /** Nothing was written: the principal, or one of its keys, changed since it was read. */
  | 'principal-changed';

/** The caller's principal, as read, on whose revision a commit depends. */
export interface Guard {
  readonly uniqueId: string;
  readonly revision: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Sort key after which the next page begins; undefined on the last page. */
  readonly next: string | undefined;
}

/** The evidence table. Every read is consistent. */
export interface Ledger {
  find(sha256: string): Promise<EvidenceRecord | undefined>;
  findStatement(identity: string): Promise<EvidenceRecord | undefined>;
  /** Writes the evidence, its statement identity and its index entries in one transaction, or nothing. */
  commit(record: EvidenceRecord, entries: readonly IndexEntry[], guard: Guard | undefined): Promise<CommitOutcome>;
  /** One page of one look-up in the order of its sort keys; `after` is a sort key. */
  list(
    partition: string,
    options: { readonly limit: number; readonly after?: string | undefined; readonly newestFirst?: boolean },
  ): Promise<Page<IndexEntry>>;
}

/** The public half of the key that countersigns. */
export interface EvidenceKey {
  readonly keyid: string;
  readonly public_key: string;
  readonly kms_key_arn: string;
  readonly activated_at: string;
}

/** What a submission is judged by; one read. */
export interface CallerContext {
  readonly principal: Principal | undefined;
  readonly evidenceKey: EvidenceKey | undefined;
}

/** A change of the registry, written in the same transaction as the event that records it. */
export type RegistryChange =
  | { readonly kind: 'principal-created'; readonly principal: Principal }
  | {
      readonly kind: 'key-changed';
      readonly principal: Principal;
      readonly key: KeyRecord;
      readonly recordedAt: string;
      readonly isNew: boolean;
    }
  | { readonly kind: 'evidence-key-activated'; readonly key: EvidenceKey; readonly previous: EvidenceKey | undefined };

/** The registry table. Every read is consistent. */
export interface Registry {
  context(uniqueId: string): Promise<CallerContext>;
  evidenceKey(): Promise<EvidenceKey | undefined>;
  evidenceKeys(): Promise<readonly EvidenceKey[]>;
  principalByName(name: string): Promise<Principal | undefined>;
  /** Name of the principal that a key is registered for. */
  keyOwner(keyid: string): Promise<string | undefined>;
  /** The key as it was recorded at a time, or as it is. */
  keyAt(keyid: string, at: Date): Promise<KeyRecord | undefined>;
  /** Writes the event's evidence and the change in one transaction, or nothing (`exists`, `principal-changed`). */
  apply(event: EvidenceRecord, entries: readonly IndexEntry[], change: RegistryChange): Promise<CommitOutcome>;
}

/** Signs with the evidence key. */
export interface Signer {
  /** @param digest - SHA-256 of the message. @returns DER, and the id under which CloudTrail has the request */
  sign(digest: Uint8Array): Promise<{ readonly signature: Buffer; readonly requestId: string }>;
  readonly keyArn: string;
}
