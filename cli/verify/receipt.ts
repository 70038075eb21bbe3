import { parseBundle } from '../../lib/core/bundle.ts';
import { preAuthEncoding } from '../../lib/core/dsse.ts';
import { parseStrictJson } from '../../lib/core/json.ts';
import { hintNames, type PublicKey, verifySignature } from '../../lib/core/keys.ts';
import { parseReceipt, type Receipt } from '../../lib/core/receipt.ts';
import { parseStatement } from '../../lib/core/statement.ts';
import { statementIdentity } from '../../lib/core/submission.ts';
import { type Check, fail, notChecked, pass } from './report.ts';

/** What the receipt is held against. */
export interface ReceiptSubject {
  readonly sha256: string;
  readonly size: number;
  readonly predicateType: string | undefined;
  /** The bytes that the producer signed, and the key that verified them; undefined for what was not verified. */
  readonly verified: { readonly message: Buffer; readonly keyid: string } | undefined;
}

/** Signature of a bundle that the control plane made. */
export function checkCountersignature(
  bundle: { readonly message: Buffer; readonly signature: Buffer; readonly hint: string | undefined },
  evidenceKeys: readonly PublicKey[],
  name: string,
): Check {
  if (evidenceKeys.length === 0) return notChecked(name, 'needs --evidence-key, the public key of the control plane');
  const key = evidenceKeys.find(
    (candidate) => verifySignature(candidate, bundle.message, bundle.signature) === 'valid',
  );
  if (key) return pass(name, `verified with the evidence key ${key.keyid}`);
  const named = evidenceKeys.some((candidate) => hintNames(bundle.hint, candidate));
  return fail(
    name,
    named ? 'does not verify with the evidence key that it names' : `is by another key, ${bundle.hint ?? 'unnamed'}`,
  );
}

/**
 * Holds a receipt against the evidence that it is said to be for.
 *
 * @throws DomainError when the bytes are no receipt
 */
export function checkReceipt(bytes: Uint8Array, subject: ReceiptSubject, evidenceKeys: readonly PublicKey[]): Check[] {
  const { payload, payloadType, signature, keyHint: hint } = parseBundle(parseStrictJson(bytes));
  const statement = parseStatement(parseStrictJson(payload));
  const receipt = parseReceipt(statement);
  const message = preAuthEncoding(payloadType, payload);
  return [
    checkCountersignature({ message, signature, hint }, evidenceKeys, "receipt's signature"),
    ...belonging(receipt, statement.subject[0]?.digest.sha256, subject),
  ];
}

function belonging(receipt: Receipt, receiptSubject: string | undefined, subject: ReceiptSubject): Check[] {
  const { evidence, statement, verified_key } = receipt;
  const name = 'receipt belongs to it';
  if (evidence.sha256 !== subject.sha256 || receiptSubject !== subject.sha256 || evidence.size !== subject.size) {
    return [
      fail(
        name,
        `the receipt is for ${evidence.sha256} (${evidence.size} bytes), and this is ${subject.sha256} (${subject.size} bytes)`,
      ),
    ];
  }
  if ((statement?.predicate_type ?? undefined) !== subject.predicateType) {
    return [fail(name, `the receipt speaks of the predicate ${statement?.predicate_type ?? 'none'}`)];
  }
  const checks = [
    pass(name, `same digest and size; received at ${receipt.received_at} from ${receipt.principal.name}`),
  ];
  if (statement === null) return checks;
  if (subject.verified === undefined) {
    return [...checks, notChecked('receipt names the key', "needs --key, the producer's public key")];
  }
  const { message, keyid } = subject.verified;
  const same = verified_key?.keyid === keyid && statement.identity === statementIdentity(message, keyid);
  return [
    ...checks,
    same
      ? pass('receipt names the key', `the control plane verified with the same key, as ${verified_key.role}`)
      : fail(
          'receipt names the key',
          `the control plane verified with ${verified_key?.keyid ?? 'none'}, this signature is by ${keyid}`,
        ),
  ];
}
