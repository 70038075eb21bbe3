import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { bundleBytes } from '../../lib/core/bundle.ts';
import { IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../../lib/core/dsse.ts';
import { isJsonObject, type JsonObject, parseStrictJson } from '../../lib/core/json.ts';
import { keyProofPayload } from '../../lib/core/key-proof.ts';
import { type KeyAlgorithm, parsePublicKey } from '../../lib/core/keys.ts';

/** A key pair that lives as long as its test. */
export interface TestKey {
  readonly keyid: string;
  readonly pem: string;
  readonly algorithm: KeyAlgorithm;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  /** DER for ECDSA, 64 bytes for Ed25519. */
  readonly sign: (message: Uint8Array) => Buffer;
}

const HASHES = { 'ecdsa-p256-sha256': 'sha256', 'ecdsa-p384-sha384': 'sha384', ed25519: null } as const;

export function newKey(algorithm: KeyAlgorithm = 'ecdsa-p256-sha256'): TestKey {
  const { publicKey, privateKey } = newPair(algorithm);
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return {
    keyid: parsePublicKey(pem).keyid,
    pem,
    algorithm,
    publicKey,
    privateKey,
    sign: (message) => sign(HASHES[algorithm], message, privateKey),
  };
}

function newPair(algorithm: KeyAlgorithm) {
  switch (algorithm) {
    case 'ecdsa-p256-sha256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'ecdsa-p384-sha384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' });
    case 'ed25519':
      return generateKeyPairSync('ed25519');
  }
}

/** Signs a payload as DSSE and wraps it in a Sigstore bundle. */
export function signedPayload(payload: Uint8Array, key: TestKey, hint = key.keyid): Buffer {
  return bundleBytes(payload, key.sign(preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, payload)), hint);
}

/** "This key is for this principal", signed by the key. */
export function keyProof(key: TestKey, principal: string): JsonObject {
  return asObject(signedPayload(keyProofPayload(key.keyid, principal), key));
}

export function asObject(bytes: Uint8Array): JsonObject {
  const value = parseStrictJson(bytes);
  if (!isJsonObject(value)) throw new Error('not a JSON object');
  return value;
}
