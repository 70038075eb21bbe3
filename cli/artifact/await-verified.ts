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
    state: z.enum(['verifying', 'mismatch']),
    verified_bytes: z.number(),
    actual: z.optional(z.string()),
  }),
]);

const FIRST_POLL_MS = 500;
const SLOWEST_POLL_MS = 10_000;

/** The verifier works in runs of at most 15 minutes, each of which moves on; two without a move mean that it does not run. */
const STALLED_MS = 30 * 60 * 1000;

/** Waits until the control plane has hashed a staged upload. */
export async function awaitVerified(api: ApiClient, sha256: string, size: number): Promise<Accepted> {
  const bar = progressBar('verifying', size);
  let movedAt = Date.now();
  let seen = -1;
  try {
    for (let delay = FIRST_POLL_MS; ; delay = Math.min(delay * 1.5, SLOWEST_POLL_MS)) {
      const answer = await api.json({ method: 'GET', path: apiPath('/v1/artifacts/{sha256}', { sha256 }) });
      const state = readAnswer(StateSchema, answer);
      if (state.status === 'verified') return readAccepted({ ...answer, created: true });
      if (state.state === 'mismatch') {
        throw new CliError(
          `what arrived has the digest ${state.actual ?? 'of other bytes'}, not ${sha256}`,
          ExitCode.REFUSED,
          {
            hint: 'the file changed while it was uploaded',
          },
        );
      }
      if (state.verified_bytes > seen) {
        seen = state.verified_bytes;
        movedAt = Date.now();
      }
      if (Date.now() - movedAt > STALLED_MS) {
        throw new UnavailableError(`the verification of ${sha256} stands still at ${seen} of ${size} bytes`);
      }
      bar.update(state.verified_bytes);
      await sleep(delay);
    }
  } finally {
    bar.stop();
  }
}
