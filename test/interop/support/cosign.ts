import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandResult, run } from './command.ts';
import type { Signed } from './evidence.ts';
import { COSIGN, goTool } from './tools.ts';

/** Opens the key files that cosign makes here. */
const PASSWORD = 'throw-away';

/** Nothing listens on port 9: where a tool that is to be offline would look for the network. */
const CLOSED = 'http://127.0.0.1:9';

/** cosign, offline and with an empty home, so that no trust root that somebody fetched before helps it. */
export class Cosign {
  readonly #program: string;
  readonly #home: string;
  readonly #isolate: readonly string[];

  private constructor(program: string, home: string, isolate: readonly string[]) {
    this.#program = program;
    this.#home = home;
    this.#isolate = isolate;
  }

  static async install(folder: string): Promise<Cosign> {
    const home = await mkdtemp(join(folder, 'cosign-'));
    return new Cosign(await goTool(COSIGN), home, await networkNamespace());
  }

  /** How cosign is kept from the network. */
  get offline(): string {
    return this.#isolate.length > 0 ? 'in a network namespace without a network' : 'behind a proxy that is not there';
  }

  async run(...args: string[]): Promise<CommandResult> {
    const [program = '', ...rest] = [...this.#isolate, this.#program, ...args];
    const env = {
      PATH: process.env.PATH,
      HOME: this.#home,
      COSIGN_PASSWORD: PASSWORD,
      HTTP_PROXY: CLOSED,
      HTTPS_PROXY: CLOSED,
    };
    return run(program, rest, { cwd: this.#home, env });
  }

  /** The command of docs/formats.md: against the file that the statement is about. */
  async verifyAttestation({ publicKey, bundle, predicateType, subject }: Signed): Promise<CommandResult> {
    const options = ['--key', publicKey, '--bundle', bundle, '--insecure-ignore-tlog', '--type', predicateType];
    return this.run('verify-blob-attestation', ...options, subject);
  }

  /** Signs a statement as it is; `--predicate` would write a Statement v0.1. */
  async attest(key: string, statement: string, bundle: string): Promise<CommandResult> {
    const offline = ['--use-signing-config=false', '--tlog-upload=false', '--yes'];
    return this.run('attest-blob', '--key', key, ...offline, '--statement', statement, '--bundle', bundle);
  }

  /** Signs a file's bytes; the command of docs/formats.md. @returns with the base64 of the signature on standard output */
  async signBlob(key: string, file: string): Promise<CommandResult> {
    const offline = ['--use-signing-config=false', '--new-bundle-format=false', '--tlog-upload=false', '--yes'];
    return this.run('sign-blob', '--key', key, ...offline, file);
  }
}

/** The command that takes the network from another, where the system lets us. */
async function networkNamespace(): Promise<readonly string[]> {
  const unshare = ['unshare', '--map-root-user', '--net'];
  const [program = '', ...args] = [...unshare, 'true'];
  const tried = await run(program, args, { env: { PATH: process.env.PATH } }).catch(() => undefined);
  return tried?.code === 0 ? unshare : [];
}
