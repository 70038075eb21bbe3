import { type PublicKey, parsePublicKey } from '../lib/core/keys.ts';
import { unusableFile } from './errors.ts';
import { readBytes } from './shell.ts';

/** Public keys (PEM) that the user trusts. */
export async function readKeys(files: readonly string[] = []): Promise<PublicKey[]> {
  return await Promise.all(
    files.map(async (file) => {
      const pem = (await readBytes(file)).toString('utf8');
      try {
        return parsePublicKey(pem, '');
      } catch (error) {
        return unusableFile(file, error);
      }
    }),
  );
}
