import { DomainError } from '../core/errors.ts';
import { type EvidenceRecord, type IndexEntry, indexEntries } from '../core/evidence.ts';
import { objectKey } from '../core/layout.ts';
import type { Receipt } from '../core/receipt.ts';
import type { Complete, Parts, PutArtifact } from '../core/requests.ts';
import { MAX_PARTS } from '../core/requests.ts';
import {
  type CountersignDeps,
  findReceipt,
  type IssuedReceipt,
  issueReceipt,
  requireEvidenceKey,
  retainUntil,
} from './countersign.ts';
import { keepArtifact, lockArtifact } from './keep-artifact.ts';
import type {
  ArtifactStore,
  CallerContext,
  Ledger,
  SignedRequest,
  StagedUpload,
  StagingStore,
  Uploads,
} from './ports.ts';
import { type Caller, receiptPrincipal, recordOfReceipt } from './submit-evidence.ts';

export interface ArtifactDeps extends CountersignDeps {
  readonly ledger: Ledger;
  readonly uploads: Uploads;
  readonly artifacts: ArtifactStore;
  readonly staging: StagingStore;
  readonly cachedContext: (uniqueId: string) => Promise<CallerContext>;
  readonly forgetContext: (uniqueId: string) => boolean;
  readonly newName: () => string;
  /** Largest artifact in bytes that one PUT may carry. */
  readonly singlePutMax: number;
  /** Starts the verifier on a staged upload, at least once. */
  readonly startVerifier: (job: VerifyJob) => Promise<void>;
}

/** What the verifier is asked to do; it hands the same on to itself with more of it done. */
export interface VerifyJob {
  readonly sha256: string;
  readonly name: string;
  readonly size: number;
  readonly etag: string;
  readonly media_type: string;
  readonly environment: PutArtifact['environment'];
  readonly caller: Caller;
  /** Bytes that are hashed already, and the state of the hash after them (base64). */
  readonly offset: number;
  readonly hash_state?: string;
  /** What is hashed instead of the staged object: something at the final key that S3 has no digest of. */
  readonly stored?: { readonly version_id: string; readonly size: number };
}

export type ArtifactOutcome =
  | {
      readonly status: 'verified';
      readonly created: boolean;
      readonly record: EvidenceRecord;
      /** Until when it is locked now: the receipt says what it was locked for at first. */
      readonly lockedUntil: Date;
    }
  | { readonly status: 'unverified'; readonly put: SignedRequest }
  | {
      readonly status: 'unverified';
      readonly multipart: StagedUpload;
      readonly part_size: number;
      readonly parts: number;
    }
  | { readonly status: 'unverified'; readonly verifying: number };

const MIB = 1024 * 1024;

/** Parts as small as S3's limit on their number allows, so that little is sent again after a broken connection. */
export function partSize(size: number): number {
  return Math.max(64 * MIB, Math.ceil(size / MAX_PARTS / MIB) * MIB);
}

/**
 * Says how to upload an artifact, or that it is evidence already, which is then kept for as long as is asked now. The same
 * call made again after the upload turns the object into evidence: S3 checked the digest that was signed into the request,
 * and tells it.
 */
export async function putArtifact(deps: ArtifactDeps, request: PutArtifact, caller: Caller): Promise<ArtifactOutcome> {
  const context = await requirePrincipal(deps, caller);
  const until = retainUntil(deps.retention, request.environment, deps.clock());
  const known = await deps.ledger.findArtifact(request.sha256);
  if (known) {
    return { status: 'verified', created: false, record: known, lockedUntil: await keepArtifact(deps, known, until) };
  }
  const object = await deps.artifacts.head(request.sha256);
  if (object?.sha256 === request.sha256) {
    const { versionId, size, contentType: media_type } = object;
    const locked = await lockArtifact(deps, request.sha256, object, until);
    const placed = { ...request, versionId, size, media_type, retainUntil: locked };
    const { created, record } = await recordArtifact(deps, placed, caller, context);
    return { status: 'verified', created, record, lockedUntil: await keepArtifact(deps, record, until) };
  }
  if (object?.sha256 !== undefined) {
    throw new DomainError('INTEGRITY_FAILURE', `the object named ${request.sha256} holds other bytes`);
  }
  if (!object && request.size <= deps.singlePutMax) {
    return {
      status: 'unverified',
      put: await deps.artifacts.presignPut(request.sha256, { contentType: request.media_type, retainUntil: until }),
    };
  }
  // What lies there without a digest of the whole is an interrupted verification's, or anyone's: only the verifier can tell.
  const size = partSize(request.size);
  const multipart = await deps.staging.begin(request.sha256, deps.newName());
  return { status: 'unverified', multipart, part_size: size, parts: Math.max(1, Math.ceil(request.size / size)) };
}

/** Signs one request for each of the parts `from` to `to` of an upload that {@link putArtifact} began. */
export async function presignParts(deps: ArtifactDeps, sha256: string, { upload, from, to }: Parts, caller: Caller) {
  await requirePrincipal(deps, caller);
  return await deps.staging.presignParts({ sha256, ...upload }, from, to);
}

/** Closes a staged upload and has it verified. Crash before the verifier starts: the same call again starts it. */
export async function completeUpload(
  deps: ArtifactDeps,
  sha256: string,
  request: Complete,
  caller: Caller,
): Promise<ArtifactOutcome> {
  await requirePrincipal(deps, caller);
  const { upload, parts, media_type, environment } = request;
  const object = await deps.staging.complete({ sha256, ...upload }, parts);
  const { name } = upload;
  const { size } = object;
  const begun = await deps.uploads.findUpload(sha256, name);
  // A verifier that has said something runs; one that has not was perhaps never started, and two do no harm.
  if (begun === undefined || begun.verified_bytes === 0) {
    const updated_at = deps.clock().toISOString();
    await deps.uploads.saveUpload({ sha256, name, state: 'verifying', size, verified_bytes: 0, updated_at });
    await deps.startVerifier({ sha256, name, ...object, media_type, environment, caller, offset: 0 });
  }
  return { status: 'unverified', verifying: size };
}

async function requirePrincipal(deps: ArtifactDeps, caller: Caller): Promise<CallerContext> {
  const context = await deps.cachedContext(caller.uniqueId);
  if (context.principal) return context;
  throw new DomainError('PRINCIPAL_UNKNOWN', `${caller.arn} (${caller.uniqueId}) is not registered`, {
    hint: 'the key admin registers the role with `countersign principals register`',
  });
}

export interface PlacedArtifact {
  readonly sha256: string;
  readonly size: number;
  readonly media_type: string;
  readonly environment: PutArtifact['environment'];
  readonly versionId: string;
  readonly retainUntil: Date;
}

/**
 * Countersigns an artifact whose bytes are proven and lie at their final key. Crash between receipt and commit: the next call
 * finds the receipt and goes on.
 */
export async function recordArtifact(
  deps: CountersignDeps & Pick<ArtifactDeps, 'ledger' | 'cachedContext' | 'forgetContext'>,
  artifact: PlacedArtifact,
  caller: Caller,
  context: CallerContext,
  again = false,
): Promise<{ readonly created: boolean; readonly record: EvidenceRecord }> {
  const { principal } = context;
  if (!principal) throw new DomainError('PRINCIPAL_UNKNOWN', `${caller.arn} is not registered`);
  const key = requireEvidenceKey(context.evidenceKey, deps.signer);
  const receipt: Receipt = {
    evidence: { sha256: artifact.sha256, size: artifact.size, media_type: artifact.media_type, kind: 'artifact' },
    received_at: deps.clock().toISOString(),
    principal: receiptPrincipal(principal, caller),
    verified_key: null,
    statement: null,
    storage: {
      key: objectKey.artifact(artifact.sha256),
      version_id: artifact.versionId,
      retain_until: artifact.retainUntil.toISOString(),
      lock_mode: deps.retention.mode,
    },
    environment: artifact.environment,
    flags: [],
    stage: deps.stage,
  };
  const issued = (await findReceipt(deps.store, receipt, key)) ?? (await issueReceipt(deps, receipt, key));
  const record = artifactRecord(issued);
  const outcome = await deps.ledger.commit(record, artifactEntries(record), {
    uniqueId: principal.unique_id,
    revision: principal.revision,
  });
  switch (outcome) {
    case 'committed':
      return { created: true, record };
    case 'exists':
      return { created: false, record };
    case 'principal-changed':
      // What was remembered may be older than the registration: asked for once more, it is what is there now.
      deps.forgetContext(caller.uniqueId);
      if (!again) return await recordArtifact(deps, artifact, caller, await deps.cachedContext(caller.uniqueId), true);
      throw new DomainError('REVISION_CONFLICT', "the caller's registration changed meanwhile", {
        hint: 'send the same request again',
        retryAfterMs: 1000,
      });
  }
}

/** The index row of an artifact follows from its receipt alone. */
export function artifactRecord(issued: IssuedReceipt): EvidenceRecord {
  return { ...recordOfReceipt(issued.receipt, issued), form: 'artifact' };
}

export function artifactEntries(record: EvidenceRecord): IndexEntry[] {
  return indexEntries(record, {
    predicateType: undefined,
    manifest: undefined,
    subjects: [],
    inputs: [],
    outputs: [],
    mentions: [record.sha256],
    commits: [],
    runIds: [],
    attributes: [],
    result: undefined,
    forModels: [],
    scanner: undefined,
  });
}
