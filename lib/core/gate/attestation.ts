import { openCountersigned } from '../countersigned.ts';
import { sha256Hex } from '../digest.ts';
import { DomainError } from '../errors.ts';
import type { EvidenceRecord, IndexEntry } from '../evidence.ts';
import { type RecordedKey, revisionsAsReceived } from '../key-history.ts';
import type { PublicKey } from '../keys.ts';
import { parseReceipt, type Receipt } from '../receipt.ts';
import { checkAuthority, isSignedBy, type KeyRecord } from '../registry.ts';
import { type Content, parseSubmission, type Submission } from '../submission.ts';
import type { GateAttestation, SignatureState } from './input.ts';

/** What is known of a key at the instant that is judged. */
export interface KnownKey {
  /** In the order in which they were recorded. */
  readonly revisions: readonly RecordedKey[];
  readonly current: KeyRecord | undefined;
}

export interface Judged {
  readonly attestation: GateAttestation;
  /** Undefined unless the state is `verified`. */
  readonly content: Content | undefined;
}

/**
 * Verifies one piece of evidence again from its stored bytes: digest, receipt, signature, and the key's authority when it was
 * received. The index row only says where to look; nothing of it is believed.
 *
 * @param bytes - as stored; undefined when they could not be had
 * @param keyOf - the producer's key by its keyid
 * @param evidenceKeyOf - a key that countersigned, by its keyid
 */
export async function judgeEvidence(
  record: EvidenceRecord,
  bytes: Buffer | undefined,
  keyOf: (keyid: string) => KnownKey,
  evidenceKeyOf: (keyid: string) => PublicKey | undefined,
): Promise<Judged> {
  if (!bytes) return unusable(record, 'unreadable');
  try {
    if (sha256Hex(bytes) !== record.sha256) return unusable(record, 'invalid');
    const receipt = openReceipt(record, evidenceKeyOf);
    const submission = await parseSubmission(bytes, 'any');
    if (!receipt.verified_key) return { attestation: described(receipt, submission, 'unsigned'), content: undefined };
    const { keyid, role, revision } = receipt.verified_key;
    const { revisions, current } = keyOf(keyid);
    const asReceived = revisionsAsReceived(revisions, revision, receipt.received_at);
    const isSigned = submission.signature !== undefined && isSignedBy(asReceived[0], submission.signature);
    if (!isSigned || !asReceived.every((key) => allowed(key, submission, receipt))) return unusable(record, 'invalid');
    const isRevoked = current?.revoked !== undefined && current.revoked.effective_at <= receipt.received_at;
    const state = isRevoked ? 'key_revoked' : 'verified';
    const attestation = described(receipt, submission, state, { keyid, role });
    // What a stolen key signed tells nothing, or its lies would outlive its revocation.
    return { attestation, content: isRevoked ? undefined : submission.content };
  } catch (error) {
    if (error instanceof DomainError) return unusable(record, 'invalid');
    throw error;
  }
}

function openReceipt(record: EvidenceRecord, evidenceKeyOf: (keyid: string) => PublicKey | undefined): Receipt {
  const receipt = parseReceipt(openCountersigned(Buffer.from(record.receipt ?? '', 'utf8'), evidenceKeyOf).statement);
  if (receipt.evidence.sha256 === record.sha256 && receipt.evidence.kind === 'attestation') return receipt;
  throw new DomainError('INTEGRITY_FAILURE', 'the receipt is about other evidence');
}

/** @throws DomainError KEY_NOT_AUTHORIZED */
function allowed(key: KeyRecord, { content, form }: Submission, { received_at }: Receipt): boolean {
  checkAuthority(key, content, form !== 'manifest');
  return key.not_before <= received_at && received_at < key.not_after;
}

function described(
  receipt: Receipt,
  { content }: Submission,
  state: SignatureState,
  key: { readonly keyid: string; readonly role: string } | undefined = undefined,
): GateAttestation {
  return {
    evidence: receipt.evidence.sha256,
    predicate_type: content.predicateType,
    received_at: receipt.received_at,
    principal: receipt.principal.name,
    environment: receipt.environment,
    flags: receipt.flags,
    signature: { state, keyid: key?.keyid ?? null, role: key?.role ?? null },
    stage: content.manifest?.stage ?? null,
    run_id: content.runIds[0] ?? null,
    subjects: content.subjects.map(({ digest }) => digest.sha256),
    inputs: content.inputs,
    outputs: content.outputs,
    commits: content.commits,
    predicate: content.predicate,
  };
}

/**
 * Evidence that a look-up names and that is not in the table. Both were written in one transaction, so somebody took it away: that
 * must not make a gate see less.
 */
export function lostEvidence({ evidence, environment = 'production', ...line }: IndexEntry): Judged {
  return unusable({ ...line, sha256: evidence, environment }, 'unreadable');
}

type Named = Pick<
  EvidenceRecord,
  'sha256' | 'predicate_type' | 'received_at' | 'principal' | 'environment' | 'flags' | 'stage' | 'run_id'
>;

/** Only what says which evidence is missing: of bytes that do not hold, nothing else can be told. */
function unusable(record: Named, state: 'invalid' | 'unreadable'): Judged {
  return {
    attestation: {
      evidence: record.sha256,
      predicate_type: record.predicate_type ?? '',
      received_at: record.received_at,
      principal: record.principal,
      environment: record.environment,
      flags: record.flags,
      signature: { state, keyid: null, role: null },
      stage: record.stage ?? null,
      run_id: record.run_id ?? null,
      subjects: [],
      inputs: [],
      outputs: [],
      commits: [],
      predicate: null,
    },
    content: undefined,
  };
}
