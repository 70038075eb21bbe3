import { basename, join } from 'node:path';
import type { Command } from 'commander';
import type { JsonObject } from '../../lib/core/json.ts';
import { readBytes, Shell, table, writeBytes } from '../shell.ts';
import { type Accepted, submit } from '../submit.ts';

export function addSubmit(program: Command): void {
  program
    .command('submit')
    .description('post signed files: Sigstore bundles, DSSE envelopes or plain manifests (role producer)')
    .argument('<file...>', 'posted as they are, one after another')
    .option('--receipts <dir>', 'write each receipt there, as <file>.receipt.sigstore.json')
    .addHelpText(
      'after',
      `
Posting the same statement again is safe: it answers with the first receipt.

Example:
  countersign submit manifest.sigstore.json --receipts .`,
    )
    .action(async (files: readonly string[], { receipts }: { receipts?: string }, command: Command) => {
      const shell = new Shell(command);
      const api = shell.api();
      const answers: JsonObject[] = [];
      const lines: string[] = [];
      for (const file of files) {
        const accepted = await submit(api, await readBytes(file));
        const receipt = receipts === undefined ? undefined : join(receipts, `${basename(file)}.receipt.sigstore.json`);
        if (receipt !== undefined) await writeBytes(receipt, accepted.receiptBytes);
        answers.push({ file, ...accepted.answer });
        lines.push(
          ...(lines.length === 0 ? [] : ['']),
          ...table([['file', file]]),
          ...acceptedLines(accepted, receipt),
        );
      }
      const [only] = answers;
      shell.result(only && answers.length === 1 ? only : answers, lines);
    });
}

/** What a user reads when something is evidence. */
export function acceptedLines(accepted: Accepted, receiptFile?: string): string[] {
  const { evidence, created, receipt, answer } = accepted;
  const { principal, verified_key: key, storage, flags, received_at, environment } = receipt;
  // What was stored before may be locked for longer than its receipt says.
  const lockedUntil = typeof answer.locked_until === 'string' ? answer.locked_until : storage.retain_until;
  return table([
    ['evidence', evidence],
    ['state', created ? 'accepted' : 'accepted before; this is the first receipt'],
    ['received', `${received_at} from ${principal.name} for ${environment}`],
    ['signed by', key ? `${key.keyid} (${key.role})` : undefined],
    ['flags', flags.join(', ')],
    ['kept until', `${lockedUntil} (${storage.lock_mode})`],
    ['receipt', receiptFile],
  ]);
}
