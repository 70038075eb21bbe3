import * as z from 'zod/mini';
import { KeyRecordSchema, type Principal } from '../lib/core/registry.ts';
import { readAnswer } from './answers.ts';
import type { ApiClient } from './client.ts';
import { CliError } from './errors.ts';
import { ExitCode } from './exit-codes.ts';

const StatusSchema = z.object({
  caller: z.object({
    arn: z.string(),
    principal: z.nullable(
      z.object({
        name: z.string(),
        unique_id: z.string(),
        arn: z.string(),
        account: z.string(),
        revision: z.int(),
        keys: z.array(KeyRecordSchema),
      }),
    ),
  }),
});

/** Who the credentials are to the control plane, with the keys that may sign for them. */
export async function callerPrincipal(api: ApiClient): Promise<Principal> {
  const { caller } = readAnswer(StatusSchema, await api.json({ method: 'GET', path: '/v1/status' }));
  if (caller.principal) return caller.principal;
  throw new CliError(`${caller.arn} is not a registered principal`, ExitCode.REFUSED, {
    hint: 'the key admin registers its role: countersign principals register',
  });
}

/** The name that a manifest gives its producer; the API is asked where nobody said it. */
export async function principalName(given: string | undefined, api: ApiClient): Promise<string> {
  return given ?? (process.env.COUNTERSIGN_PRINCIPAL || (await callerPrincipal(api)).name);
}
