import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { sha256, sha256Hex } from './digest.ts';
import { DomainError } from './errors.ts';

export const KEY_ALGORITHMS = ['ecdsa-p256-sha256', 'ecdsa-p384-sha384', 'ed25519'] as const;
export type KeyAlgorithm = (typeof KEY_ALGORITHMS)[number];

export interface PublicKey {
  /** hex(sha256(PEM)): the hint that model_signing checks and that we write everywhere. */
  readonly keyid: string;
  /** SubjectPublicKeyInfo PEM exactly as openssl and Node write it. */
  readonly pem: string;
  readonly algorithm: KeyAlgorithm;
  readonly key: KeyObject;
}

/**
 * Reads a public key that somebody sent.
 *
 * @throws DomainError KEY_INVALID: not PEM, another algorithm, a point off its curve, or a PEM written another way
 */
export function parsePublicKey(pem: string, pointer = '/public_key'): PublicKey {
  // Node would take a private key here and derive the public one; a private key has no business being sent.
  if (!/^\s*-----BEGIN PUBLIC KEY-----/.test(pem)) {
    throw new DomainError('KEY_INVALID', 'the key must be a PEM that begins with -----BEGIN PUBLIC KEY-----', {
      pointer,
      hint: 'openssl pkey -in private.pem -pubout writes it',
    });
  }
  const key = decodeSpki(pem, pointer);
  const algorithm = algorithmOf(key);
  if (!algorithm) {
    throw new DomainError('KEY_INVALID', 'the key must be ECDSA P-256, ECDSA P-384 or Ed25519', { pointer });
  }
  if (!exportSpki(key, pointer).toString('hex').startsWith(SPKI_HEAD[algorithm])) {
    throw new DomainError('KEY_INVALID', 'the key must name its curve and give its point uncompressed', {
      pointer,
      hint: 'openssl pkey -in private.pem -pubout -ec_conv_form uncompressed -ec_param_enc named_curve writes it',
    });
  }
  const canonical = key.export({ type: 'spki', format: 'pem' }).toString();
  return { keyid: sha256Hex(canonical), pem: canonical, algorithm, key };
}

function decodeSpki(pem: string, pointer: string): KeyObject {
  try {
    return createPublicKey({ key: pem, format: 'pem', type: 'spki' });
  } catch (cause) {
    throw new DomainError('KEY_INVALID', 'the public key does not parse, or its point is not on its curve', {
      pointer,
      cause,
    });
  }
}

/** OpenSSL reads the point at infinity as a key, and only then finds that it cannot write it. */
function exportSpki(key: KeyObject, pointer: string): Buffer {
  try {
    return key.export({ type: 'spki', format: 'der' });
  } catch (cause) {
    throw new DomainError('KEY_INVALID', 'the point is no public key', { pointer, cause });
  }
}

/**
 * How the one accepted DER form begins (RFC 5480, section 2; RFC 8410, section 4), up to the point's coordinates. OpenSSL also
 * reads compressed and hybrid points and curves that are written out, and keeps that form: one key would have many keyids.
 */
const SPKI_HEAD: Readonly<Record<KeyAlgorithm, string>> = {
  'ecdsa-p256-sha256': '3059301306072a8648ce3d020106082a8648ce3d03010703420004',
  'ecdsa-p384-sha384': '3076301006072a8648ce3d020106052b8104002203620004',
  ed25519: '302a300506032b6570032100',
};

function algorithmOf(key: KeyObject): KeyAlgorithm | undefined {
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519';
  if (key.asymmetricKeyType !== 'ec') return undefined;
  switch (key.asymmetricKeyDetails?.namedCurve) {
    case 'prime256v1':
      return 'ecdsa-p256-sha256';
    case 'secp384r1':
      return 'ecdsa-p384-sha384';
    default:
      return undefined;
  }
}

/** True when an unauthenticated hint names this key: our keyid, or cosign's base64(sha256(DER SPKI)). */
export function hintNames(hint: string | undefined, key: PublicKey): boolean {
  if (hint === undefined || hint === '') return false;
  if (hint === key.keyid) return true;
  return hint === sha256(key.key.export({ type: 'spki', format: 'der' })).toString('base64');
}

const HASH = { 'ecdsa-p256-sha256': 'sha256', 'ecdsa-p384-sha384': 'sha384', ed25519: null } as const;
const FIELD_BYTES = { 'ecdsa-p256-sha256': 32, 'ecdsa-p384-sha384': 48 } as const;

/** `malformed`: the bytes are no signature of this key's kind at all, so it is the encoding that is to be mended. */
export type SignatureVerdict = 'valid' | 'invalid' | 'malformed';

/** Verifies over the message itself; hashing is the algorithm's. High-S ECDSA is valid: KMS makes it. */
export function verifySignature(key: PublicKey, message: Uint8Array, signature: Uint8Array): SignatureVerdict {
  if (key.algorithm === 'ed25519' ? signature.length !== 64 : !isStrictDer(signature, FIELD_BYTES[key.algorithm])) {
    return 'malformed';
  }
  // The bare key means DER (node:crypto's default). Given in an object it would be encoded anew at each call, a fifth of the time.
  return verify(HASH[key.algorithm], message, key.key, signature) ? 'valid' : 'invalid';
}

/**
 * Accepts only the DER form of ECDSA-Sig-Value (RFC 3279, section 2.2.3): definite minimal lengths, two positive minimal
 * INTEGERs no longer than the field, nothing after them. BER variants would let one signature be written many ways.
 */
export function isStrictDer(signature: Uint8Array, fieldBytes: number): boolean {
  // The longest signature here (P-384: 104 bytes) has short-form lengths throughout, so a long form is never minimal.
  if (signature[0] !== 0x30 || signature[1] !== signature.length - 2 || signature[1] > 0x7f) return false;
  const afterR = integerEnd(signature, 2, fieldBytes);
  if (afterR === undefined) return false;
  return integerEnd(signature, afterR, fieldBytes) === signature.length;
}

function integerEnd(der: Uint8Array, at: number, fieldBytes: number): number | undefined {
  const length = der[at + 1];
  const first = der[at + 2];
  const second = der[at + 3];
  if (der[at] !== 0x02 || length === undefined || length === 0 || first === undefined) return undefined;
  const end = at + 2 + length;
  if (end > der.length || first > 0x7f) return undefined;
  if (first === 0 && (length === 1 || second === undefined || second <= 0x7f)) return undefined;
  return length - (first === 0 ? 1 : 0) <= fieldBytes ? end : undefined;
}
