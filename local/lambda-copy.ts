import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import type { Identity } from './identities.ts';
import type { FunctionErrorBody, InvokeMessage, WorkerBoot, WorkerMessage } from './lambda-protocol.ts';

/** What came of one invocation. `payload` is JSON. */
export type Outcome =
  | { readonly kind: 'result'; readonly payload: string }
  | { readonly kind: 'function-error'; readonly error: FunctionErrorBody };

/** One running copy of a function: a worker thread with its own environment and its own credentials. */
export class LambdaCopy {
  readonly identity: Identity;
  readonly #worker: Worker;
  readonly #ready: Promise<FunctionErrorBody | undefined>;
  #current: { readonly requestId: string; readonly settle: (outcome: Outcome) => void } | undefined;
  #death: FunctionErrorBody | undefined;

  constructor(options: {
    readonly identity: Identity;
    readonly codeDir: string;
    /** As the template has it: `index.handler`. */
    readonly handler: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly memorySize: number;
    readonly onOutput: (chunk: string) => void;
  }) {
    this.identity = options.identity;
    const [file = 'index', exportName = 'handler'] = options.handler.split('.');
    const boot: WorkerBoot = { modulePath: join(options.codeDir, `${file}.mjs`), exportName };
    this.#worker = new Worker(new URL('./lambda-worker.ts', import.meta.url), {
      workerData: boot,
      env: { ...options.environment },
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: options.memorySize },
    });
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) readLines(stream, options.onOutput);
    this.#ready = new Promise((resolve) => {
      this.#worker.on('message', (message: WorkerMessage) => {
        if (message.kind === 'ready') resolve(undefined);
        else if (message.kind === 'failed-init') resolve(message.error);
        else this.#answer(message);
      });
      this.#worker.once('error', (error) => this.#die({ errorType: error.name, errorMessage: error.message }));
      this.#worker.once('exit', (code) => {
        this.#die({ errorType: 'Runtime.ExitError', errorMessage: `Runtime exited with error: exit status ${code}` });
        resolve(this.#death);
      });
    });
  }

  /** Request id of the invocation that runs now. */
  get invocation(): string | undefined {
    return this.#current?.requestId;
  }

  /** Whether it can take another event. */
  get alive(): boolean {
    return this.#death === undefined;
  }

  /** Runs one event. Init does not count towards the timeout. */
  async run(message: Omit<InvokeMessage, 'deadline'>, timeoutMs: number): Promise<Outcome> {
    const failedInit = await this.#ready;
    if (failedInit !== undefined) {
      await this.kill(failedInit);
      return { kind: 'function-error', error: failedInit };
    }
    const outcome = new Promise<Outcome>((settle) => {
      this.#current = { requestId: message.requestId, settle };
    });
    const timer = setTimeout(() => {
      const seconds = (timeoutMs / 1000).toFixed(2);
      void this.kill({
        errorType: 'Sandbox.Timedout',
        errorMessage: `RequestId: ${message.requestId} Error: Task timed out after ${seconds} seconds`,
      });
    }, timeoutMs);
    if (this.#death === undefined) {
      const whole: InvokeMessage = { ...message, deadline: Date.now() + timeoutMs };
      this.#worker.postMessage(whole);
    } else {
      this.#settle({ kind: 'function-error', error: this.#death });
    }
    try {
      return await outcome;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the thread at once, in the middle of whatever it does. */
  async kill(reason: FunctionErrorBody): Promise<void> {
    this.#die(reason);
    await this.#worker.terminate();
  }

  #answer(message: Extract<WorkerMessage, { requestId: string }>): void {
    // The answer of an invocation that has timed out meanwhile is nobody's.
    if (this.#current?.requestId !== message.requestId) return;
    this.#settle(
      message.kind === 'result'
        ? { kind: 'result', payload: message.payload }
        : { kind: 'function-error', error: message.error },
    );
  }

  #die(reason: FunctionErrorBody): void {
    this.#death ??= reason;
    this.#settle({ kind: 'function-error', error: this.#death });
  }

  #settle(outcome: Outcome): void {
    const current = this.#current;
    this.#current = undefined;
    current?.settle(outcome);
  }
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}
