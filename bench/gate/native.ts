import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { note } from '../log.ts';
import type { Load } from './protocol.ts';

const SOURCES = join(import.meta.dirname, 'native');

/** What native/main.go prints of one round. */
export interface NativeRound {
  readonly load_ns: number;
  /** From the bytes of the facts to the answer. */
  readonly bytes_ns: readonly number[];
  /** From facts that were parsed before. */
  readonly parsed_ns: readonly number[];
  readonly answer: unknown;
}

/**
 * Builds the program that evaluates with OPA itself; the first time it fetches and compiles OPA, which takes minutes.
 *
 * @returns its file
 * @throws when Go is missing or it does not build
 */
export async function buildNative(folder: string): Promise<string> {
  const program = join(folder, 'native');
  note('building OPA from its Go module');
  // The versions are those of go.sum, whatever the network offers.
  await promisify(execFile)('go', ['build', '-mod=readonly', '-buildvcs=false', '-o', program, '.'], { cwd: SOURCES });
  return program;
}

/** OPA in a process of its own. */
export class Native {
  readonly #process;
  readonly #answers;

  /** @param query - such as `data.countersign.gate.result` */
  constructor(program: string, query: string, { bundle, facts }: Load) {
    this.#process = spawn(program, [bundle, query, facts], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** @throws Error when the program ends instead of answering */
  async evaluate(times: number): Promise<NativeRound> {
    this.#process.stdin.write(`${times}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error('the native evaluator ended instead of answering');
    return JSON.parse(String(value));
  }

  end(): void {
    this.#process.kill();
  }
}
