import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import { readAnswer } from '../answers.ts';
import { type ApiClient, apiPath } from '../client.ts';
import { CliError, UnavailableError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { progressBar } from '../progress.ts';
import { type Accepted, readAccepted } from '../submit.ts';

const StateSchema = z.union([
  z.looseObject({ status: z.literal('verified') }),
  z.looseObject({
    status: z.literal('unverified'),
    state: z.enum(['verifying', 'copying', 'mismatch', 'occupied']),
    verified_bytes: z.number(),
    copied_bytes: z.number(),
    updated_at: z.string(),
    actual: z.optional(z.string()),
  }),
]);

const FIRST_POLL_MS = 500;
const SLOWEST_POLL_MS = 10_000;

/** The verifier works in runs of at most 15 minutes, each of which moves on; two without a move mean that it does not run. */
const STALLED_MS = 30 * 60 * 1000;

/** Waits until the control plane has hashed a staged upload and copied it to its final key. */
export async function awaitVerified(
  api: ApiClient,
  { sha256, name }: { readonly sha256: string; readonly name: string },
  size: number,
): Promise<Accepted> {
  const path = apiPath('/v1/artifacts/{sha256}', { sha256 });
  const bar = progressBar('verifying and copying', 2 * size);
  let movedAt = Date.now();
  let seen = '';
  try {
    for (let delay = FIRST_POLL_MS; ; delay = Math.min(delay * 1.5, SLOWEST_POLL_MS)) {
      const answer = await api.json({ method: 'GET', path, query: { upload: name } });
      const state = readAnswer(StateSchema, answer);
      if (state.status === 'verified') return readAccepted({ ...answer, created: true });
      if (state.state === 'mismatch' || state.state === 'occupied') throw refused(sha256, state);
      if (state.updated_at !== seen) {
        seen = state.updated_at;
        movedAt = Date.now();
      }
      if (Date.now() - movedAt > STALLED_MS) {
        const { verified_bytes, copied_bytes } = state;
        throw new UnavailableError(
          `the verification of ${sha256} stands still: ${verified_bytes} of ${size} bytes verified, ${copied_bytes} copied`,
        );
      }
      bar.update(state.verified_bytes + state.copied_bytes);
      await sleep(delay);
    }
  } finally {
    bar.stop();
  }
}

function refused(sha256: string, { state, actual }: { readonly state: string; readonly actual?: string | undefined }) {
  if (state === 'occupied') {
    return new CliError(`other bytes are stored under the digest ${sha256}`, ExitCode.REFUSED, {
      hint: 'this must not happen; the operator of the control plane has to look into it',
    });
  }
  return new CliError(`what arrived has the digest ${actual ?? 'of other bytes'}, not ${sha256}`, ExitCode.REFUSED, {
    hint: 'the file changed while it was uploaded',
  });
}
