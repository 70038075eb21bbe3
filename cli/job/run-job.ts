import { spawn } from 'node:child_process';
import { constants } from 'node:os';

export interface JobResult {
  /** As a shell gives it: the job's own, or 128 and the number of the signal that ended it. */
  readonly exitCode: number;
  readonly startedAt: Date;
  readonly finishedAt: Date;
}

/** The command could not be started; `reason` is the system's error code. */
export class JobNotStarted extends Error {
  override readonly name = 'JobNotStarted';
  readonly reason: string;

  constructor(command: string, reason: string) {
    super(`${command} cannot be started: ${reason === 'ENOENT' ? 'no such command' : reason}`);
    this.reason = reason;
  }
}

const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGINT'] as const;

/**
 * Runs a command with this process's own terminal, files and environment.
 *
 * @param stdout - where the job's stdout goes; `stderr` keeps ours free for a JSON document
 * @throws JobNotStarted
 */
export async function runJob(command: readonly string[], stdout: 'stdout' | 'stderr'): Promise<JobResult> {
  const [program = '', ...args] = command;
  const startedAt = new Date();
  const job = spawn(program, args, { stdio: ['inherit', stdout === 'stdout' ? 'inherit' : 2, 'inherit'] });
  const forward = (signal: NodeJS.Signals) => {
    // Ctrl-C on a terminal reaches the job by itself: sent twice, it would end one that only wanted to tidy up.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) job.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      job.once('error', (error) =>
        reject(new JobNotStarted(program, 'code' in error ? String(error.code) : error.message)),
      );
      job.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
    });
    return { exitCode, startedAt, finishedAt: new Date() };
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward);
  }
}
