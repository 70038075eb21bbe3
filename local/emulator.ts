import { openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SetupError } from './errors.ts';
import { LOOPBACK } from './ports.ts';
import type { Processes } from './processes.ts';

/** Its modules are compiled at the first start, beside whatever else runs; one that ends is noticed at once. */
const READY_WITHIN_MS = 180_000;

/** A Python program that plays a part of AWS. */
export interface EmulatorProgram {
  /** For messages, and for the name of its log file. */
  readonly name: string;
  /** Interpreter that holds it. */
  readonly python: string;
  readonly args: readonly string[];
  readonly port: number;
  /** Path that answers 200 as soon as it serves. */
  readonly healthPath: string;
  readonly stateDir: string;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Starts an emulator, empty, and resolves when it answers.
 *
 * @throws SetupError with the end of its log if it does not.
 */
export async function startEmulator(processes: Processes, program: EmulatorProgram): Promise<void> {
  const tmp = join(program.stateDir, 'tmp');
  const logFile = join(program.stateDir, 'logs', `${program.name.toLowerCase()}.log`);
  await mkdir(tmp, { recursive: true });
  await mkdir(join(program.stateDir, 'logs'), { recursive: true });
  const log = openSync(logFile, 'w');
  const child = await processes.start(program.python, program.args, {
    cwd: program.stateDir,
    stdio: ['ignore', log, log],
    // Of the host's environment only what a process needs to run: AWS_* of the person at the keyboard must not reach it.
    env: {
      PATH: process.env.PATH ?? '',
      SystemRoot: process.env.SystemRoot ?? '',
      HOME: tmp,
      TMPDIR: tmp,
      ...program.environment,
    },
  });
  const deadline = Date.now() + READY_WITHIN_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    if (await isReady(`http://${LOOPBACK}:${program.port}${program.healthPath}`)) return;
    await delay(50);
  }
  const tail = (await readFile(logFile, 'utf8')).trim().split('\n').slice(-3).join(' ');
  throw new SetupError(`${program.name} did not start: ${tail}`, `Its whole log is ${logFile}.`);
}

async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url);
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}
