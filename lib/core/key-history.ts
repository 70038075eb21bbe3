import { DomainError } from './errors.ts';
import { objectKey } from './layout.ts';
import type { Receipt } from './receipt.ts';
import { checkAuthority, checkPrincipal, checkValidity, isSignedBy, type KeyRecord } from './registry.ts';
import { type Submission, statementIdentity } from './submission.ts';

/** Every revision of every key by its keyid, in the order in which they were recorded. */
export type KeyHistory = ReadonlyMap<string, readonly RecordedKey[]>;

export interface RecordedKey {
  readonly recordedAt: string;
  readonly key: KeyRecord;
}

/** Registry and intake read different clocks; a key may be used the moment that it is registered. */
const CLOCK_TOLERANCE_MS = 5000;

/**
 * Judges an attestation by what was on record when it was received, as intake did.
 *
 * A key that was being revoked at that moment is taken for revoked.
 *
 * @throws DomainError for each way in which receipt, bytes and history disagree
 */
export function checkAsReceived(history: KeyHistory, receipt: Receipt, submission: Submission): void {
  const { verified_key: named, statement, storage } = receipt;
  const { signature, content, bytes } = submission;
  const identity = statementIdentity(signature?.message ?? bytes, named?.keyid ?? 'unsigned');
  if (statement?.identity !== identity || storage.key !== objectKey.attestation(identity)) {
    throw new DomainError('INTEGRITY_FAILURE', 'the receipt is about another statement');
  }
  if (!named || !signature) {
    if (named || signature || !receipt.flags.includes('unsigned'))
      throw new DomainError('UNSIGNED', 'the receipt does not say of its evidence whether it is signed');
    return;
  }
  const [known, ...later] = revisionsAsReceived(history.get(named.keyid) ?? [], named.revision, receipt.received_at);
  if (!isSignedBy(known, signature)) {
    throw new DomainError('SIGNATURE_INVALID', 'the key that the receipt names did not sign it');
  }
  const enveloped = submission.form === 'sigstore-bundle' || submission.form === 'dsse';
  for (const key of [known, ...later]) {
    if (key.principal !== receipt.principal.name)
      throw new DomainError('KEY_OF_ANOTHER_PRINCIPAL', `its key is registered for ${key.principal}`);
    checkValidity(key, new Date(receipt.received_at));
    checkAuthority(key, content, enveloped);
  }
  checkPrincipal(receipt.principal, content, enveloped);
}

/**
 * The revisions of a key that must allow what was received under it. The receipt names the one that intake knew. Another may have
 * been recorded since that came too late for the commit to notice, or was interrupted before its own: so each from the named
 * one to the one on record at `received_at` counts.
 *
 * @param revision - as the receipt names it
 * @returns the named one first
 * @throws DomainError KEY_UNKNOWN
 */
export function revisionsAsReceived(
  revisions: readonly RecordedKey[],
  revision: number,
  receivedAt: string,
): readonly [KeyRecord, ...KeyRecord[]] {
  if (revisions.some(({ key }) => key.revision > revisions.length)) {
    throw new DomainError('KEY_UNKNOWN', 'a revision of its key is missing, which may be a revocation');
  }
  const first = revisions.findIndex(({ key }) => key.revision === revision);
  const named = revisions[first];
  if (!named || Date.parse(named.recordedAt) > Date.parse(receivedAt) + CLOCK_TOLERANCE_MS) {
    throw new DomainError('KEY_UNKNOWN', `revision ${revision} of its key was not on record when it was received`);
  }
  const later = revisions.slice(first + 1).filter(({ recordedAt }) => recordedAt <= receivedAt);
  return [named.key, ...later.map(({ key }) => key)];
}
