import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { JobNotStarted, runJob } from '../../../cli/job/run-job.ts';

const node = (script: string) => [process.execPath, '-e', script];

describe('a job', () => {
  it.each([0, 1, 42])('ends with its own exit code, %d', async (code) => {
    const { exitCode, startedAt, finishedAt } = await runJob(node(`process.exit(${code})`), 'stdout');
    expect(exitCode).toBe(code);
    expect(finishedAt.getTime()).toBeGreaterThanOrEqual(startedAt.getTime());
  });

  it('that a signal ended has the exit code that a shell gives to that', async () => {
    expect((await runJob(node('process.kill(process.pid, "SIGTERM")'), 'stdout')).exitCode).toBe(143);
  });

  it.each([
    ['/no/such/command', 'ENOENT'],
    [fileURLToPath(import.meta.url), 'EACCES'],
  ])('that cannot be started says why: %s', async (command, reason) => {
    const failure = await runJob([command], 'stdout').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(JobNotStarted);
    expect(failure).toMatchObject({ reason });
  });

  it('gets the signals that are sent to the command around it', async () => {
    const module = new URL('../../../cli/job/run-job.ts', import.meta.url).href;
    const job = `process.on('SIGTERM', () => process.exit(7)); console.log('ready'); setInterval(() => {}, 1000)`;
    const wrapper = `
      const { runJob } = await import(${JSON.stringify(module)});
      process.exit((await runJob(${JSON.stringify(node(job))}, 'stdout')).exitCode);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', wrapper], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.once('data', () => child.kill('SIGTERM'));
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect(code).toBe(7);
  });
});
