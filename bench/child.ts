import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A process of its own that answers each message with one. */
export class Child {
  readonly #process: ChildProcess;

  /** @param env - its whole environment. stdout is dropped, because that is where a Lambda logs */
  constructor(module: URL, env: Readonly<Record<string, string>>, execArgv: readonly string[] = []) {
    this.#process = fork(module, {
      env: { ...env },
      execArgv: [...execArgv],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
  }

  /** @throws Error when the process ends instead of answering */
  async ask<T>(message: object): Promise<T> {
    const ended = new AbortController();
    const died = once(this.#process, 'exit', { signal: ended.signal }).then(([code]) => {
      throw new Error(`a measuring process ended with ${code}`);
    });
    // Whichever is second is nobody's: it is aborted, or the process is gone.
    died.catch(() => {});
    try {
      this.#process.send(message);
      const [answer] = await Promise.race([once(this.#process, 'message', { signal: ended.signal }), died]);
      return answer;
    } finally {
      ended.abort();
    }
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, 'exit');
    this.#process.disconnect();
    this.#process.kill();
    await gone;
  }
}
