import { openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SetupError } from './errors.ts';
import { freePort } from './ports.ts';
import type { Processes } from './processes.ts';

/** The one pair of credentials that the emulator checks signatures against. The front door alone uses it. */
export const EMULATOR_CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' } as const;

const READY_WITHIN_MS = 60_000;

export interface Emulator {
  readonly port: number;
}

/** Where the emulator runs and keeps its log; `python` is the interpreter that holds it. */
export interface EmulatorOptions {
  readonly python: string;
  readonly stateDir: string;
  readonly region: string;
  readonly accountId: string;
}

/** Starts MiniStack on a free loopback port, empty, and resolves when it answers. */
export async function startEmulator(processes: Processes, options: EmulatorOptions): Promise<Emulator> {
  const port = await freePort();
  const tmp = join(options.stateDir, 'tmp');
  const logFile = join(options.stateDir, 'logs', 'ministack.log');
  await mkdir(tmp, { recursive: true });
  await mkdir(join(options.stateDir, 'logs'), { recursive: true });
  const log = openSync(logFile, 'w');
  const child = await processes.start(options.python, ['-m', 'ministack'], {
    cwd: options.stateDir,
    stdio: ['ignore', log, log],
    // Of the host's environment only what a process needs to run: AWS_* of the person at the keyboard must not reach it.
    env: {
      PATH: process.env.PATH ?? '',
      SystemRoot: process.env.SystemRoot ?? '',
      HOME: tmp,
      TMPDIR: tmp,
      AWS_ACCESS_KEY_ID: EMULATOR_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: EMULATOR_CREDENTIALS.secretAccessKey,
      // It binds every interface and opens an MQTT port unless told otherwise.
      BIND_HOST: '127.0.0.1',
      IOT_MTLS_ENABLED: '0',
      GATEWAY_PORT: String(port),
      MINISTACK_HOST: '127.0.0.1',
      MINISTACK_REGION: options.region,
      MINISTACK_ACCOUNT_ID: options.accountId,
      CLOUDTRAIL_RECORDING: '1',
      LOG_LEVEL: 'WARNING',
    },
  });
  const deadline = Date.now() + READY_WITHIN_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    if (await isReady(port)) return { port };
    await delay(50);
  }
  const tail = (await readFile(logFile, 'utf8')).trim().split('\n').slice(-3).join(' ');
  throw new SetupError(`MiniStack did not start: ${tail}`, `Its whole log is ${logFile}.`);
}

async function isReady(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/_ministack/health`);
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}
