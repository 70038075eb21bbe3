import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { LocalDescription } from './description.ts';
import { messageOf, SetupError } from './errors.ts';
import { type LocalStack, startLocal } from './stack.ts';
import { runStep } from './steps.ts';

const ROOT = resolve(import.meta.dirname, '..');

const HELP = `npm start [-- OPTIONS]

Starts AWS on this machine, provisions it from the CDK app, runs the example pipeline, and stays up until Ctrl-C.

  --exit            end after the example; exits 0 if every step worked
  --no-example      leave the example out
  --port N          port of the front door (or COUNTERSIGN_PORT); a free one by default
  --state FOLDER    where local.json, logs and process records go; .countersign by default
  --cdk-out FOLDER  provision this assembly of the stage "local" instead of synthesising one
  --help            this text
`;

interface Arguments {
  readonly exit: boolean;
  readonly port: number;
  readonly state: string;
  readonly assembly: string | undefined;
  readonly example: boolean;
}

/** What ends the process from outside, with the exit code that shells give to such an end. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Signals that come this close together are one press of Ctrl-C. */
const ONE_PRESS_MS = 500;

await main();

async function main(): Promise<void> {
  const log = (line: string) => console.log(`  ${line}`);
  let stack: LocalStack | undefined;
  let endingSince: number | undefined;
  const end = (signal: keyof typeof SIGNALS) => {
    // Under npm, one Ctrl-C arrives twice: from the terminal and from npm.
    if (endingSince !== undefined && performance.now() - endingSince < ONE_PRESS_MS) return;
    // A second Ctrl-C does not wait. Leaving in the middle of a start ends the children too: see startLocal.
    if (endingSince !== undefined || stack === undefined) process.exit(SIGNALS[signal]);
    endingSince = performance.now();
    console.log('\nStopping.');
    void stack.stop().then(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end(signal));

  try {
    const options = readArguments(process.argv.slice(2));
    if (options === undefined) {
      console.log(HELP);
      return;
    }
    console.log('Starting AWS on this machine');
    stack = await startLocal({
      stateDir: options.state,
      port: options.port,
      log,
      ...(options.assembly === undefined ? {} : { assembly: options.assembly }),
    });
    const { description } = stack;
    if (options.example) {
      console.log('Running the example pipeline');
      await runStep('run the example pipeline', log, () => runExample(description, log, options.exit));
    }
    if (options.exit) {
      endingSince = performance.now();
      await stack.stop();
      console.log('Every step worked.');
      return;
    }
    console.log(summary(description, options.state));
  } catch (error) {
    console.error(explain(error));
    process.exitCode = 1;
    if (stack !== undefined && endingSince === undefined) await stack.stop();
  }
}

/** @returns undefined if only the help was asked for. */
function readArguments(args: readonly string[]): Arguments | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      allowNegative: true,
      options: {
        exit: { type: 'boolean', default: false },
        port: { type: 'string', default: process.env.COUNTERSIGN_PORT ?? '0' },
        state: { type: 'string', default: join(ROOT, '.countersign') },
        'cdk-out': { type: 'string' },
        example: { type: 'boolean', default: true },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return undefined;
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new SetupError(`"${values.port}" is not a port`, 'Give a number from 1 to 65535, or 0 for a free one.');
    }
    const assembly = values['cdk-out'];
    return {
      exit: values.exit,
      port,
      state: resolve(values.state),
      assembly: assembly === undefined ? undefined : resolve(assembly),
      example: values.example,
    };
  } catch (error) {
    if (error instanceof SetupError) throw error;
    throw new SetupError(messageOf(error), 'See npm start -- --help.', error);
  }
}

async function runExample(local: LocalDescription, log: (line: string) => void, unattended: boolean): Promise<void> {
  // Loaded here, so that a start without the example does not depend on it.
  const { runExample: run } = await import('../examples/breast-cancer/run.ts');
  await run(local, log, { unattended });
}

function summary(local: LocalDescription, stateDir: string): string {
  return `
Ready. Ctrl-C stops it.

  API          ${local.apiUrl}${local.pagesUrl === undefined ? '' : `\n  Pages        ${local.pagesUrl}`}
  Inbox        ${local.inbox}
  AWS endpoint ${local.endpoint} (region ${local.region}, account ${local.accountId})
  Credentials  ${short(join(stateDir, 'local.json'))}, under "identities"
  Logs         ${short(local.logs)}

  For any AWS client:
    export AWS_ENDPOINT_URL=${local.endpoint} AWS_REGION=${local.region}
`;
}

/** A path as one would type it here. */
function short(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}

function explain(error: unknown): string {
  if (error instanceof SetupError) return `\n${error.message}\n${error.fix}`;
  return `\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
