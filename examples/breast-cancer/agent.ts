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

/** Somebody at a command line: a working folder, an environment, and the `countersign` command. */
export class Agent {
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.#folder = folder;
    this.#env = env;
  }

  /** Somebody with an AWS identity. @param key - private key file; none for those who sign nothing */
  static as(local: LocalDescription, name: DemoName, folder: string, key?: string): Agent {
    const { accessKeyId, secretAccessKey } = local.identities[name];
    return new Agent(folder, {
      ...surroundings(),
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_REGION: local.region,
      COUNTERSIGN_API: local.apiUrl,
      ...(key === undefined ? {} : { COUNTERSIGN_KEY: key }),
    });
  }

  /** Anybody, without an identity and without the address of the API: who can only verify. */
  static anybody(folder: string): Agent {
    return new Agent(folder, surroundings());
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
    throw new Error(`countersign ${args.join(' ')} exited ${code}\n${stderr.trim() || stdout.trim()}`);
  }

  /** As {@link countersign}, with `--json`. */
  async json<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse(await this.countersign('--json', ...args));
  }

  /**
   * Runs `countersign` for its refusal.
   *
   * @returns the refusal in one line
   * @throws Error if it is not refused, or for another reason than `code`
   */
  async refused(code: string, ...args: readonly string[]): Promise<string> {
    const ended = await this.try('--json', ...args);
    const refusal: Refusal = ended.code === 1 ? JSON.parse(ended.stdout).error : {};
    if (refusal.code === code) return `refused with ${code}: ${refusal.detail ?? refusal.title}`;
    const said = `${ended.stdout}${ended.stderr}`.trim();
    throw new Error(`countersign ${args.join(' ')} should be refused with ${code}; it exited ${ended.code}\n${said}`);
  }
}

/** What `--json` prints of a refusal. */
interface Refusal {
  readonly code?: string;
  readonly title?: string;
  readonly detail?: string;
}

/** Nothing of AWS from outside: a profile on this machine is not the demo's. */
function surroundings(): NodeJS.ProcessEnv {
  const outside = Object.entries(process.env).filter(([variable]) => !/^(AWS_|COUNTERSIGN_)/.test(variable));
  return {
    ...Object.fromEntries(outside),
    PYTHONDONTWRITEBYTECODE: '1',
  };
}
