import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import type { DemoName, LocalDescription } from '../../local/description.ts';

const CLI = resolve(import.meta.dirname, '../../cli/bin.js');

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Somebody at a command line: an AWS identity, a signing key, a working folder, and the `countersign` command. */
export class Agent {
  readonly name: DemoName;
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;

  /** @param key - private key file; none for those who sign nothing */
  constructor(local: LocalDescription, name: DemoName, folder: string, key?: string) {
    const { accessKeyId, secretAccessKey } = local.identities[name];
    this.name = name;
    this.#folder = folder;
    // Nothing of AWS from outside: a profile on this machine is not the demo's.
    const outside = Object.entries(process.env).filter(([variable]) => !/^(AWS_|COUNTERSIGN_)/.test(variable));
    this.#env = {
      ...Object.fromEntries(outside),
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_REGION: local.region,
      COUNTERSIGN_API: local.apiUrl,
      ...(key === undefined ? {} : { COUNTERSIGN_KEY: key }),
      PYTHONDONTWRITEBYTECODE: '1',
    };
  }

  /** Runs `countersign` and waits for its end, whatever that is. */
  async try(...args: readonly string[]): Promise<Ended> {
    const child = spawn(process.execPath, [CLI, ...args], {
      cwd: this.#folder,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const code = await new Promise<number>((settle, fail) => {
      child.once('error', fail);
      child.once('close', (status) => settle(status ?? -1));
    });
    return { code, stdout, stderr };
  }

  /** @throws Error with the command's own message unless it exits 0 */
  async countersign(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.try(...args);
    if (code === 0) return stdout;
    throw new Error(`countersign ${args.join(' ')} exited ${code} as ${this.name}\n${stderr.trim() || stdout.trim()}`);
  }

  /** As {@link countersign}, with `--json`. */
  async json<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.countersign('--json', ...args));
  }

  /** Runs `countersign` for its refusal. @throws Error if it does not exit 1 with this problem code */
  async refused(code: string, ...args: readonly string[]): Promise<Problem> {
    const ended = await this.try('--json', ...args);
    const problem: Problem | undefined = ended.code === 1 ? JSON.parse(ended.stdout) : undefined;
    if (problem?.code === code) return problem;
    throw new Error(
      `countersign ${args.join(' ')} should be refused with ${code}; it exited ${ended.code}\n${ended.stdout}${ended.stderr}`,
    );
  }
}

/** What a refusal says. */
export interface Problem {
  readonly code?: string;
  readonly title: string;
  readonly detail?: string;
}
