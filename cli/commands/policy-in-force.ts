import type { Command } from 'commander';
import { printable } from '../../lib/core/printable.ts';
import { MAIN } from '../../lib/core/slots.ts';
import type { ApiClient } from '../client.ts';
import { UsageError } from '../errors.ts';
import { digest } from '../options.ts';
import { Shell } from '../shell.ts';
import { activationLines, policyPath, standingIn } from './policy-answers.ts';

/** What puts policies in force, and takes them out of it. */
export function addInForce(policy: Command): void {
  addActivate(policy);
  addRollback(policy);
  addWithdraw(policy);
}

function addActivate(policy: Command): void {
  policy
    .command('activate')
    .description('put an approved policy in force: the next gate uses it (role policy-approver)')
    .argument('<sha256>', 'digest of the policy bundle', digest)
    .option('--slot <name>', 'beside the main policy, in a slot of this name: a gate passes only if both let it pass')
    .action(async (sha256: string, { slot }: { slot?: string }, command: Command) => {
      const shell = new Shell(command);
      const body = slot === undefined ? {} : { slot };
      const answer = await shell.api().json({ method: 'POST', path: policyPath(sha256, 'activate'), body });
      shell.result(answer, activationLines(answer));
    });
}

function addRollback(policy: Command): void {
  policy
    .command('rollback')
    .description('put the policy before back in force, at once (role policy-approver or operator)')
    .requiredOption('--reason <text>', 'kept for the auditors; no personal data')
    .option('--slot <name>', 'of a slot beside the main policy', MAIN)
    .option(
      '--from <sha256>',
      'the policy that is to be left (default: what is in force, unless a rollback put it there)',
      digest,
    )
    .action(async ({ reason, slot, from }: { reason: string; slot: string; from?: string }, command: Command) => {
      const shell = new Shell(command);
      const api = shell.api();
      const leaving = from ?? (await brokenOne(api, slot));
      const body = { reason, from: leaving, ...(slot === MAIN ? {} : { slot }) };
      const answer = await api.json({ method: 'POST', path: '/v1/policies/rollback', body });
      shell.result(answer, activationLines(answer));
    });
}

/** What somebody rolled back to a moment ago is the good one: whoever would leave that too has to name it. */
async function brokenOne(api: ApiClient, slot: string): Promise<string> {
  const standing = await standingIn(api, slot);
  if (!standing) throw new UsageError('no policy is in force, so there is none to leave');
  if (standing.reason === null) return standing.sha256;
  throw new UsageError(
    `a rollback put ${standing.sha256} in force at ${standing.at}: ${printable(standing.reason)}`,
    `to leave that one too: --from ${standing.sha256}`,
  );
}

function addWithdraw(policy: Command): void {
  policy
    .command('withdraw')
    .description('take a policy out of its slot (role policy-approver; of a shadow policy-author too)')
    .requiredOption('--slot <name>', 'of a slot beside the main policy')
    .requiredOption('--reason <text>', 'kept for the auditors; no personal data')
    .action(async ({ reason, slot }: { reason: string; slot: string }, command: Command) => {
      const shell = new Shell(command);
      const api = shell.api();
      const standing = await standingIn(api, slot);
      if (!standing) throw new UsageError(`no policy stands in the slot ${slot}`, 'countersign policy list');
      const { sha256 } = standing;
      const answer =
        standing.slot?.mode === 'shadow'
          ? await api.json({ method: 'POST', path: policyPath(sha256, 'shadow/end'), body: { slot, reason } })
          : await api.json({ method: 'POST', path: '/v1/policies/withdraw', body: { slot, from: sha256, reason } });
      shell.result(answer, activationLines(answer));
    });
}
