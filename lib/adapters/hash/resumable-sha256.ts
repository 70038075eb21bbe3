import { createSHA256 } from 'hash-wasm';
import type { ResumableHash } from '../../app/verify-artifact.ts';

/** node:crypto cannot save a hash's state; hash-wasm can, at a third of the speed, which the network does not reach anyway. */
export async function resumableSha256(state: string | undefined): Promise<ResumableHash> {
  const hasher = await createSHA256();
  if (state === undefined) hasher.init();
  else hasher.load(Buffer.from(state, 'base64'));
  return {
    update: (bytes) => {
      hasher.update(bytes);
    },
    digest: () => hasher.digest('hex'),
    save: () => Buffer.from(hasher.save()).toString('base64'),
  };
}
