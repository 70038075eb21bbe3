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
 * The receipt names the revision of the key that intake knew. Another may have been recorded since that came too late for the
 * commit to notice, or was interrupted before its own: so each revision from the named one to the one on record at
 * `received_at` must allow it. A key that was being revoked at that moment is thereby taken for revoked.
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
  const revisions = history.get(named.keyid) ?? [];
  const first = revisions.findIndex(({ key }) => key.revision === named.revision);
  const known = revisions[first];
  if (!known || Date.parse(known.recordedAt) > Date.parse(receipt.received_at) + CLOCK_TOLERANCE_MS) {
    throw new DomainError(
      'KEY_UNKNOWN',
      `revision ${named.revision} of its key was not on record when it was received`,
    );
  }
  if (!isSignedBy(known.key, signature)) {
    throw new DomainError('SIGNATURE_INVALID', 'the key that the receipt names did not sign it');
  }
  const enveloped = submission.form === 'sigstore-bundle' || submission.form === 'dsse';
  const later = revisions.slice(first + 1).filter(({ recordedAt }) => recordedAt <= receipt.received_at);
  for (const { key } of [known, ...later]) {
    if (key.principal !== receipt.principal.name)
      throw new DomainError('KEY_OF_ANOTHER_PRINCIPAL', `its key is registered for ${key.principal}`);
    checkValidity(key, new Date(receipt.received_at));
    checkAuthority(key, content, enveloped);
  }
  checkPrincipal(receipt.principal, content, enveloped);
}
