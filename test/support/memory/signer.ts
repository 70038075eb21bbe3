import type { Signer } from '../../../lib/app/ports.ts';
import { signDigest } from '../ecdsa.ts';
import type { TestKey } from '../keys.ts';
import { InvariantBroken, type Steps } from './steps.ts';

/** KMS with one P-256 key. Each signature is another one, with S high or low, as KMS makes them. */
export class MemorySigner implements Signer {
  readonly keyArn: string;
  /** Ids of all requests that were answered. */
  readonly requestIds: string[] = [];
  readonly #steps: Steps;
  key: TestKey;

  constructor(steps: Steps, key: TestKey, keyArn: string) {
    this.#steps = steps;
    this.key = key;
    this.keyArn = keyArn;
  }

  readonly sign: Signer['sign'] = async (digest) => {
    if (digest.length !== 32) throw new InvariantBroken(`${digest.length} bytes are no SHA-256 digest`);
    const signature = await this.#steps.take('sign', () => signDigest(this.key.privateKey, digest));
    const requestId = `kms-request-${this.requestIds.length + 1}`;
    this.requestIds.push(requestId);
    return { signature, requestId };
  };
}
