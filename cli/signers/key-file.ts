import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { DomainError } from '../../lib/core/errors.ts';
import { parsePrivateKey } from '../../lib/core/key-files/index.ts';
import { parsePublicKey } from '../../lib/core/keys.ts';
import { systemMessage, UsageError, unusableFile } from '../errors.ts';
import type { Signer } from './signer.ts';

const HASH = { 'ecdsa-p256-sha256': 'sha256', 'ecdsa-p384-sha384': 'sha384', ed25519: null } as const;

/** Asks for the password of a key file; undefined when there is nobody to ask. */
export type AskPassword = (file: string) => Promise<string | undefined>;

/** A private key in a file: PKCS#8 or SEC1 PEM, encrypted or not, or a key file of cosign. */
export async function keyFileSigner(path: string, password: string | undefined, ask: AskPassword): Promise<Signer> {
  const pem = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`the key file ${path} cannot be read: ${systemMessage(cause)}`, undefined, cause);
  });
  return keySigner(await open(pem, path, password, ask));
}

/** Signs with a private key in memory. */
export function keySigner(key: KeyObject): Signer {
  const { keyid, pem, algorithm } = parsePublicKey(
    createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString(),
  );
  return {
    keyid,
    publicKeyPem: pem,
    algorithm,
    sign: async (message) => sign(HASH[algorithm], message, { key, dsaEncoding: 'der' }),
  };
}

async function open(pem: string, path: string, password: string | undefined, ask: AskPassword): Promise<KeyObject> {
  // cosign's files are always encrypted, perhaps with an empty password; of the others, the PEM says it.
  const encrypted = /ENCRYPTED/.test(pem);
  const given = password ?? (encrypted ? await ask(path) : undefined);
  try {
    return parsePrivateKey(pem, given);
  } catch (error) {
    if (!(error instanceof DomainError) || !encrypted || given !== undefined) return unusableFile(path, error);
    throw new UsageError(
      `${path} is encrypted and no password was given`,
      'set COUNTERSIGN_KEY_PASSWORD (or COSIGN_PASSWORD)',
      error,
    );
  }
}
