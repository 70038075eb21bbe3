import type { Command } from 'commander';
import { STAGES } from '../../lib/contracts/predicates.ts';
import { callerPrincipal } from '../caller.ts';
import { deliver } from '../deliver.ts';
import { CliError, RunFailure, UsageError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { foreseenManifest, hashUsed, jobManifest, settingOf } from '../job/job-manifest.ts';
import { preflight } from '../job/preflight.ts';
import { JobNotStarted, type JobResult, runJob } from '../job/run-job.ts';
import { manifestPayload } from '../manifest.ts';
import { addManifestOptions, type ManifestOptions, RESOURCE_HELP } from '../manifest-options.ts';
import { Shell } from '../shell.ts';
import { signPayload } from '../signers/signer.ts';
import type { Accepted } from '../submit.ts';
import { acceptedLines } from './submit.ts';

interface RunOptions extends ManifestOptions {
  readonly recordFailures?: boolean;
}

export function addRun(program: Command): void {
  addManifestOptions(
    program.command('run').description('run a job, and attest what went in and what came out (role producer)'),
  )
    .option('--record-failures', 'attest a failed job too, with its exit code')
    .argument('<command...>', 'the job, after --')
    .passThroughOptions()
    .addHelpText(
      'after',
      `${RESOURCE_HELP}

Inputs are hashed before the job, outputs after it. The key and its authority are held against the registry before the job,
so that no training ends with a refusal that was to be foreseen. A failed job is not attested unless --record-failures is given. When the evidence
cannot be posted, the signed bundle is kept on disk and \`countersign submit\` posts it later.

Exit codes: the job's own; 125 when countersign fails, before the job or after it; 126 and 127 when the command cannot be run
or is not there. With --json the job's stdout goes to stderr.

Example:
  countersign run --stage training --dataset train=data/train.csv --model credit=model.tar.gz \\
    --metrics metrics.json -- python train.py --epochs 10`,
    )
    .action(async (job: readonly string[], options: RunOptions, command: Command) => {
      const shell = new Shell(command);
      try {
        process.exitCode = await run(shell, job, options);
      } catch (error) {
        throw error instanceof RunFailure ? error : runFailure(error);
      }
    });
}

async function run(shell: Shell, command: readonly string[], options: RunOptions): Promise<number> {
  const { stage } = options;
  if (stage === undefined) throw new UsageError('which stage of the pipeline is it?', `--stage ${STAGES.join('|')}`);
  const signer = await shell.signer(options.key);
  const api = shell.api();
  const principal = await callerPrincipal(api);
  const name = options.principal ?? (process.env.COUNTERSIGN_PRINCIPAL || principal.name);
  const setting = await settingOf(stage, name, options, (message) => shell.note(message));
  await preflight(principal, signer, foreseenManifest(setting, options), new Date());
  const used = await hashUsed(stage, options);
  const result = await runJob(command, shell.isJson ? 'stderr' : 'stdout');
  if (result.exitCode !== 0 && !options.recordFailures) {
    shell.note(`the job failed with exit code ${result.exitCode}; nothing is attested (--record-failures attests it)`);
    if (shell.isJson) shell.result({ attested: false, exit_code: result.exitCode }, []);
    return result.exitCode;
  }
  try {
    const manifest = await jobManifest(setting, used, options, command, result);
    const bundle = await signPayload(signer, manifestPayload(manifest));
    tell(shell, await deliver(shell, api, bundle, options), result, options);
  } catch (error) {
    shell.note(`the job ended with exit code ${result.exitCode}, and its evidence is not stored`);
    // A failed job's own exit code says more to its caller than ours would.
    throw result.exitCode === 0 ? error : new RunFailure(error, result.exitCode);
  }
  return result.exitCode;
}

/** The job has stdout; without --json what is told goes to stderr. */
function tell(shell: Shell, accepted: Accepted, { exitCode }: JobResult, { receipt }: RunOptions): void {
  if (shell.isJson) shell.result({ attested: true, exit_code: exitCode, ...accepted.answer }, []);
  else for (const line of acceptedLines(accepted, receipt)) shell.note(line);
}

/** The job's exit codes are its own, so that ours are those that env(1) and timeout(1) keep for themselves. */
function runFailure(error: unknown): RunFailure {
  if (!(error instanceof JobNotStarted)) return new RunFailure(error, ExitCode.RUN_FAILED);
  const exitCode = error.reason === 'ENOENT' ? ExitCode.RUN_NOT_FOUND : ExitCode.RUN_NOT_EXECUTABLE;
  return new RunFailure(new CliError(error.message, exitCode), exitCode);
}
