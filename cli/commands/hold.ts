import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { JsonObject } from '../../lib/core/json.ts';
import { readAnswer } from '../answers.ts';
import { type ApiClient, apiPath } from '../client.ts';
import { ApiProblem } from '../errors.ts';
import { digest } from '../options.ts';
import { Shell, table } from '../shell.ts';

const HoldSchema = z.looseObject({
  sha256: z.string(),
  state: z.enum(['on', 'off']),
  reason: z.string(),
  by: z.string(),
  at: z.string(),
  event: z.string(),
});

const CHANGES = {
  place: {
    method: 'POST',
    state: 'on',
    conflict: 'HOLD_EXISTS',
    what: 'keep evidence beyond its retention (role legal-hold)',
  },
  release: { method: 'DELETE', state: 'off', conflict: 'HOLD_NOT_FOUND', what: 'end a hold (role legal-hold)' },
} as const;

export function addHold(program: Command): void {
  const hold = program.command('hold').description('legal holds on evidence, each change being evidence itself');
  for (const action of ['place', 'release'] as const) {
    hold
      .command(action)
      .description(CHANGES[action].what)
      .argument('<sha256>', 'digest of the evidence', digest)
      .requiredOption('--reason <text>', 'kept for the auditors; no personal data')
      .action(async (sha256: string, { reason }: { reason: string }, command: Command) => {
        const shell = new Shell(command);
        show(shell, await change(shell.api(), action, sha256, reason));
      });
  }
  hold
    .command('show')
    .description('whether evidence is on hold, for whom and why')
    .argument('<sha256>', 'digest of the evidence', digest)
    .action(async (sha256: string, _options: object, command: Command) => {
      const shell = new Shell(command);
      show(shell, await current(shell.api(), sha256));
    });
}

/** The answer to a first attempt may be lost; the second then finds the hold as it was to be, for this very reason. */
async function change(
  api: ApiClient,
  action: keyof typeof CHANGES,
  sha256: string,
  reason: string,
): Promise<JsonObject> {
  const { method, state, conflict } = CHANGES[action];
  try {
    return await api.json({ method, path: '/v1/holds', body: { sha256, reason } });
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.problem.code !== conflict) throw error;
    const now = await current(api, sha256).catch(() => undefined);
    if (now?.state === state && now.reason === reason) return now;
    throw error;
  }
}

async function current(api: ApiClient, sha256: string): Promise<JsonObject> {
  return await api.json({ method: 'GET', path: apiPath('/v1/holds/{sha256}', { sha256 }) });
}

function show(shell: Shell, answer: JsonObject): void {
  const { sha256, state, reason, by, at, event } = readAnswer(HoldSchema, answer);
  shell.result(
    answer,
    table([
      ['evidence', sha256],
      ['hold', state],
      ['reason', reason],
      ['by', `${by} at ${at}`],
      ['event', event],
    ]),
  );
}
