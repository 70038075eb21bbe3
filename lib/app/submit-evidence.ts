import type { Stage } from '../contracts/predicates.ts';
import { DomainError } from '../core/errors.ts';
import { type EvidenceRecord, indexEntries, MAX_INLINE_BYTES } from '../core/evidence.ts';
import type { EvidenceKey } from '../core/evidence-key.ts';
import { objectKey } from '../core/layout.ts';
import type { Receipt, ReceiptPrincipal } from '../core/receipt.ts';
import {
  checkAuthority,
  checkPrincipal,
  checkValidity,
  environmentOf,
  type Flag,
  findSigner,
  judgeTimestamp,
  type KeyRecord,
  type Principal,
} from '../core/registry.ts';
import { type Endpoint, parseSubmission, type Submission, statementIdentity } from '../core/submission.ts';
import {
  type CountersignDeps,
  findReceipt,
  type IssuedReceipt,
  issueReceipt,
  requireEvidenceKey,
  retainUntil,
} from './countersign.ts';
import type { CallerContext, Ledger, Registry, Sleep } from './ports.ts';

/** Who AWS says is calling. */
export interface Caller {
  readonly uniqueId: string;
  readonly account: string;
  /** ARN as API Gateway shapes it; for a role it ends in the session name. */
  readonly arn: string;
  /** Chosen by the caller: recorded, never trusted. */
  readonly session: string | undefined;
}

export interface SubmitDeps extends CountersignDeps {
  readonly ledger: Ledger;
  readonly registry: Registry;
  /** The registry behind a cache of seconds. A commit is conditional on the revision, so a stale read cannot win. */
  readonly cachedContext: (uniqueId: string) => Promise<CallerContext>;
  /** @returns whether there was something to forget */
  readonly forgetContext: (uniqueId: string) => boolean;
  readonly sleep: Sleep;
  /** Pipeline stages whose unsigned manifests are stored and flagged. */
  readonly unsignedStages: ReadonlySet<Stage>;
}

export interface SubmitOutcome {
  /** False: this statement was evidence already, and nothing was written. */
  readonly created: boolean;
  readonly record: EvidenceRecord;
}

/** What became of the checks: who signed, with which key, and what is remarkable about it. */
interface Verified {
  readonly submission: Submission;
  readonly principal: Principal;
  readonly key: KeyRecord | undefined;
  readonly identity: string;
  readonly evidenceKey: EvidenceKey;
  readonly receivedAt: Date;
  readonly flags: readonly Flag[];
}

/** A key or principal may change this often under one submission before we ask the caller to come again. */
const MAX_PRINCIPAL_CHANGES = 3;

/**
 * Turns signed bytes into evidence with a receipt: DESIGN.md, "Life of a manifest". Parsing and verification write nothing;
 * then four writes in an order in which a crash after any of them is mended by the same bytes coming again.
 */
export async function submitEvidence(
  deps: SubmitDeps,
  bytes: Buffer,
  endpoint: Endpoint,
  caller: Caller,
): Promise<SubmitOutcome> {
  const submission = await parseSubmission(bytes, endpoint);
  for (let attempt = 0; attempt < MAX_PRINCIPAL_CHANGES; attempt++) {
    const verified = await verifyAfresh(deps, submission, caller);
    if ('created' in verified) return verified;
    const outcome = await store(deps, verified, caller, attempt > 0);
    if (outcome) return outcome;
    deps.forgetContext(caller.uniqueId);
  }
  throw new DomainError('DEPENDENCY_UNAVAILABLE', "the caller's registration keeps changing", { retryAfterMs: 1000 });
}

/** What is remembered may be older than a key that was registered since, so a refusal is given on a fresh read only. */
async function verifyAfresh(
  deps: SubmitDeps,
  submission: Submission,
  caller: Caller,
): Promise<Verified | SubmitOutcome> {
  try {
    return await verify(deps, submission, caller);
  } catch (refusal) {
    if (!(refusal instanceof DomainError) || !deps.forgetContext(caller.uniqueId)) throw refusal;
    return await verify(deps, submission, caller);
  }
}

async function verify(deps: SubmitDeps, submission: Submission, caller: Caller): Promise<Verified | SubmitOutcome> {
  const context = await deps.cachedContext(caller.uniqueId);
  const principal = context.principal;
  if (!principal) {
    throw new DomainError('PRINCIPAL_UNKNOWN', `${caller.arn} (${caller.uniqueId}) is not registered`, {
      hint: 'the key admin registers the role with `countersign principals register`',
    });
  }
  const evidenceKey = requireEvidenceKey(context.evidenceKey, deps.signer);
  const enveloped = submission.form === 'sigstore-bundle' || submission.form === 'dsse';
  const receivedAt = deps.clock();
  let key: KeyRecord | undefined;
  try {
    key = submission.signature && (await signer(deps, principal, submission.signature));
  } catch (refusal) {
    // The key that signed may have been revoked and have made room for another since.
    const first = await deps.ledger.find(submission.sha256);
    return firstOr(refusal, first?.principal === principal.name ? first : undefined);
  }
  if (!submission.signature) allowUnsigned(deps, submission);
  checkPrincipal(principal, submission.content, enveloped);
  const identity = statementIdentity(submission.signature?.message ?? submission.bytes, key?.keyid ?? 'unsigned');
  if (key) {
    try {
      checkValidity(key, receivedAt);
      checkAuthority(key, submission.content, enveloped);
    } catch (refusal) {
      return firstOr(refusal, await deps.ledger.findStatement(identity));
    }
  }
  const flags: Flag[] = [
    ...judgeTimestamp(submission.content, receivedAt, enveloped),
    ...(key ? [] : ['unsigned' as const]),
  ];
  return { submission, principal, key, identity, evidenceKey, receivedAt, flags };
}

/** What became evidence while its key was good stays evidence: a retry of it is answered as it was. */
function firstOr(refusal: unknown, first: EvidenceRecord | undefined): SubmitOutcome {
  if (first) return { created: false, record: first };
  throw refusal;
}

async function signer(
  deps: SubmitDeps,
  principal: Principal,
  signature: NonNullable<Submission['signature']>,
): Promise<KeyRecord> {
  const key = findSigner(principal, signature);
  if (key) return key;
  const hint = signature.keyHint ?? '';
  const owner = /^[0-9a-f]{64}$/.test(hint) ? await deps.registry.keyOwner(hint) : undefined;
  if (owner !== undefined && owner !== principal.name) {
    throw new DomainError('KEY_OF_ANOTHER_PRINCIPAL', `key ${hint} is not registered for ${principal.name}`, {
      hint: 'sign with a key of the calling principal, or call as the principal that signs',
    });
  }
  if (owner !== undefined && (await deps.registry.keyAt(hint, deps.clock()))?.revoked) {
    throw new DomainError('KEY_REVOKED', `key ${hint} was revoked, and made room for another`, {
      hint: 'sign with another key of this principal, or have one registered',
    });
  }
  throw new DomainError(
    'KEY_UNKNOWN',
    `no key of ${principal.name} made this signature, and ${JSON.stringify(hint)} names none of them`,
    {
      hint: 'register the public key with `countersign keys register`; `countersign status` lists the keys of the caller',
    },
  );
}

function allowUnsigned(deps: SubmitDeps, { content }: Submission): void {
  if (content.manifest && deps.unsignedStages.has(content.manifest.stage)) return;
  throw new DomainError('UNSIGNED', `a manifest of the stage ${content.manifest?.stage} must be signed`, {
    pointer: '/signature',
    hint: 'sign it with `countersign sign`, or send a Sigstore bundle',
  });
}

/** Steps 2 to 5. @returns undefined when the principal changed meanwhile and the checks must be made again */
async function store(
  deps: SubmitDeps,
  verified: Verified,
  caller: Caller,
  again: boolean,
): Promise<SubmitOutcome | undefined> {
  const { submission, principal, key, identity, evidenceKey, receivedAt, flags } = verified;
  const objectName = objectKey.attestation(identity);
  const until = retainUntil(deps.retention, environmentOf(submission.content), receivedAt);
  const versionId = await deps.store.putOnce(objectName, submission.bytes, {
    contentType: submission.mediaType,
    retainUntil: until,
  });
  // Crash here: an unindexed object. The same statement posted again finds it in `first` below and goes on from it.
  const stored =
    versionId !== undefined
      ? { submission, versionId, retainUntil: until, receipt: undefined }
      : await first(deps, verified, objectName, again);
  if ('created' in stored) return stored;

  const issued =
    stored.receipt ??
    (await issueReceipt(
      deps,
      {
        evidence: {
          sha256: stored.submission.sha256,
          size: stored.submission.bytes.length,
          media_type: stored.submission.mediaType,
          kind: 'attestation',
        },
        received_at: receivedAt.toISOString(),
        principal: receiptPrincipal(principal, caller),
        verified_key: key
          ? { keyid: key.keyid, revision: key.revision, algorithm: key.algorithm, role: key.role }
          : null,
        statement: { identity, predicate_type: stored.submission.content.predicateType },
        storage: {
          key: objectName,
          version_id: stored.versionId,
          retain_until: stored.retainUntil.toISOString(),
          lock_mode: deps.retention.mode,
        },
        environment: environmentOf(stored.submission.content),
        flags: [...flags],
        stage: deps.stage,
      },
      evidenceKey,
    ));
  // Crash here: a receipt without an index row. The same bytes posted again adopt it; whoever holds it alone holds nothing.
  const record = attestationRecord(stored.submission, issued);
  const outcome = await deps.ledger.commit(record, indexEntries(record, stored.submission.content), {
    uniqueId: principal.unique_id,
    revision: principal.revision,
  });
  // Crash here: committed or not, nothing between; the same bytes are answered with the receipt or go through again.
  switch (outcome) {
    case 'committed':
      return { created: true, record };
    case 'exists':
      return { created: false, record: await requireStatement(deps, identity) };
    case 'principal-changed':
      return undefined;
  }
}

interface Stored {
  readonly submission: Submission;
  readonly versionId: string;
  readonly retainUntil: Date;
  readonly receipt: IssuedReceipt | undefined;
}

/** An object younger than this is taken for a racer's, who is given time to finish before we go on in its stead. */
const RACER_GRACE_MS = 5000;
const RACER_WAITS_MS = [25, 50, 100, 200, 400, 800, 1600];

/**
 * This statement was put before: by an earlier post (answer with its receipt), by one that runs right now (wait for it), or by
 * one that crashed (go on from its bytes, which may be a twin of ours).
 */
async function first(
  deps: SubmitDeps,
  verified: Verified,
  objectName: string,
  again: boolean,
): Promise<Stored | SubmitOutcome> {
  const { submission, identity, principal } = verified;
  const known = (await deps.ledger.find(submission.sha256)) ?? (await deps.ledger.findStatement(identity));
  if (known) return { created: false, record: known };

  const object = await deps.store.read(objectName);
  if (!object)
    throw new DomainError('DEPENDENCY_UNAVAILABLE', 'the object is there and cannot be read yet', {
      retryAfterMs: 500,
    });
  if (!again && deps.clock().getTime() - object.lastModified.getTime() < RACER_GRACE_MS) {
    for (const wait of RACER_WAITS_MS) {
      await deps.sleep(wait);
      const finished = await deps.ledger.findStatement(identity);
      if (finished) return { created: false, record: finished };
    }
  }
  const original = await parseSubmission(object.bytes, 'any');
  const key = original.signature && findSigner(principal, original.signature);
  if (statementIdentity(original.signature?.message ?? original.bytes, key?.keyid ?? 'unsigned') !== identity) {
    throw new DomainError(
      'INTEGRITY_FAILURE',
      `the object ${objectName} does not hold the statement that it is named by`,
    );
  }
  const wanted = {
    evidence: { sha256: original.sha256, kind: 'attestation' },
    storage: { key: objectName },
    statement: { identity },
  } as const;
  const receipt = await findReceipt(deps.store, wanted, verified.evidenceKey);
  const until = retainUntil(deps.retention, environmentOf(original.content), verified.receivedAt);
  // Retention counts from receipt, and that is now: the lock was set when the crashed attempt came.
  const isShort = !receipt && until > object.retainUntil;
  const locked = isShort ? await deps.store.extendRetention(objectName, object.versionId, until) : object.retainUntil;
  return { submission: original, versionId: object.versionId, retainUntil: locked, receipt };
}

async function requireStatement(deps: SubmitDeps, identity: string): Promise<EvidenceRecord> {
  const record = await deps.ledger.findStatement(identity);
  if (!record) throw new DomainError('INTEGRITY_FAILURE', 'a commit was refused for evidence that is not there');
  return record;
}

export function receiptPrincipal(principal: Principal, caller: Caller): ReceiptPrincipal {
  return {
    name: principal.name,
    account: caller.account,
    unique_id: caller.uniqueId,
    arn: principal.arn,
    ...(caller.session === undefined ? {} : { session: caller.session }),
  };
}

/** The index row follows from the bytes and the receipt alone, so that it can be made again from the bucket. */
export function attestationRecord(submission: Submission, issued: IssuedReceipt): EvidenceRecord {
  const { receipt } = issued;
  const { manifest, runIds } = submission.content;
  const runId = runIds[0];
  return {
    ...recordOfReceipt(receipt, issued),
    form: submission.form,
    ...(manifest === undefined ? {} : { stage: manifest.stage }),
    ...(runId === undefined ? {} : { run_id: runId }),
    ...(submission.bytes.length <= MAX_INLINE_BYTES ? { inline: submission.bytes } : {}),
  };
}

/** The part of a record that its receipt tells, for attestations and artifacts alike. */
export function recordOfReceipt(receipt: Receipt, issued: IssuedReceipt): Omit<EvidenceRecord, 'form'> {
  return {
    sha256: receipt.evidence.sha256,
    kind: receipt.evidence.kind,
    media_type: receipt.evidence.media_type,
    size: receipt.evidence.size,
    received_at: receipt.received_at,
    principal: receipt.principal.name,
    ...(receipt.statement
      ? { statement_identity: receipt.statement.identity, predicate_type: receipt.statement.predicate_type }
      : {}),
    ...(receipt.verified_key ? { keyid: receipt.verified_key.keyid, key_revision: receipt.verified_key.revision } : {}),
    environment: receipt.environment,
    flags: receipt.flags,
    object_key: receipt.storage.key,
    version_id: receipt.storage.version_id,
    retain_until: receipt.storage.retain_until,
    receipt: issued.bytes.toString('utf8'),
    receipt_version_id: issued.versionId,
    evidence_keyid: issued.evidenceKeyid,
    kms_request_id: issued.requestId,
  };
}
