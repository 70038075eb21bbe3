import { createHash } from 'node:crypto';
import * as z from 'zod/mini';

/** Lower-case hexadecimal SHA-256, the only digest that identifies evidence. */
export type Sha256 = string;

export const SHA256_HEX = /^[0-9a-f]{64}$/;

export function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

export function sha256Hex(bytes: Uint8Array | string): Sha256 {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Marks an issue that is answered with DIGEST_INVALID instead of its schema's own code. */
export const DIGEST_RULE = 'must be 64 lower-case hexadecimal characters (SHA-256)';

export const Sha256Schema = z
  .string()
  .check(z.regex(SHA256_HEX, DIGEST_RULE), z.describe('SHA-256, lower-case hexadecimal'));
