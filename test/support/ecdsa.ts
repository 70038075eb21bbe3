import { createECDH, type KeyObject, randomBytes } from 'node:crypto';

/**
 * ECDSA over P-256 on a digest, as KMS offers it and node:crypto does not; and the two halves of a signature as numbers,
 * so that tests can write them in every way that DER does not allow.
 */

/** Order of the P-256 group (FIPS 186-5, SP 800-186 section 3.2.1.3). */
export const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

export interface Halves {
  readonly r: bigint;
  readonly s: bigint;
}

/** Signs a digest; `s` comes out high or low by chance, as from KMS. */
export function signDigest(privateKey: KeyObject, digest: Uint8Array): Buffer {
  const { d } = privateKey.export({ format: 'jwk' });
  const secret = toNumber(Buffer.from(d ?? '', 'base64url'));
  const z = toNumber(digest);
  for (;;) {
    const k = (toNumber(randomBytes(32)) % (P256_ORDER - 1n)) + 1n;
    const ephemeral = createECDH('prime256v1');
    ephemeral.setPrivateKey(toBytes(k));
    const r = toNumber(ephemeral.getPublicKey().subarray(1, 33)) % P256_ORDER;
    const s = (inverse(k, P256_ORDER) * ((z + r * secret) % P256_ORDER)) % P256_ORDER;
    if (r !== 0n && s !== 0n) return der({ r, s });
  }
}

/** The other valid signature of the same message: (r, n - s). */
export function twinSignature(signature: Uint8Array): Buffer {
  const { r, s } = halvesOf(signature);
  return der({ r, s: P256_ORDER - s });
}

/** DER ECDSA-Sig-Value, minimal. */
export function der({ r, s }: Halves): Buffer {
  return sequence(Buffer.concat([integer(minimal(r)), integer(minimal(s))]));
}

/** Reads what {@link der} writes. */
export function halvesOf(signature: Uint8Array): Halves {
  const bytes = Buffer.from(signature);
  const rLength = bytes[3] ?? 0;
  return { r: toNumber(bytes.subarray(4, 4 + rLength)), s: toNumber(bytes.subarray(6 + rLength)) };
}

export const sequence = (content: Buffer): Buffer => Buffer.concat([Buffer.from([0x30, content.length]), content]);
export const integer = (content: Buffer): Buffer => Buffer.concat([Buffer.from([0x02, content.length]), content]);

/** Big-endian two's complement of a positive number, as short as can be. */
export function minimal(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return (bytes[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
}

/** 32 bytes, big-endian. */
export function toBytes(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

/** Extended Euclid. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b] = [value % modulus, modulus];
  let [x, y] = [1n, 0n];
  while (b !== 0n) {
    const quotient = a / b;
    [a, b] = [b, a % b];
    [x, y] = [y, x - quotient * y];
  }
  return ((x % modulus) + modulus) % modulus;
}
