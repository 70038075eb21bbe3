import type { Contact, RecordedApprover } from '../core/approver.ts';
import type { EvidenceRecord, IndexEntry } from '../core/evidence.ts';
import type { EvidenceKey } from '../core/evidence-key.ts';
import type { RecordedKey } from '../core/key-history.ts';
import type { Activation, PolicyRecord, RecordedActivation } from '../core/policy.ts';
import type { KeyRecord, Principal } from '../core/registry.ts';
import type { RecordedWaiver } from '../core/waiver.ts';
import type { RecordedSubscription, SealedSecrets } from '../core/webhooks/subscription.ts';

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
  /**
   * Locks one version at least until then; a lock is never shortened.
   * @returns until when it is locked now: another may have asked for longer
   */
  extendRetention(key: string, versionId: string, until: Date): Promise<Date>;
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
  /** An attestation or event by the digest of its bytes. */
  find(sha256: string): Promise<EvidenceRecord | undefined>;
  findArtifact(sha256: string): Promise<EvidenceRecord | undefined>;
  findStatement(identity: string): Promise<EvidenceRecord | undefined>;
  /** Writes the evidence, its statement identity and its index entries in one transaction, or nothing. */
  commit(record: EvidenceRecord, entries: readonly IndexEntry[], guard: Guard | undefined): Promise<CommitOutcome>;
  /** One page of one look-up in the order of its sort keys; `after` is a sort key. */
  list(
    partition: string,
    options: { readonly limit: number; readonly after?: string | undefined; readonly newestFirst?: boolean },
  ): Promise<Page<IndexEntry>>;
}

/** Whether evidence is kept beyond its retention, for whom and why. */
export interface Hold {
  readonly sha256: string;
  readonly state: 'on' | 'off';
  readonly reason: string;
  readonly by: string;
  readonly at: string;
  /** Digest of the event that is the evidence of it. */
  readonly event: string;
  readonly revision: number;
}

export interface Holds {
  /** Consistent read; undefined when the evidence was never on hold. */
  findHold(sha256: string): Promise<Hold | undefined>;
  /** Writes the event's evidence and the hold, on condition that the hold is at the revision before, or nothing. */
  commitHold(event: EvidenceRecord, entries: readonly IndexEntry[], hold: Hold): Promise<CommitOutcome>;
  /** S3 Object Lock legal hold on one version. Setting it again is no error. */
  setLegalHold(key: string, versionId: string, on: boolean): Promise<void>;
}

/** A copy to the final key, which the runs of a verifier carry on one after the other. */
export interface Copy {
  /** S3's multipart upload id. */
  readonly id: string;
  /** Bytes copied so far, from the first on. */
  readonly bytes: number;
  /** The version that it became. */
  readonly version_id?: string;
}

/** Where one upload through staging stands while its artifact is not evidence yet. */
export interface Upload {
  readonly sha256: string;
  /** The uploader's own: what becomes of one upload says nothing of another that announced the same digest. */
  readonly name: string;
  /** mismatch: other bytes arrived. occupied: other bytes lie at the final key. */
  readonly state: 'verifying' | 'copying' | 'mismatch' | 'occupied';
  readonly size: number;
  /** Bytes that the verifier has hashed so far. */
  readonly verified_bytes: number;
  readonly copy?: Copy;
  /** Digest that was found instead; only of a mismatch. */
  readonly actual?: string;
  readonly updated_at: string;
}

export interface Uploads {
  /** Consistent read. */
  findUpload(sha256: string, name: string): Promise<Upload | undefined>;
  /** Kept for a week, then forgotten. */
  saveUpload(upload: Upload): Promise<void>;
}

export interface SignedRequest {
  readonly url: string;
  /** Headers that were signed and must be sent as they are. */
  readonly headers: Readonly<Record<string, string>>;
  readonly expires_at: string;
}

/** An object as S3 describes it, without its bytes. */
export interface ObjectHead {
  readonly versionId: string;
  readonly size: number;
  readonly contentType: string;
  /** Hex SHA-256 that S3 computed over the whole object; undefined when it has none (multipart). */
  readonly sha256: string | undefined;
  readonly retainUntil: Date;
}

/** Artifacts at their final key. */
export interface ArtifactStore {
  head(sha256: string): Promise<ObjectHead | undefined>;
  /** A PUT that S3 accepts only with bytes of this digest, under a lock, and only where nothing lies yet. */
  presignPut(sha256: string, options: PutOptions): Promise<SignedRequest>;
  /** Bytes of one version from `start` (inclusive) to `end` (exclusive). */
  stream(sha256: string, versionId: string, start: number, end: number): Promise<AsyncIterable<Uint8Array>>;
}

/** One multipart upload into the staging bucket. */
export interface StagedUpload {
  readonly sha256: string;
  readonly name: string;
  readonly id: string;
}

export interface StagedObject {
  readonly size: number;
  readonly etag: string;
}

/** An upload that was closed: one object, as it was then. */
export interface ClosedUpload extends StagedObject, Pick<StagedUpload, 'sha256' | 'name'> {}

/** Uploads that are too large for one PUT. What lies here is not evidence and expires. */
export interface StagingStore {
  begin(sha256: string, name: string): Promise<StagedUpload>;
  presignParts(
    upload: StagedUpload,
    from: number,
    to: number,
  ): Promise<readonly ({ readonly part_number: number } & SignedRequest)[]>;
  /**
   * Closes an upload; one that is closed already is answered with the object that it became.
   * @throws DomainError UPLOAD_NOT_FOUND or UPLOAD_INCOMPLETE
   */
  complete(
    upload: StagedUpload,
    parts: readonly { readonly part_number: number; readonly etag: string }[],
  ): Promise<StagedObject>;
  /** Bytes from `start` (inclusive) to `end` (exclusive) of the object as it was; fails when it changed since. */
  stream(
    upload: Pick<StagedUpload, 'sha256' | 'name'>,
    etag: string,
    start: number,
    end: number,
  ): Promise<AsyncIterable<Uint8Array>>;
  /** Begins a copy to the final key, where nothing appears until it is finished. @returns its id */
  beginCopy(upload: Pick<StagedUpload, 'sha256' | 'name'>, options: PutOptions): Promise<string>;
  /**
   * Copies the next parts of that very object, server-side; the same parts again is no error.
   * @returns bytes copied so far; undefined when there is no such copy any more: it was finished, or it expired
   */
  copyParts(upload: ClosedUpload, copy: Copy): Promise<number | undefined>;
  /**
   * Makes the copied parts the object at the final key, locked as it was begun.
   * @returns its version; undefined when something lies there already, or there is no such copy any more
   */
  finishCopy(upload: ClosedUpload, copy: Copy): Promise<string | undefined>;
  discard(upload: Pick<StagedUpload, 'sha256' | 'name'>): Promise<void>;
}

/** What a submission is judged by; one read. */
export interface CallerContext {
  readonly principal: Principal | undefined;
  readonly evidenceKey: EvidenceKey | undefined;
}

/** Whose a name or a key is. */
export interface Taken {
  /** Unique id of a role, or name of a principal. */
  readonly owner: string;
  /** When it was reserved; only until an event gives it to its owner. */
  readonly reserved_at?: string;
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
  | { readonly kind: 'evidence-key-activated'; readonly key: EvidenceKey }
  | { readonly kind: 'policy-changed'; readonly policy: PolicyRecord }
  | { readonly kind: 'policy-activated'; readonly activation: RecordedActivation }
  | { readonly kind: 'waiver-changed'; readonly waiver: RecordedWaiver }
  | {
      readonly kind: 'approver-changed';
      readonly approver: RecordedApprover;
      /** Undefined: what lies there stays, unless the record says that it is erased. No event can tell it. */
      readonly contact: Contact | undefined;
    }
  | {
      readonly kind: 'webhook-changed';
      readonly webhook: RecordedSubscription;
      /** Undefined: what lies there stays. No event can tell it. */
      readonly sealed: SealedSecrets | undefined;
    };

export interface WaiverPage {
  readonly waivers: readonly RecordedWaiver[];
  /** Where the next page begins; undefined after the last. */
  readonly next: string | undefined;
}

/** The registry table. Every read is consistent. */
export interface Registry {
  context(uniqueId: string): Promise<CallerContext>;
  evidenceKey(): Promise<EvidenceKey | undefined>;
  evidenceKeys(): Promise<readonly EvidenceKey[]>;
  /** The principal that bears the name; one that only reserved it does not. */
  principalByName(name: string): Promise<Principal | undefined>;
  /**
   * Takes a name for a role before any event says so, at a time.
   *
   * @param abandoned - another's reservation, to be taken over if it still is as it was read
   * @returns undefined when it is the role's, else whose it is
   */
  reserveName(name: string, uniqueId: string, at: Date, abandoned?: Taken): Promise<Taken | undefined>;
  /** The same of a keyid, for a principal by its name. */
  reserveKey(keyid: string, principal: string, at: Date, abandoned?: Taken): Promise<Taken | undefined>;
  /** Name of the principal that a key is registered or reserved for. */
  keyOwner(keyid: string): Promise<string | undefined>;
  /** The key as it was recorded at a time, or as it is. */
  keyAt(keyid: string, at: Date): Promise<KeyRecord | undefined>;
  /** Every revision of a key in the order in which they were recorded; none of a key that is not registered. */
  keyHistory(keyid: string): Promise<readonly RecordedKey[]>;
  policy(sha256: string): Promise<PolicyRecord | undefined>;
  /** Every policy that was proposed, newest first. */
  policies(): Promise<readonly PolicyRecord[]>;
  /**
   * The newest activation of the main policy and of each slot: as they are now, in one read whatever the clocks say, or as they
   * were at a time.
   */
  activations(at?: Date): Promise<readonly Activation[]>;
  /** Every activation of every slot, oldest first. */
  activationHistory(): Promise<readonly RecordedActivation[]>;
  waiver(id: string): Promise<RecordedWaiver | undefined>;
  /** Those whose time is not over at an instant, also if they were ended; undefined when they are too many to be read. */
  waivers(at: Date): Promise<readonly RecordedWaiver[] | undefined>;
  /** All of them, a page at a time, the one whose time ends last first. */
  waiverPage(page: { readonly limit: number; readonly after: string | undefined }): Promise<WaiverPage>;
  /** Writes the event's evidence and the change in one transaction, or nothing (`exists`, `principal-changed`). */
  apply(event: EvidenceRecord, entries: readonly IndexEntry[], change: RegistryChange): Promise<CommitOutcome>;
}

/** Signs with the evidence key. */
export interface Signer {
  /** @param digest - SHA-256 of the message. @returns DER, and the id under which CloudTrail has the request */
  sign(digest: Uint8Array): Promise<{ readonly signature: Buffer; readonly requestId: string }>;
  readonly keyArn: string;
}
