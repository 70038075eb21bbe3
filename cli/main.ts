import { CommanderError } from 'commander';
import { describeFailure, type Failure } from './errors.ts';
import { ExitCode } from './exit-codes.ts';
import { buildProgram } from './program.ts';

try {
  await buildProgram().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Tells a failure on stderr, and with --json on stdout too, so that stdout is one document either way. */
function report(error: unknown): number {
  // Commander has written its message already; help and version end by an exception too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.OK : ExitCode.USAGE;
  const failure = describeFailure(error) ?? defect(error);
  for (const line of failureLines(failure)) process.stderr.write(`${line}\n`);
  if (wantsJson(process.argv)) process.stdout.write(`${JSON.stringify({ error: failure }, null, 2)}\n`);
  return failure.exit_code;
}

function failureLines({ title, detail, code, pointer, hint, request }: Failure): string[] {
  return [
    `countersign: ${title}${code === undefined ? '' : ` [${code}]`}`,
    ...(detail === undefined ? [] : [`  ${detail}`]),
    ...(pointer ? [`  at: ${pointer}`] : []),
    ...(hint === undefined ? [] : [`  hint: ${hint}`]),
    ...(request === undefined ? [] : [`  request: ${request}`]),
  ];
}

function defect(error: unknown): Failure {
  const title = `this is a defect in countersign: ${error instanceof Error ? error.message : String(error)}`;
  if (process.env.COUNTERSIGN_DEBUG) console.error(error);
  return { title, hint: 'COUNTERSIGN_DEBUG=1 shows where', exit_code: ExitCode.REFUSED };
}

/** The command line may be the very thing that could not be read. What follows `--` is a job's. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? undefined : end).includes('--json');
}
