import { OwnPredicate } from '../contracts/predicates.ts';
import { parseBundle } from './bundle.ts';
import { canonicalBytes } from './canonical.ts';
import { preAuthEncoding } from './dsse.ts';
import { DomainError } from './errors.ts';
import { parseStrictJson } from './json.ts';
import { type PublicKey, verifySignature } from './keys.ts';
import type { Receipt } from './receipt.ts';
import { parseStatement, type Statement, statementJson } from './statement.ts';

/** A statement of the control plane's own, verified. */
export interface Countersignature {
  readonly statement: Statement;
  /** Key that signed. */
  readonly keyid: string;
}

/**
 * Opens a bundle that we wrote: a receipt or an event. Lying in our bucket is no proof; the signature is.
 *
 * @param keyOf - public key of an evidence key by its keyid
 * @throws DomainError SIGNATURE_INVALID
 */
export function openCountersigned(bytes: Buffer, keyOf: (keyid: string) => PublicKey | undefined): Countersignature {
  const signed = parseBundle(parseStrictJson(bytes));
  const key = keyOf(signed.keyHint ?? '');
  if (!key || verifySignature(key, preAuthEncoding(signed.payloadType, signed.payload), signed.signature) !== 'valid') {
    throw new DomainError('SIGNATURE_INVALID', 'not signed by an evidence key of this deployment');
  }
  return { statement: parseStatement(parseStrictJson(signed.payload)), keyid: key.keyid };
}

/** The receipt's statement, canonical, ready to be signed. Its subject is the evidence. */
export function receiptPayload(receipt: Receipt): Buffer {
  return canonicalBytes(
    statementJson([{ digest: { sha256: receipt.evidence.sha256 } }], OwnPredicate.receipt, receipt),
  );
}
