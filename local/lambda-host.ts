import { randomBytes, randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Identities, LocalRole } from './identities.ts';
import { LambdaCopy, type Outcome } from './lambda-copy.ts';
import type { FunctionErrorBody } from './lambda-protocol.ts';

/** A Lambda function as the template has it. */
export interface FunctionDefinition {
  readonly name: string;
  readonly arn: string;
  /** Folder that holds the bundled code. */
  readonly codeDir: string;
  readonly handler: string;
  readonly runtime: string;
  /** Names APIs by their addresses here once these are known. */
  environment: Readonly<Record<string, string>>;
  readonly role: LocalRole;
  readonly timeoutMs: number;
  readonly memorySize: number;
  readonly logGroup: string;
  readonly reservedConcurrency?: number;
  /** Retries of an asynchronous invocation that failed. */
  retries: number;
  /** Queue (the OnFailure destination) that is told of an asynchronous event whose retries are used up. */
  failureQueueArn?: string;
}

export interface LambdaHostOptions {
  readonly identities: Identities;
  /** Variables that every function gets: region, endpoint. */
  readonly baseEnvironment: () => Readonly<Record<string, string>>;
  readonly logDir: string;
  readonly sendToQueue: (queueArn: string, body: string) => Promise<void>;
  /**
   * Copies of one function that run at a time; further events wait.
   * @default 4: two cores gain nothing from more
   */
  readonly copies?: number;
}

/** AWS waits 1 and 2 minutes before it tries an asynchronous event again; a laptop need not. */
const RETRY_DELAYS_MS = [1_000, 2_000] as const;

interface Pool {
  readonly definition: FunctionDefinition;
  readonly idle: LambdaCopy[];
  readonly copies: Set<LambdaCopy>;
  readonly waiting: ((copy: LambdaCopy) => void)[];
  /** Copies started before this are not used again. */
  generation: number;
}

/** Runs the bundled handlers of the template, each with its own environment, credentials and log. */
export class LambdaHost {
  readonly #options: LambdaHostOptions;
  readonly #pools = new Map<string, Pool>();
  readonly #generations = new WeakMap<LambdaCopy, number>();
  readonly #retryTimers = new Set<NodeJS.Timeout>();
  #stopped = false;

  constructor(options: LambdaHostOptions) {
    this.#options = options;
    mkdirSync(options.logDir, { recursive: true });
  }

  register(definition: FunctionDefinition): void {
    this.#pools.set(definition.name, { definition, idle: [], copies: new Set(), waiting: [], generation: 0 });
  }

  find(name: string): FunctionDefinition | undefined {
    return this.#pools.get(name)?.definition;
  }

  get functions(): readonly FunctionDefinition[] {
    return [...this.#pools.values()].map((pool) => pool.definition);
  }

  /** Request id of what a copy runs now, by the id of its credentials. */
  invocationOf(workerId: string): string | undefined {
    return this.#copyOf(workerId)?.invocation;
  }

  /** Runs the function and waits for it (InvocationType `RequestResponse`). */
  async invoke(name: string, event: string, requestId: string, traceId: string = newTraceId()): Promise<Outcome> {
    const pool = this.#poolOf(name);
    const { definition } = pool;
    const copy = await this.#take(pool);
    this.#log(definition, JSON.stringify({ type: 'platform.start', requestId, time: new Date().toISOString() }));
    const started = performance.now();
    const outcome = await copy.run(
      {
        requestId,
        event,
        traceId,
        functionName: name,
        functionArn: definition.arn,
        memorySize: definition.memorySize,
        logGroup: definition.logGroup,
      },
      definition.timeoutMs,
    );
    const durationMs = Math.round((performance.now() - started) * 100) / 100;
    if (outcome.kind === 'function-error') {
      this.#log(definition, JSON.stringify({ level: 'ERROR', message: 'Invoke Error', requestId, ...outcome.error }));
    }
    const status = outcome.kind === 'result' ? 'success' : 'error';
    this.#log(definition, JSON.stringify({ type: 'platform.report', requestId, status, metrics: { durationMs } }));
    this.#giveBack(pool, copy);
    return outcome;
  }

  /**
   * Accepts an event and runs it later (InvocationType `Event`): tried again as the template says, then handed to its
   * dead-letter queue.
   */
  invokeLater(name: string, event: string, requestId: string): void {
    void this.#attempt(name, event, requestId, 0);
  }

  async #attempt(name: string, event: string, requestId: string, attempt: number): Promise<void> {
    const { definition } = this.#poolOf(name);
    const outcome = await this.invoke(name, event, requestId);
    if (outcome.kind === 'result' || this.#stopped) return;
    if (attempt < definition.retries) {
      const timer = setTimeout(() => {
        this.#retryTimers.delete(timer);
        void this.#attempt(name, event, requestId, attempt + 1);
      }, RETRY_DELAYS_MS[attempt] ?? 0);
      this.#retryTimers.add(timer);
      return;
    }
    if (definition.failureQueueArn === undefined) return;
    const record = failureRecord(definition, requestId, event, outcome.error, attempt + 1);
    try {
      await this.#options.sendToQueue(definition.failureQueueArn, JSON.stringify(record));
    } catch (error) {
      this.#log(definition, JSON.stringify({ type: 'platform.destination-failed', requestId, error: String(error) }));
    }
  }

  /** Ends one copy in the middle of its work, as a crash would. */
  async kill(workerId: string): Promise<void> {
    await this.#copyOf(workerId)?.kill({
      errorType: 'Runtime.ExitError',
      errorMessage: 'Runtime exited with error: signal: killed',
    });
  }

  /** Lets running events finish, and starts the next ones in new copies: a cold start on demand. */
  recycle(name: string): void {
    const pool = this.#poolOf(name);
    pool.generation += 1;
    for (const copy of pool.idle.splice(0)) this.#retire(pool, copy);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#retryTimers) clearTimeout(timer);
    const copies = [...this.#pools.values()].flatMap((pool) => [...pool.copies]);
    await Promise.all(
      copies.map((copy) => copy.kill({ errorType: 'Runtime.ExitError', errorMessage: 'The local AWS is stopping' })),
    );
  }

  #poolOf(name: string): Pool {
    const pool = this.#pools.get(name);
    if (pool === undefined) throw new Error(`no function ${name}`);
    return pool;
  }

  #copyOf(workerId: string): LambdaCopy | undefined {
    for (const pool of this.#pools.values()) {
      for (const copy of pool.copies) if (copy.identity.workerId === workerId) return copy;
    }
    return undefined;
  }

  async #take(pool: Pool): Promise<LambdaCopy> {
    const idle = pool.idle.pop();
    if (idle !== undefined) return idle;
    const { copies = 4 } = this.#options;
    const limit = Math.min(copies, pool.definition.reservedConcurrency ?? copies);
    if (pool.copies.size < limit) return this.#start(pool);
    return new Promise((resolve) => pool.waiting.push(resolve));
  }

  #giveBack(pool: Pool, copy: LambdaCopy): void {
    const usable = copy.alive && this.#generations.get(copy) === pool.generation && !this.#stopped;
    if (!usable) this.#retire(pool, copy);
    const next = pool.waiting.shift();
    if (next === undefined) {
      if (usable) pool.idle.push(copy);
    } else {
      next(usable ? copy : this.#start(pool));
    }
  }

  #retire(pool: Pool, copy: LambdaCopy): void {
    pool.copies.delete(copy);
    this.#options.identities.revoke(copy.identity);
    void copy.kill({ errorType: 'Runtime.ExitError', errorMessage: 'retired' });
  }

  #start(pool: Pool): LambdaCopy {
    const { definition } = pool;
    const identity = this.#options.identities.assume(definition.role, {
      name: definition.name,
      kind: 'function',
      sessionName: definition.name,
      workerId: randomUUID(),
    });
    const copy = new LambdaCopy({
      identity,
      codeDir: definition.codeDir,
      handler: definition.handler,
      memorySize: definition.memorySize,
      environment: {
        ...this.#options.baseEnvironment(),
        AWS_EXECUTION_ENV: `AWS_Lambda_${definition.runtime}`,
        AWS_LAMBDA_FUNCTION_NAME: definition.name,
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memorySize),
        AWS_LAMBDA_LOG_GROUP_NAME: definition.logGroup,
        AWS_LAMBDA_LOG_STREAM_NAME: `${new Date().toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]${randomBytes(16).toString('hex')}`,
        AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
        LAMBDA_TASK_ROOT: definition.codeDir,
        _HANDLER: definition.handler,
        TZ: ':UTC',
        ...definition.environment,
        AWS_ACCESS_KEY_ID: identity.accessKeyId,
        AWS_SECRET_ACCESS_KEY: identity.secretAccessKey,
      },
      onOutput: (line) => this.#log(definition, line),
    });
    this.#generations.set(copy, pool.generation);
    pool.copies.add(copy);
    return copy;
  }

  #log(definition: FunctionDefinition, line: string): void {
    if (line.trim() === '') return;
    const entry = isJson(line) ? line : JSON.stringify({ time: new Date().toISOString(), message: line });
    appendFileSync(join(this.#options.logDir, `${definition.name}.jsonl`), `${entry}\n`);
  }
}

/** What Lambda sends to a failure destination ("Capturing records of Lambda asynchronous invocations"). */
function failureRecord(
  definition: FunctionDefinition,
  requestId: string,
  event: string,
  error: FunctionErrorBody,
  attempts: number,
): unknown {
  return {
    version: '1.0',
    timestamp: new Date().toISOString(),
    requestContext: {
      requestId,
      functionArn: `${definition.arn}:$LATEST`,
      condition: 'RetriesExhausted',
      approximateInvokeCount: attempts,
    },
    requestPayload: JSON.parse(event),
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: error,
  };
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** A new X-Ray trace header: `Root=1-<time>-<96 random bits>;Parent=<64 random bits>;Sampled=1`. */
export function newTraceId(): string {
  const seconds = Math.floor(Date.now() / 1000)
    .toString(16)
    .padStart(8, '0');
  return `Root=1-${seconds}-${randomBytes(12).toString('hex')};Parent=${randomBytes(8).toString('hex')};Sampled=1`;
}
