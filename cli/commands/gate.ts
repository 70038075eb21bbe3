import { rm } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { ENVIRONMENTS, type Environment } from '../../lib/contracts/predicates.ts';
import { SHA256_HEX } from '../../lib/core/digest.ts';
import { GATE_PHASES, type GatePhase } from '../../lib/core/gate/input.ts';
import { UsageError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { evaluateGate, type GateDecision } from '../gate/evaluate.ts';
import { junitXml, skippedXml } from '../gate/junit.ts';
import { replayGate } from '../gate/replay.ts';
import { replayLines } from '../gate/replay-lines.ts';
import { collectParts, keepParts } from '../gate/replay-parts.ts';
import { placeOf, sarifLog, skippedSarif } from '../gate/sarif.ts';
import { GateSkipped, skippedLines } from '../gate/skipped.ts';
import { decisionLines } from '../gate/table.ts';
import { hashFileVisibly, statOf } from '../hashing/with-progress.ts';
import { collect, imageDigest, instant } from '../options.ts';
import { Shell, writeBytes } from '../shell.ts';
import { readKeys } from '../trusted-keys.ts';

const FORMATS = ['table', 'json', 'junit', 'sarif'] as const;

/** A replay takes the question from the decision, and prints its own report. */
const OF_A_QUESTION = [
  'model',
  'environment',
  'phase',
  'imageDigest',
  'endpoint',
  'at',
  'releaseCandidate',
  'format',
  'output',
  'save',
] satisfies readonly (keyof GateOptions)[];

interface GateOptions {
  readonly model?: string;
  readonly environment?: Environment;
  readonly phase: GatePhase;
  readonly imageDigest?: string;
  readonly endpoint?: string;
  readonly at?: string;
  readonly releaseCandidate?: boolean;
  readonly format: (typeof FORMATS)[number];
  readonly output?: string;
  readonly save?: string;
  readonly evidenceKey?: readonly string[];
  readonly replay?: string;
  readonly input?: string;
  readonly policy?: readonly string[];
  readonly keep?: string;
}

export function addGate(program: Command): void {
  program
    .command('gate')
    .description(
      'ask whether a model may enter an environment, or replay a decision (role promoter, producer, operator or policy-author; a replay: any reader)',
    )
    .option('--model <model>', 'SHA-256 of the model, or its tar.gz')
    .addOption(new Option('--environment <environment>', 'which it is to enter').choices(ENVIRONMENTS))
    .addOption(
      new Option('--phase <phase>', 'request: before people are asked; release: after')
        .choices(GATE_PHASES)
        .default('request'),
    )
    .option('--image-digest <digest>', 'sha256:… of the serving image', imageDigest)
    .option('--endpoint <name>', 'SageMaker endpoint that it is to serve on')
    .option('--at <time>', 'judge by the policy, keys, waivers and evidence of then', instant)
    .option('--release-candidate', 'check in full, also where only a sample of the runs is checked')
    .addOption(new Option('--format <format>', 'of the report').choices(FORMATS).default('table'))
    .option('-o, --output <file>', 'write the report there; the table is printed as well')
    .option('--save <file>', 'keep the signed decision (Sigstore bundle) there')
    .option('--evidence-key <file>', 'public key of the control plane that must have signed (PEM); repeatable', collect)
    .addOption(
      new Option(
        '--replay <decision>',
        'SHA-256 of a stored decision, or its file: decide again from its bytes and compare',
      ).conflicts(OF_A_QUESTION),
    )
    .option('--input <file>', 'with --replay: the facts that it was decided on')
    .option('--policy <file>', 'with --replay: a policy bundle that decided; repeatable', collect)
    .option('--keep <folder>', 'with --replay: keep decision, facts and policy there, to replay them offline')
    .addHelpText(
      'after',
      `
It ends with 0 when the gate lets the model through, also unchecked where only a sample is checked, and with 1 when a rule does not, or when the API refuses to decide, such
as for a missing manifest; 3 is for an API that was not available: only then is it worth running again.

Examples:
  countersign gate --model model.tar.gz --environment production
  countersign gate --model model.tar.gz --environment production --format junit --output gate.xml --save decision.sigstore.json
  countersign gate --replay SHA256 --keep decision/
  countersign gate --replay decision/decision.sigstore.json --input decision/input.json --policy decision/policy.tar.gz --evidence-key evidence.pem`,
    )
    .action(async (options: GateOptions, command: Command) => {
      const shell = new Shell(command);
      if (options.replay === undefined) await ask(shell, options);
      else await replay(shell, options, options.replay);
    });
}

async function ask(shell: Shell, options: GateOptions): Promise<void> {
  const { environment, phase, imageDigest, endpoint, at, releaseCandidate, format, output, save } = options;
  if (options.model === undefined || environment === undefined) {
    throw new UsageError('--model and --environment are needed', 'or --replay DECISION');
  }
  if (options.input ?? options.policy ?? options.keep) {
    throw new UsageError('--input, --policy and --keep go with --replay');
  }
  if (shell.isJson && output === undefined && format !== 'json' && format !== 'table') {
    throw new UsageError(`--json and --format ${format} both want stdout`, 'give --output');
  }
  const trusted = await readKeys(options.evidenceKey);
  const { sha256, place } = await modelOf(options.model);
  // Should it fail below, no report of an earlier run may be published as this one's.
  if (output !== undefined) await rm(output, { force: true });
  const question = { model: sha256, environment, phase, imageDigest, endpoint, at, releaseCandidate };
  const said = await evaluateGate(shell.api(), question, trusted).catch((error: unknown) => {
    if (error instanceof GateSkipped) return error;
    throw error;
  });
  if (save !== undefined) await writeBytes(save, said.bundle);
  const report = reportText(said, format, place);
  if (output !== undefined) await writeBytes(output, report);
  if (output === undefined && format !== 'table' && !shell.isJson) process.stdout.write(report);
  else shell.result(said.answer, linesOf(said));
  if (!(said instanceof GateSkipped || said.passed)) process.exitCode = ExitCode.REFUSED;
}

/** The digest, and where code scanning shows what is said about it. */
/** A model by its digest, or by its tar.gz. */
export async function modelOf(text: string): Promise<{ readonly sha256: string; readonly place: string }> {
  if (SHA256_HEX.test(text)) return { sha256: text, place: placeOf(text, undefined) };
  if ((await statOf(text)).isDirectory()) {
    throw new UsageError(`${text} is a directory`, "a model's digest is that of its tar.gz: countersign model pack");
  }
  const { sha256 } = await hashFileVisibly(text);
  return { sha256, place: placeOf(sha256, text) };
}

function linesOf(said: GateDecision | GateSkipped): string[] {
  return said instanceof GateSkipped ? skippedLines(said) : decisionLines(said);
}

function reportText(said: GateDecision | GateSkipped, format: GateOptions['format'], place: string): string {
  switch (format) {
    case 'table':
      return `${linesOf(said).join('\n')}\n`;
    case 'json':
      return `${JSON.stringify(said.answer, null, 2)}\n`;
    case 'junit':
      return said instanceof GateSkipped ? skippedXml(said) : junitXml(said);
    case 'sarif':
      return `${JSON.stringify(said instanceof GateSkipped ? skippedSarif(said) : sarifLog(said, place), null, 2)}\n`;
  }
}

async function replay(shell: Shell, options: GateOptions, decision: string): Promise<void> {
  const { input, policy, evidenceKey: evidenceKeys, keep } = options;
  const sources = {
    decision,
    ...(input === undefined ? {} : { input }),
    ...(policy === undefined ? {} : { policies: policy }),
    ...(evidenceKeys === undefined ? {} : { evidenceKeys }),
  };
  const parts = await collectParts(sources, () => shell.api());
  if (evidenceKeys === undefined) {
    shell.note(
      "the evidence keys are the API's own word; --evidence-key FILE holds the decision against one you pinned",
    );
  }
  if (keep !== undefined) shell.note(`offline: ${await keepParts(parts, keep)}`);
  const report = await replayGate(parts);
  shell.result(report, replayLines(report));
  if (!report.identical) process.exitCode = ExitCode.REFUSED;
}
