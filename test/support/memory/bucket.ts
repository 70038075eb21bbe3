import type {
  ArtifactStore,
  Clock,
  EvidenceStore,
  ObjectHead,
  PutOptions,
  StoredObject,
} from '../../../lib/app/ports.ts';
import type { Archive, ArchivedObject } from '../../../lib/app/reindex.ts';
import { Prefix } from '../../../lib/contracts/storage.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { isLostSignature, objectKey } from '../../../lib/core/layout.ts';
import { InvariantBroken, type Step, type Steps } from './steps.ts';

export interface MemoryObject extends StoredObject {
  readonly contentType: string;
  /** False where S3 has no digest of the whole object: a multipart upload or copy. */
  readonly wholeDigest: boolean;
  legalHold: boolean;
}

/** The evidence bucket: every key has one version for ever. */
export class MemoryBucket implements Archive, ArtifactStore {
  readonly objects = new Map<string, MemoryObject>();
  readonly #steps: Steps;
  readonly #clock: Clock;

  constructor(steps: Steps, clock: Clock) {
    this.#steps = steps;
    this.#clock = clock;
  }

  readonly putOnce: EvidenceStore['putOnce'] = (key, bytes, options) =>
    this.#steps.take(stepOf(key), () => (this.objects.has(key) ? undefined : this.place(key, bytes, options)));

  readonly read: EvidenceStore['read'] = (key, versionId) =>
    this.#steps.read(() => {
      const object = this.objects.get(key);
      if (!object || (versionId ?? object.versionId) !== object.versionId) return undefined;
      if (versionId === undefined && this.deleteMarkers.has(key)) return undefined;
      return { ...object, bytes: Buffer.from(object.bytes) };
    });

  readonly extendRetention: EvidenceStore['extendRetention'] = (key, versionId, until) =>
    this.#steps.take('extend-retention', () => {
      const object = this.objects.get(key);
      if (object?.versionId !== versionId) throw new InvariantBroken(`${key} has no version ${versionId}`);
      const held = new Date(Math.max(until.getTime(), object.retainUntil.getTime()));
      this.objects.set(key, { ...object, retainUntil: held });
      return held;
    });

  /** Delete markers by key: they hide an object from whoever names no version. */
  readonly deleteMarkers = new Map<string, number>();

  async *list(prefix: string): AsyncGenerator<ArchivedObject> {
    for (const [key, { versionId }] of [...this.objects].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      if (!key.startsWith(prefix)) continue;
      yield { key, versionId, laterVersions: 0, deleteMarkers: this.deleteMarkers.get(key) ?? 0 };
    }
  }

  readonly head = (sha256: string): Promise<ObjectHead | undefined> =>
    this.#steps.read(() => {
      const object = this.objects.get(objectKey.artifact(sha256));
      if (!object) return undefined;
      const { versionId, bytes, contentType, retainUntil, wholeDigest } = object;
      return {
        versionId,
        size: bytes.length,
        contentType,
        retainUntil,
        sha256: wholeDigest ? sha256Hex(bytes) : undefined,
      };
    });

  readonly presignPut: ArtifactStore['presignPut'] = (sha256, options) =>
    this.#steps.read(() => ({
      url: `memory:${objectKey.artifact(sha256)}`,
      headers: {
        'x-amz-checksum-sha256': Buffer.from(sha256, 'hex').toString('base64'),
        'content-type': options.contentType,
      },
      expires_at: this.#clock().toISOString(),
    }));

  readonly stream: ArtifactStore['stream'] = async (sha256, versionId, start, end) => {
    const { bytes } = await this.#steps.read(() => this.require(objectKey.artifact(sha256), versionId));
    return (async function* () {
      yield bytes.subarray(start, end);
    })();
  };

  /** What S3 does with an upload through a presigned PUT: wrong bytes and occupied keys are refused. */
  upload(sha256: string, bytes: Uint8Array, options: PutOptions): boolean {
    const key = objectKey.artifact(sha256);
    if (sha256Hex(bytes) !== sha256 || this.objects.has(key)) return false;
    this.place(key, bytes, options);
    return true;
  }

  /** @returns the version id */
  place(key: string, bytes: Uint8Array, options: PutOptions, wholeDigest = true): string {
    if (this.objects.has(key)) throw new InvariantBroken(`${key} is overwritten`);
    const now = this.#clock();
    if (options.retainUntil <= now) throw new InvariantBroken(`${key} is written without a lock`);
    const versionId = `version-${this.objects.size + 1}`;
    this.objects.set(key, {
      bytes: Buffer.from(bytes),
      versionId,
      retainUntil: options.retainUntil,
      lastModified: now,
      metadata: { ...options.metadata },
      contentType: options.contentType,
      wholeDigest,
      legalHold: false,
    });
    return versionId;
  }

  /** The object that a record names, by key and version. */
  require(key: string, versionId: string | undefined): MemoryObject {
    const object = this.objects.get(key);
    if (object?.versionId === versionId && object) return object;
    throw new InvariantBroken(`${key} has no version ${versionId}`);
  }
}

function stepOf(key: string): Step {
  if (key.startsWith(Prefix.attestations)) return 'put-attestation';
  if (isLostSignature(key)) return 'note-lost-signature';
  if (key.startsWith(Prefix.receipts)) return 'put-receipt';
  if (key.startsWith(Prefix.events)) return 'put-event';
  if (key.startsWith(Prefix.keys)) return 'put-public-key';
  if (key.startsWith(`${Prefix.gates}inputs/`)) return 'put-gate-input';
  if (key.startsWith(Prefix.policies)) return 'put-policy';
  if (key.startsWith(Prefix.gates)) return 'put-decision';
  if (key.startsWith(Prefix.releases)) return 'put-release';
  if (key.startsWith(Prefix.approvals)) return 'put-approval';
  if (key.startsWith(Prefix.simulations)) return 'put-report';
  throw new InvariantBroken(`${key} lies outside the layout`);
}
