import type { Command } from 'commander';
import * as z from 'zod/mini';
import { type Activation, RecordedActivationSchema } from '../../lib/core/policy.ts';
import { printable } from '../../lib/core/printable.ts';
import { readAnswer } from '../answers.ts';
import { UsageError, unusableFile } from '../errors.ts';
import { statOf } from '../hashing/with-progress.ts';
import { digest } from '../options.ts';
import { readBytes, Shell, writeBytes } from '../shell.ts';
import { historyLine, listPolicies, policyLines, policyPath, readList } from './policy-answers.ts';
import { addInForce } from './policy-in-force.ts';
import { addShadow } from './policy-shadow.ts';
import { addSimulate, addSimulations } from './policy-simulate.ts';
import { addSteps } from './policy-steps.ts';

const HistorySchema = z.looseObject({ activations: z.array(RecordedActivationSchema) });

export function addPolicy(program: Command): void {
  const policy = program
    .command('policy')
    .description('the rules of the gates: propose, test, simulate, approve, activate, roll back')
    .addHelpText(
      'after',
      `
A policy bundle is proposed, tested, simulated over at least 30 days of decisions, approved by somebody else than its author,
and then activated; each step is evidence.
Up to four others may stand beside the main one, each in a slot: what is activated there decides too, a shadow only says what it would have decided.

Examples:
  countersign policy propose policy.tar.gz --change-request CHG-1042
  countersign policy test SHA256 --evidence SHA256
  countersign policy simulate SHA256
  countersign policy approve SHA256
  countersign policy shadow SHA256 --days 14
  countersign policy shadow-report SHA256
  countersign policy activate SHA256
  countersign policy activate SHA256 --slot freeze
  countersign policy withdraw --slot freeze --reason "the freeze is over"
  countersign policy rollback --reason "refuses every model, INC-77"`,
    );
  addList(policy);
  addShow(policy);
  addHistory(policy);
  addPropose(policy);
  addSteps(policy);
  addSimulate(policy);
  addSimulations(policy);
  addShadow(policy);
  addInForce(policy);
}

function addList(policy: Command): void {
  policy
    .command('list')
    .description('every policy that was ever proposed; those that decide are marked with *, shadows with ~')
    .action(async (_options: object, command: Command) => {
      const shell = new Shell(command);
      const answer = await listPolicies(shell.api());
      const { active, beside, policies } = readList(answer);
      const standing = new Map([...beside, ...(active ? [active] : [])].map((one) => [one.sha256, one]));
      const newest = policies.toSorted((a, b) => (a.author.at < b.author.at ? 1 : -1));
      shell.result(
        answer,
        newest.length === 0
          ? ['none was proposed: countersign policy propose']
          : newest.map((one) => listLine(one, standing.get(one.sha256))),
      );
    });
}

type Listed = ReturnType<typeof readList>['policies'][number];

function listLine({ sha256, standing, bundle_revision, author }: Listed, stands: Activation | undefined): string {
  const mark = stands ? (stands.slot?.mode === 'shadow' ? '~' : '*') : ' ';
  const slot = stands?.slot ? `  in the slot ${stands.slot.name}` : '';
  return `${mark} ${sha256}  ${standing.padEnd(11)}  ${author.at}  ${printable(author.arn)}  ${printable(bundle_revision)}${slot}`;
}

function addHistory(policy: Command): void {
  policy
    .command('history')
    .description('what was in force when, newest first: who put it there, in which slot, and why')
    .action(async (_options: object, command: Command) => {
      const shell = new Shell(command);
      const answer = await shell.api().json({ method: 'GET', path: '/v1/policies/activations' });
      const { activations } = readAnswer(HistorySchema, answer);
      shell.result(answer, activations.length === 0 ? ['none was ever in force'] : activations.map(historyLine));
    });
}

function addShow(policy: Command): void {
  policy
    .command('show')
    .description('who proposed, tested and approved a policy, when, and what it would have decided')
    .argument('<sha256>', 'digest of the policy bundle', digest)
    .option('--bundle <file>', 'write the policy bundle (tar.gz) there')
    .action(async (sha256: string, { bundle }: { bundle?: string }, command: Command) => {
      const shell = new Shell(command);
      const api = shell.api();
      const answer = await api.json({ method: 'GET', path: policyPath(sha256) });
      if (bundle !== undefined) await writeBytes(bundle, await api.bytes(policyPath(sha256, 'bundle')));
      shell.result(answer, policyLines(answer));
    });
}

function addPropose(policy: Command): void {
  policy
    .command('propose')
    .description('store a policy bundle and say why it is wanted; it decides nothing yet (role policy-author)')
    .argument('<bundle>', 'what `opa build -t wasm` wrote: a tar.gz, or a folder of its members')
    .requiredOption('--change-request <text>', 'what asked for the change: a ticket or a pull request')
    .action(async (file: string, { changeRequest }: { changeRequest: string }, command: Command) => {
      const shell = new Shell(command);
      const bundle = await usableBundle(file);
      const body = { bundle: bundle.toString('base64'), change_request: changeRequest };
      const answer = await shell.api().json({ method: 'POST', path: '/v1/policies', body });
      shell.result(answer, policyLines(answer));
    });
}

/** What the API would refuse is not sent. The parts are loaded here, because no other command packs or compiles a policy. */
async function usableBundle(path: string): Promise<Buffer> {
  const [{ packPolicyBundle }, { readPolicyBundle }, { loadPolicy }, { MAX_POLICY_BYTES }] = await Promise.all([
    import('../../lib/adapters/opa/pack.ts'),
    import('../../lib/adapters/opa/bundle.ts'),
    import('../../lib/adapters/opa/policy.ts'),
    import('../../lib/app/manage-policies.ts'),
  ]);
  const bundle = (await statOf(path)).isDirectory() ? await packPolicyBundle(path) : await readBytes(path);
  if (bundle.length > MAX_POLICY_BYTES) {
    throw new UsageError(`${path} has ${bundle.length} bytes; a policy bundle has at most ${MAX_POLICY_BYTES}`);
  }
  try {
    await loadPolicy(await readPolicyBundle(bundle));
  } catch (error) {
    unusableFile(path, error);
  }
  return bundle;
}
