import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import * as z from 'zod/mini';
import { addApprover } from './commands/approver.ts';
import { addArtifact } from './commands/artifact.ts';
import { addAttest } from './commands/attest.ts';
import { addGate } from './commands/gate.ts';
import { addHold } from './commands/hold.ts';
import { addIncident } from './commands/incident.ts';
import { addKeys } from './commands/keys.ts';
import { addModel } from './commands/model.ts';
import { addPolicy } from './commands/policy.ts';
import { addPrincipals } from './commands/principals.ts';
import { addPromote } from './commands/promote.ts';
import { addPromotion, addRollback } from './commands/promotion.ts';
import { addReindex } from './commands/reindex.ts';
import { addReleases } from './commands/releases.ts';
import { addRun } from './commands/run.ts';
import { addShow } from './commands/show.ts';
import { addSign } from './commands/sign.ts';
import { addStatus } from './commands/status.ts';
import { addSubmit } from './commands/submit.ts';
import { addVerify } from './commands/verify.ts';
import { addWaiver } from './commands/waiver.ts';
import { addWebhook } from './commands/webhook.ts';

/** The command line, ready to parse. It throws CommanderError instead of ending the process. */
export function buildProgram(): Command {
  const program = new Command('countersign')
    .description('Signed evidence from ML pipelines: attest what a stage did, find it again, verify it offline.')
    .version(packageVersion())
    .showHelpAfterError('(--help tells how it is used)')
    .enablePositionalOptions()
    .exitOverride()
    .addHelpText(
      'after',
      `
Exit codes:
  0  done, or verified
  1  refused by the API, not verified, or not let through by a gate
  2  the command line, the configuration or a file cannot be used
  3  the API or AWS was not available, through all retries; run it again
  4  no AWS credentials, or credentials that may not do this
  \`run\` passes the job's own exit code on, and ends with 125 when the evidence is not stored.

Examples:
  countersign run --stage training --output model/ -- python train.py
  countersign verify manifest.sigstore.json --key producer.pub --receipt receipt.sigstore.json --evidence-key evidence.pem
  countersign gate --model model.tar.gz --environment production
  countersign --local reader show run r-2026-02-21`,
    );
  for (const add of [
    addRun,
    addAttest,
    addSign,
    addSubmit,
    addArtifact,
    addShow,
    addVerify,
    addModel,
    addGate,
    addPolicy,
    addWaiver,
    addPromote,
    addPromotion,
    addReleases,
    addIncident,
    addRollback,
    addApprover,
    addWebhook,
    addPrincipals,
    addKeys,
    addHold,
    addStatus,
    addReindex,
  ]) {
    add(program);
  }
  for (const option of globalOptions()) program.addOption(option);
  for (const command of leaves(program)) {
    for (const option of globalOptions()) command.addOption(option.hideHelp());
  }
  return program;
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

/** Understood before a command and after it; listed in the help of the program only. */
function globalOptions(): Option[] {
  return [
    new Option('--api <url>', 'address of the API, with its stage (COUNTERSIGN_API)'),
    new Option('--region <region>', 'AWS region (AWS_REGION)'),
    new Option('--profile <name>', 'profile of the shared AWS configuration (AWS_PROFILE)'),
    new Option('--local <identity>', 'use the stack that `npm start` runs, as one of its identities or roles'),
    new Option('--json', 'print one JSON document on stdout'),
  ];
}

/** The commands that do something, without the ones that only hold others. */
export function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}
