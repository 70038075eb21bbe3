import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { STAGES, type Stage } from '../../lib/contracts/predicates.ts';
import type { JsonObject } from '../../lib/core/json.ts';
import { deliver } from '../deliver.ts';
import { detectCommit, detectEnvironment, detectRunId } from '../detect.ts';
import { CliError, RunFailure, UsageError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { JobNotStarted, type JobResult, runJob } from '../job/run-job.ts';
import { buildManifest, isMade, manifestPayload } from '../manifest.ts';
import { addManifestOptions, type ManifestOptions, pairs, principalName, RESOURCE_HELP } from '../manifest-options.ts';
import { unpackedRoot } from '../model/archive.ts';
import { parseResource, type Resource, resolveResource, resolveResources } from '../resources.ts';
import { Shell } from '../shell.ts';
import { type Signer, signPayload } from '../signers/signer.ts';
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

Inputs are hashed before the job, outputs after it. The key, the configuration and the caller's name are tried before it, so
that no training ends without a signature. A failed job is not attested unless --record-failures is given. When the evidence
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

/** What is known and proven before the job runs. */
interface Prepared {
  readonly stage: Stage;
  readonly signer: Signer;
  readonly api: ReturnType<Shell['api']>;
  readonly principal: string;
  readonly runId: string;
  readonly commit: string | undefined;
  readonly inputs: readonly Resource[];
  readonly model: Resource | undefined;
  readonly datasets: readonly Resource[] | undefined;
}

async function run(shell: Shell, job: readonly string[], options: RunOptions): Promise<number> {
  const prepared = await prepare(shell, options);
  const result = await runJob(job, shell.isJson ? 'stderr' : 'stdout');
  if (result.exitCode !== 0 && !options.recordFailures) {
    shell.note(`the job failed with exit code ${result.exitCode}; nothing is attested (--record-failures attests it)`);
    if (shell.isJson) shell.result({ attested: false, exit_code: result.exitCode }, []);
    return result.exitCode;
  }
  try {
    const manifest = await describe(job, result, prepared, options);
    const bundle = await signPayload(prepared.signer, manifestPayload(manifest));
    tell(shell, await deliver(shell, prepared.api, bundle, options), result, options);
  } catch (error) {
    shell.note(`the job ended with exit code ${result.exitCode}, and its evidence is not stored`);
    // A failed job's own exit code says more to its caller than ours would.
    throw result.exitCode === 0 ? error : new RunFailure(error, result.exitCode);
  }
  return result.exitCode;
}

async function prepare(shell: Shell, options: RunOptions): Promise<Prepared> {
  const { stage, workers } = options;
  if (stage === undefined) throw new UsageError('which stage of the pipeline is it?', `--stage ${STAGES.join('|')}`);
  const signer = await shell.signer(options.key);
  const api = shell.api();
  const resolve = async (texts: readonly string[] = []) => await resolveResources(texts.map(parseResource), workers);
  return {
    stage,
    signer,
    api,
    principal: await principalName(options.principal, api),
    runId: detectRunId(options.runId, process.env, new Date()),
    commit: await detectCommit(options.commit, process.env, (message) => shell.note(message)),
    inputs: await resolve(options.input),
    // What the job uses must be hashed before the job can touch it; what it makes is not there yet.
    model:
      isMade(stage, 'model') || options.model === undefined
        ? undefined
        : await resolveResource(parseResource(options.model), workers),
    datasets: isMade(stage, 'dataset') ? undefined : await resolve(options.dataset),
  };
}

async function describe(
  command: readonly string[],
  result: JobResult,
  prepared: Prepared,
  options: RunOptions,
): Promise<JsonObject> {
  const { workers } = options;
  const failed = result.exitCode !== 0;
  const made = async (texts: readonly string[] = []) => {
    const resources: Resource[] = [];
    for (const spec of texts.map(parseResource)) {
      // A failed job may not have made it.
      if (failed && 'path' in spec && !existsSync(spec.path)) continue;
      resources.push(await resolveResource(spec, workers));
    }
    return resources;
  };
  const [model] = prepared.model ? [prepared.model] : await made(options.model === undefined ? [] : [options.model]);
  return buildManifest({
    stage: prepared.stage,
    run_id: prepared.runId,
    principal: prepared.principal,
    timestamp: result.finishedAt.toISOString(),
    model,
    unpacked: model && (await unpackedRoot(options)),
    datasets: prepared.datasets ?? (await made(options.dataset)),
    inputs: prepared.inputs,
    outputs: await made(options.output),
    modelCard: (await made(options.modelCard === undefined ? [] : [options.modelCard]))[0],
    commit_sha: prepared.commit,
    image_digest: options.imageDigest ?? process.env.COUNTERSIGN_IMAGE_DIGEST,
    environment: detectEnvironment(options.environment, process.env),
    parameters: await pairs(options.parameter, options.parameters),
    metrics: await pairs(options.metric, failed ? undefined : options.metrics),
    job: {
      command,
      exit_code: result.exitCode,
      started_at: result.startedAt.toISOString(),
      finished_at: result.finishedAt.toISOString(),
    },
  });
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
