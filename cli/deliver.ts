import { sha256Hex } from '../lib/core/digest.ts';
import type { ApiClient } from './client.ts';
import type { Shell } from './shell.ts';
import { writeBytes } from './shell.ts';
import { type Accepted, submit } from './submit.ts';

export interface DeliveryOptions {
  /** Where the signed bundle is kept, whatever becomes of it. */
  readonly save?: string | undefined;
  /** Where the receipt goes. */
  readonly receipt?: string | undefined;
}

/**
 * Posts a signed bundle so that it cannot be lost: when it is not accepted, the bundle lies in a file and the user is told how
 * to post it again. A job is not run a second time for a broken line.
 */
export async function deliver(
  shell: Shell,
  api: ApiClient,
  bundle: Buffer,
  { save, receipt }: DeliveryOptions,
): Promise<Accepted> {
  if (save !== undefined) await writeBytes(save, bundle);
  let accepted: Accepted;
  try {
    accepted = await submit(api, bundle);
  } catch (error) {
    const kept = save ?? `unsent-${sha256Hex(bundle).slice(0, 12)}.sigstore.json`;
    if (save === undefined) await writeBytes(kept, bundle);
    shell.note(`the signed bundle is kept in ${kept}; post it with: countersign submit ${kept}`);
    throw error;
  }
  if (receipt !== undefined) await writeBytes(receipt, accepted.receiptBytes);
  return accepted;
}
