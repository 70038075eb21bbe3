import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import type { LocalDescription } from '../../local/description.ts';
import { Processes } from '../../local/processes.ts';
import { ensurePython } from '../../local/python.ts';
import { recordFile } from '../../local/stack.ts';

const ROOT = resolve(import.meta.dirname, '../..');
/** A start takes ten seconds on a quiet machine; a test makes two at most. */
const START_MS = 200_000;
vi.setConfig({ testTimeout: 2 * START_MS + 60_000 });

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

let folder: string;
let runs: Run[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-lifecycle-'));
  runs = [];
});
afterEach(async () => {
  for (const run of runs) run.child.kill('SIGTERM');
  await Promise.all(runs.map((run) => run.ended));
  // What a killed start left is ended as the next start would.
  await (await Processes.claim(recordFile(folder), () => {})).stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

function start(...args: readonly string[]): Run {
  // The assembly is the one that the other tests use, and the example has tests of its own: both only take time here.
  const fast = ['--cdk-out', inject('local').assembly, '--no-example'];
  const child = spawn(process.execPath, [join(ROOT, 'local/start.ts'), '--state', folder, ...fast, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output += String(chunk)));
  const ended = once(child, 'exit').then(([code]) => (typeof code === 'number' ? code : null));
  const run = { child, output: () => output, ended };
  runs.push(run);
  return run;
}

async function ready(run: Run): Promise<LocalDescription> {
  await vi.waitFor(() => expect(run.output()).toContain('Ready.'), { timeout: START_MS, interval: 100 });
  return JSON.parse(await readFile(join(folder, 'local.json'), 'utf8'));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function allGone(pids: readonly number[]): Promise<void> {
  await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: 60_000, interval: 50 });
}

describe('npm start', () => {
  it('writes local.json for its owner only, and no secret to its output', async () => {
    const run = start();
    const description = await ready(run);
    expect((await stat(join(folder, 'local.json'))).mode & 0o777).toBe(0o600);
    for (const { secretAccessKey } of Object.values(description.identities)) {
      expect(run.output()).not.toContain(secretAccessKey);
    }
    expect(run.output()).not.toContain(description.control.token);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends all that it started on %s', async (signal) => {
    const run = start();
    const { pids } = await ready(run);
    run.child.kill(signal);
    expect(await run.ended).toBe(0);
    await allGone(pids.children);
    expect(existsSync(join(folder, 'local.json'))).toBe(false);
  });

  it('ends what it has started so far when it is stopped in the middle of its start', async () => {
    const run = start();
    const record = join(folder, 'run', 'processes.json');
    const children = await vi.waitFor(
      async () => {
        const written: { children: { pid: number }[] } = JSON.parse(await readFile(record, 'utf8'));
        expect(written.children).toHaveLength(2);
        return written.children;
      },
      { timeout: 60_000, interval: 10 },
    );
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(130);
    await allGone(children.map(({ pid }) => pid));
    expect(existsSync(record)).toBe(false);
  });

  it('ends what a start left behind that was killed, and begins clean', async () => {
    const first = start();
    const left = await ready(first);
    first.child.kill('SIGKILL');
    await first.ended;
    expect(left.pids.children.every(isAlive)).toBe(true);

    const second = start();
    const description = await ready(second);
    await allGone(left.pids.children);
    expect(second.output()).toContain('left by a start that was killed');
    expect(description.identities.reader.accessKeyId).not.toBe(left.identities.reader.accessKeyId);
  });

  it('leaves a process alone that only has the number of a recorded one', async () => {
    const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    await once(bystander, 'spawn');
    await mkdir(join(folder, 'run'));
    const record = {
      launcher: { pid: process.pid, startedAt: 'long ago' },
      children: [{ pid: bystander.pid, startedAt: 'long ago' }],
    };
    await writeFile(join(folder, 'run', 'processes.json'), JSON.stringify(record));
    await ready(start());
    expect(bystander.exitCode).toBeNull();
    expect(bystander.signalCode).toBeNull();
    bystander.kill();
  });

  it('refuses a folder where another one runs, and leaves that one alone', async () => {
    const first = start();
    const { endpoint } = await ready(first);
    const second = start('--exit');
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain('runs here already');
    expect(second.output()).not.toMatch(/\n\s+at /);
    expect((await fetch(endpoint)).status).toBe(403);
  });

  it('says that a port is taken, without a stack trace, and leaves nothing running', async () => {
    const other = createServer();
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const run = start('--exit', '--port', String(port));
    expect(await run.ended).toBe(1);
    expect(run.output()).toContain(`port ${port} is taken`);
    expect(run.output()).toContain('--port');
    expect(run.output()).not.toMatch(/\n\s+at /);
    expect(existsSync(join(folder, 'run', 'processes.json'))).toBe(false);
    other.close();
  });

  it('says what is wrong with an option', async () => {
    const run = start('--port', 'http');
    expect(await run.ended).toBe(1);
    expect(run.output()).toContain('"http" is not a port');
    expect(run.output()).not.toMatch(/\n\s+at /);
  });
});

describe('the Python environment', () => {
  const requirements = join(ROOT, 'local/requirements.txt');
  const path = process.env.PATH;
  afterEach(() => {
    process.env.PATH = path;
  });

  const command = async (name: string, script: string) => {
    const bin = join(folder, 'bin');
    await mkdir(bin, { recursive: true });
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    if (!existsSync(join(bin, 'sh'))) await symlink('/bin/sh', join(bin, 'sh'));
    process.env.PATH = bin;
  };
  const make = () => ensurePython(join(folder, 'venv'), requirements, () => {});

  it('tells what to install where there is no Python', async () => {
    process.env.PATH = folder;
    await expect(make()).rejects.toMatchObject({
      name: 'SetupError',
      message: 'Python 3.10 or newer was not found',
      fix: expect.stringContaining('Install Python 3.10'),
    });
  });

  it('tells which Python is too old', async () => {
    await command('python3', 'echo 3 9');
    await expect(make()).rejects.toMatchObject({ message: expect.stringContaining('python3 is 3.9') });
  });

  it('tells how to get a missing venv module', async () => {
    await command('python3', 'case "$*" in *venv*) echo "ensurepip is not available" >&2; exit 1;; esac; echo 3 12');
    await expect(make()).rejects.toMatchObject({
      message: expect.stringContaining('ensurepip is not available'),
      fix: expect.stringContaining('python3-venv'),
    });
    expect(existsSync(join(folder, 'venv'))).toBe(false);
  });
});
