import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SetupError } from './errors.ts';

const run = promisify(execFile);

/** How long a child may take to end after SIGTERM before it is killed. */
const GRACE_MS = 3_000;

/** A process as it was when it was recorded. A pid alone is reused by the system; a pid with its start time is not. */
interface ProcessMark {
  readonly pid: number;
  readonly startedAt: string;
}

interface RunRecord {
  readonly launcher: ProcessMark;
  readonly children: readonly ProcessMark[];
}

/**
 * The child processes of one launcher, written to a record so that a later start can end what `kill -9` left behind.
 */
export class Processes {
  readonly #recordFile: string;
  readonly #launcher: ProcessMark;
  readonly #children = new Map<ChildProcess, ProcessMark>();
  /** Writes of the record, one after the other: children start side by side. */
  #written: Promise<void> = Promise.resolve();
  #stopped = false;

  private constructor(recordFile: string, launcher: ProcessMark) {
    this.#recordFile = recordFile;
    this.#launcher = launcher;
  }

  /**
   * Claims the record for this process, and first ends the recorded children of a launcher that is gone.
   *
   * @throws SetupError if the recorded launcher still runs.
   */
  static async claim(recordFile: string, log: (line: string) => void): Promise<Processes> {
    const earlier = await readRecord(recordFile);
    if (earlier !== undefined) {
      if (await isRunning(earlier.launcher)) {
        throw new SetupError(
          `local AWS runs here already (process ${earlier.launcher.pid})`,
          'Stop it first (Ctrl-C where it runs), or give this one a folder of its own with --state FOLDER.',
        );
      }
      for (const child of earlier.children) {
        if (!(await isRunning(child))) continue;
        log(`ending process ${child.pid}, left by a start that was killed`);
        await endByPid(child);
      }
    }
    const processes = new Processes(recordFile, await markOf(process.pid));
    await processes.#write();
    return processes;
  }

  /**
   * Starts a child and records it before this resolves. Its output goes where `options.stdio` says.
   *
   * @throws Error once {@link stop} was called, which would not know of the child.
   */
  async start(command: string, args: readonly string[], options: SpawnOptions): Promise<ChildProcess> {
    if (this.#stopped) throw new Error(`${command} is not started: everything ends`);
    const child = spawn(command, args, options);
    if (child.pid !== undefined) this.#children.set(child, { pid: child.pid, startedAt: 'just now' });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    if (child.pid === undefined) throw new Error(`${command} has no process id`);
    this.#children.set(child, await markOf(child.pid));
    await this.#write();
    return child;
  }

  get pids(): readonly number[] {
    return [...this.#children.values()].map((child) => child.pid);
  }

  /** Ends every child (SIGTERM, then SIGKILL) and removes the record. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#children.keys()].map(endChild));
    this.#children.clear();
    await this.#written;
    await rm(this.#recordFile, { force: true });
  }

  /** The same for a process that is exiting and can no longer wait. */
  killNow(): void {
    for (const child of this.#children.keys()) child.kill('SIGKILL');
    rmSync(this.#recordFile, { force: true });
  }

  #write(): Promise<void> {
    this.#written = this.#written.then(async () => {
      const record: RunRecord = { launcher: this.#launcher, children: [...this.#children.values()] };
      await mkdir(dirname(this.#recordFile), { recursive: true });
      await writeFile(this.#recordFile, `${JSON.stringify(record, null, 2)}\n`);
    });
    return this.#written;
  }
}

async function readRecord(file: string): Promise<RunRecord | undefined> {
  try {
    const record: unknown = JSON.parse(await readFile(file, 'utf8'));
    return isRunRecord(record) ? record : undefined;
  } catch {
    // Absent, or cut off by the kill itself: then no child had been recorded yet.
    return undefined;
  }
}

function isRunRecord(value: unknown): value is RunRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'launcher' in value &&
    isMark(value.launcher) &&
    'children' in value &&
    Array.isArray(value.children) &&
    value.children.every(isMark)
  );
}

function isMark(value: unknown): value is ProcessMark {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    Number.isSafeInteger(value.pid) &&
    'startedAt' in value &&
    typeof value.startedAt === 'string'
  );
}

async function markOf(pid: number): Promise<ProcessMark> {
  return { pid, startedAt: (await startTimeOf(pid)) ?? 'gone' };
}

async function isRunning(mark: ProcessMark): Promise<boolean> {
  const startedAt = await startTimeOf(mark.pid);
  return startedAt !== undefined && startedAt === mark.startedAt;
}

/** When the process started, in whatever form the system tells it; undefined if there is no such process. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    try {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
      // The second field is the command in brackets and may hold blanks; of the rest, [0] is the state and [19] the start time.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  try {
    const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return stdout.trim() === '' ? undefined : stdout.trim();
  } catch {
    return undefined;
  }
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  await ended;
  clearTimeout(late);
}

async function endByPid(mark: ProcessMark): Promise<void> {
  signal(mark.pid, 'SIGTERM');
  for (let waited = 0; waited < GRACE_MS; waited += 50) {
    if (!(await isRunning(mark))) return;
    await delay(50);
  }
  signal(mark.pid, 'SIGKILL');
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended in between, which is what was wanted.
  }
}
