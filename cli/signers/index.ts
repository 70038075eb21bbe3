import { UsageError } from '../errors.ts';
import { awsAccess, type Environment, type SessionOptions } from '../session.ts';
import { execSigner } from './exec.ts';
import { type AskPassword, keyFileSigner } from './key-file.ts';
import type { Signer } from './signer.ts';

export interface OpenSignerOptions {
  /** For a key in KMS. */
  readonly session?: SessionOptions;
  /** @default nobody is asked */
  readonly askPassword?: AskPassword;
  readonly env?: Environment;
}

/**
 * Opens what `--key` names: a key file, `awskms://…` or `exec:PROGRAM`.
 *
 * @param key - when left out, COUNTERSIGN_KEY
 */
export async function openSigner(key?: string, options: OpenSignerOptions = {}): Promise<Signer> {
  const { session = {}, askPassword = async () => undefined, env = process.env } = options;
  const name = key ?? env.COUNTERSIGN_KEY;
  if (!name)
    throw new UsageError(
      'no signing key is named',
      'set COUNTERSIGN_KEY or --key to a file, awskms://… or exec:PROGRAM',
    );
  if (name.startsWith('awskms://')) {
    // The KMS client is loaded by those who use it.
    const { kmsKeySigner } = await import('./kms.ts');
    return await kmsKeySigner(name, awsAccess(session, env));
  }
  if (name.startsWith('exec:')) return await execSigner(name.slice('exec:'.length));
  if (/^[a-z0-9]+:\/\//.test(name)) throw new UsageError(`${name}: keys are read from files, awskms:// or exec:`);
  return await keyFileSigner(name, env.COUNTERSIGN_KEY_PASSWORD ?? env.COSIGN_PASSWORD, askPassword);
}
