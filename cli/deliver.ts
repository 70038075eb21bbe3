import { sha256Hex } from '../lib/core/digest.ts';
import { unreliable } from './answers.ts';
import { type ApiClient, apiPath } from './client.ts';
import { CliError } from './errors.ts';
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
  if (save !== undefined && accepted.evidence !== sha256Hex(bundle)) await keepStored(shell, api, accepted, save);
  return accepted;
}

/** The same statement was stored before, with another signature; its receipt is for those bytes and no others. */
async function keepStored(shell: Shell, api: ApiClient, { evidence }: Accepted, save: string): Promise<void> {
  const command = `countersign show evidence ${evidence} --attestation ${save}`;
  let stored: Buffer;
  try {
    ({ body: stored } = await api.send({
      method: 'GET',
      path: apiPath('/v1/evidence/{sha256}/attestation', { sha256: evidence }),
    }));
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    // It is evidence, whatever becomes of this file: that must not read as a failure to post it.
    shell.note(`${save} is not what is stored, and its receipt does not fit it; fetch that with: ${command}`);
    return;
  }
  if (sha256Hex(stored) !== evidence) throw unreliable(`what it gives as ${evidence} are other bytes`);
  await writeBytes(save, stored);
  shell.note(`this statement was stored before; ${save} holds it as it is stored, under its first signature`);
}
