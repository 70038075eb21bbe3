import type { RetentionPolicy } from '../contracts/env.ts';
import type { Environment } from '../contracts/predicates.ts';
import { BUNDLE_MEDIA_TYPE, bundleBytes } from '../core/bundle.ts';
import { openCountersigned, receiptPayload } from '../core/countersigned.ts';
import { sha256 } from '../core/digest.ts';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../core/dsse.ts';
import { DomainError } from '../core/errors.ts';
import type { EvidenceKey } from '../core/evidence-key.ts';
import { type PublicKey, parsePublicKey, verifySignature } from '../core/keys.ts';
import { objectKey } from '../core/layout.ts';
import type { Receipt } from '../core/receipt.ts';
import { DAY_MS } from '../core/time.ts';
import type { Clock, EvidenceStore, Log, Signer, StoredObject } from './ports.ts';

export interface CountersignDeps {
  readonly store: EvidenceStore;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly log: Log;
  readonly retention: RetentionPolicy;
  /** Deployment stage, as receipts name it. */
  readonly stage: string;
}

/** Read once per remembered registration: parsing a PEM costs as much as verifying with it. */
const publicKeys = new WeakMap<EvidenceKey, PublicKey>();

function publicKeyOf(key: EvidenceKey): PublicKey {
  const known = publicKeys.get(key) ?? parsePublicKey(key.public_key);
  publicKeys.set(key, known);
  return known;
}

/** A statement signed by the evidence key. */
export interface Countersigned {
  readonly bytes: Buffer;
  /** What the signature covers. */
  readonly message: Buffer;
  readonly requestId: string;
}

export function retainUntil(retention: RetentionPolicy, environment: Environment, from: Date): Date {
  return new Date(from.getTime() + retention.days[environment] * DAY_MS);
}

/** In milliseconds. A person has to act, who has just deployed another key. */
const RETRY_AFTER_MS = 10_000;

/** @throws DomainError EVIDENCE_KEY_INACTIVE, worth a retry for a while, when the registry and this deployment do not name the same key */
export function requireEvidenceKey(key: EvidenceKey | undefined, signer: Signer): EvidenceKey {
  if (key?.kms_key_arn === signer.keyArn) return key;
  throw new DomainError('EVIDENCE_KEY_INACTIVE', 'the key that countersigns has not been activated', {
    hint: 'the key admin runs `countersign keys activate` once after a deployment that made or changed the evidence key',
    retryAfterMs: RETRY_AFTER_MS,
  });
}

/**
 * Signs a statement with the evidence key and checks the answer with the registered public key, so that a signature which
 * nobody could verify is never handed out.
 */
export async function countersign(
  deps: Pick<CountersignDeps, 'signer' | 'log'>,
  payload: Buffer,
  key: EvidenceKey,
): Promise<Countersigned> {
  const message = preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, payload);
  const { signature, requestId } = await deps.signer.sign(sha256(message));
  // Logged at once: if we die before the next write, this line and CloudTrail are all that tells of the signature.
  deps.log.info('evidence-key-signed', { kms_request_id: requestId, evidence_keyid: key.keyid });
  const bytes = bundleBytes(payload, signature, key.keyid);
  if (verifySignature(publicKeyOf(key), message, signature) !== 'valid') {
    throw new DomainError('EVIDENCE_KEY_INACTIVE', 'KMS signed with another key than the registered one', {
      hint: 'the key admin runs `countersign keys activate`',
      retryAfterMs: RETRY_AFTER_MS,
    });
  }
  return { bytes, message, requestId };
}

export interface IssuedReceipt {
  readonly receipt: Receipt;
  readonly bytes: Buffer;
  readonly versionId: string;
  readonly requestId: string;
  readonly evidenceKeyid: string;
}

const REQUEST_ID_METADATA = 'kms-request-id';

/**
 * Signs and stores the one receipt of a piece of evidence. Whoever comes second gets the first one's.
 *
 * Crash before the put: a KMS signature that the log and CloudTrail tell of. Crash after it: a receipt without an index
 * row, which proves nothing by itself; the same bytes posted again adopt it here.
 */
export async function issueReceipt(deps: CountersignDeps, receipt: Receipt, key: EvidenceKey): Promise<IssuedReceipt> {
  const signed = await countersign(deps, receiptPayload(receipt), key);
  const { sha256: evidence, kind } = receipt.evidence;
  const name = objectKey.receipt(evidence, kind);
  const until = retainUntil(deps.retention, receipt.environment, new Date(receipt.received_at));
  const put = await putSigned(deps, name, signed, until, objectKey.lostReceipt(evidence, signed.requestId));
  if (put.isOurs) {
    const { bytes, requestId } = signed;
    return { receipt, bytes, versionId: put.versionId, requestId, evidenceKeyid: key.keyid };
  }
  return await openReceipt(put.first, receipt, key);
}

/**
 * Puts what was signed under its name, or finds what was first there. A signature that lost is noted, so that every Sign is
 * accounted for.
 *
 * @param lostName - name of that note
 */
export async function putSigned(
  deps: Pick<CountersignDeps, 'store' | 'clock'>,
  name: string,
  { bytes, requestId }: Countersigned,
  until: Date,
  lostName: string,
): Promise<
  { readonly isOurs: true; readonly versionId: string } | { readonly isOurs: false; readonly first: StoredObject }
> {
  const versionId = await deps.store.putOnce(name, bytes, {
    contentType: BUNDLE_MEDIA_TYPE,
    retainUntil: until,
    metadata: { [REQUEST_ID_METADATA]: requestId },
  });
  if (versionId !== undefined) return { isOurs: true, versionId };
  const first = await deps.store.read(name);
  // No two ECDSA signatures are the same: it is our own put, whose answer was lost before it was repeated.
  if (first?.bytes.equals(bytes)) return { isOurs: true, versionId: first.versionId };
  const note = { object: name, kms_request_id: requestId, noted_at: deps.clock().toISOString() };
  await deps.store.putOnce(lostName, Buffer.from(JSON.stringify(note)), {
    contentType: 'application/json',
    retainUntil: until,
  });
  if (first) return { isOurs: false, first };
  throw new DomainError('INTEGRITY_FAILURE', `${name} is taken and cannot be read`);
}

/** Id of the KMS request that signed a stored receipt or event. */
export function requestIdOf({ metadata }: Pick<StoredObject, 'metadata'>): string {
  return metadata[REQUEST_ID_METADATA] ?? 'unknown';
}

/** What a receipt must be about to be adopted. */
export interface WantedReceipt {
  readonly evidence: Pick<Receipt['evidence'], 'sha256' | 'kind'>;
  readonly storage: Pick<Receipt['storage'], 'key'>;
  readonly statement: { readonly identity: string } | null;
}

/**
 * The receipt that lies in the store, indexed or not; undefined when there is none.
 *
 * @throws DomainError INTEGRITY_FAILURE when the active evidence key did not sign it for this evidence
 */
export async function findReceipt(
  store: EvidenceStore,
  wanted: WantedReceipt,
  key: EvidenceKey,
): Promise<IssuedReceipt | undefined> {
  const { sha256: evidence, kind } = wanted.evidence;
  const stored = await store.read(objectKey.receipt(evidence, kind));
  return stored && (await openReceipt(stored, wanted, key));
}

async function openReceipt(stored: StoredObject, wanted: WantedReceipt, key: EvidenceKey): Promise<IssuedReceipt> {
  const { sha256: evidence, kind } = wanted.evidence;
  // Only a crash or a race leads here, so a cold start does not load what reads receipts.
  const { parseReceipt } = await import('../core/receipt.ts');
  try {
    const { statement, keyid } = openCountersigned(stored.bytes, (id) =>
      id === key.keyid ? parsePublicKey(key.public_key) : undefined,
    );
    const receipt = parseReceipt(statement);
    const isWanted =
      receipt.evidence.sha256 === evidence &&
      receipt.evidence.kind === kind &&
      receipt.storage.key === wanted.storage.key &&
      receipt.statement?.identity === wanted.statement?.identity;
    if (!isWanted) throw new DomainError('PREDICATE_INVALID', 'it is about other evidence');
    const { bytes, versionId } = stored;
    return { receipt, bytes, versionId, requestId: requestIdOf(stored), evidenceKeyid: keyid };
  } catch (cause) {
    throw new DomainError('INTEGRITY_FAILURE', `the stored receipt of ${evidence} does not hold`, {
      hint: '`countersign reindex` takes it up if an earlier evidence key signed it; otherwise see the runbook',
      cause,
    });
  }
}
