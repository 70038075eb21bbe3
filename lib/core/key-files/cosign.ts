import { createPrivateKey, type KeyObject, scryptSync } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import * as z from 'zod/mini';
import { type Json, parseStrictJson } from '../json.ts';
import { Base64, parseWith } from '../schema.ts';
import { refuse } from './refuse.ts';

/** PEM labels of `cosign generate-key-pair`, since v2 and before. */
export const COSIGN_LABELS: readonly string[] = ['ENCRYPTED SIGSTORE PRIVATE KEY', 'ENCRYPTED COSIGN PRIVATE KEY'];

/** Bound on 128 * N * r * p, bytes that scrypt goes through. cosign asks for 64 MiB (N 65,536, r 8, p 1) or less. */
const SCRYPT_LIMIT = 256 * 1024 * 1024;

/** Encrypted container of go-securesystemslib, `encrypted`: what lies inside the PEM, as JSON. */
const Container = z.looseObject({
  kdf: z.looseObject({
    name: z.literal('scrypt'),
    params: z.looseObject({
      N: z.int().check(z.minimum(2)),
      r: z.int().check(z.minimum(1), z.maximum(64)),
      p: z.int().check(z.minimum(1), z.maximum(16)),
    }),
    salt: Base64,
  }),
  cipher: z.looseObject({
    name: z.literal('nacl/secretbox'),
    nonce: Base64.check(z.refine((nonce) => nonce.length === 24, 'must be 24 bytes')),
  }),
  ciphertext: Base64.check(z.refine((box) => box.length > 16, 'must be longer than its authentication tag')),
});

/**
 * Opens a key file of cosign: scrypt makes the key of a NaCl secretbox (XSalsa20-Poly1305) around a PKCS#8 private key.
 *
 * @param container - the decoded body of the PEM
 * @throws DomainError KEY_INVALID
 */
export function openCosignKey(container: Uint8Array, password: string): KeyObject {
  const { kdf, cipher, ciphertext } = parseWith(Container, parseContainer(container), 'KEY_INVALID');
  const { N, r, p } = kdf.params;
  if (128 * N * r * p > SCRYPT_LIMIT) refuse('the key file asks for more work than a key file of cosign does');
  const pkcs8 = open(derive(password, kdf.salt, { N, r, p }), cipher.nonce, ciphertext);
  try {
    return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  } catch (cause) {
    return refuse('what the key file holds is not a PKCS#8 private key', undefined, cause);
  }
}

function parseContainer(container: Uint8Array): Json {
  try {
    return parseStrictJson(container);
  } catch (cause) {
    return refuse('the key file is damaged: what it holds is not JSON', undefined, cause);
  }
}

function derive(password: string, salt: Uint8Array, cost: { N: number; r: number; p: number }): Buffer {
  try {
    return scryptSync(password, salt, 32, { ...cost, maxmem: SCRYPT_LIMIT + 1024 * 1024 });
  } catch (cause) {
    return refuse('the key file names scrypt parameters that cannot be', undefined, cause);
  }
}

function open(key: Uint8Array, nonce: Uint8Array, box: Uint8Array): Buffer {
  try {
    return Buffer.from(xsalsa20poly1305(key, nonce).decrypt(box));
  } catch (cause) {
    return refuse('the password does not open the key file', 'cosign reads it from COSIGN_PASSWORD', cause);
  }
}
