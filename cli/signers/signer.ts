import { bundleBytes } from '../../lib/core/bundle.ts';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../../lib/core/dsse.ts';
import { DomainError } from '../../lib/core/errors.ts';
import { type KeyAlgorithm, parsePublicKey, verifySignature } from '../../lib/core/keys.ts';

/** Has a private key, or has access to one. This is the extension point: anything with these four members signs. */
export interface Signer {
  /** hex(sha256(publicKeyPem)) */
  readonly keyid: string;
  /** SubjectPublicKeyInfo as openssl writes it. */
  readonly publicKeyPem: string;
  readonly algorithm: KeyAlgorithm;
  /** Signs the message itself; hashing it is the algorithm's. Resolves to DER for ECDSA, 64 bytes for Ed25519. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** Signs, and holds the result against the public key, so that a broken signer is found here and not by the API. */
export async function signMessage(signer: Signer, message: Uint8Array): Promise<Buffer> {
  const signature = await signer.sign(message);
  if (verifySignature(parsePublicKey(signer.publicKeyPem), message, signature) !== 'valid') {
    throw new DomainError('SIGNATURE_INVALID', 'the signer made a signature that its own public key does not verify', {
      hint: 'ECDSA signatures must be ASN.1 DER over the SHA-256 (P-256) or SHA-384 (P-384) of the message',
    });
  }
  return Buffer.from(signature);
}

/** Signs an in-toto statement's bytes, exactly as they are, into a Sigstore bundle. */
export async function signPayload(signer: Signer, payload: Uint8Array): Promise<Buffer> {
  const signature = await signMessage(signer, preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, payload));
  return bundleBytes(payload, signature, signer.keyid);
}
