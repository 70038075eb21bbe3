import { Hash } from '@smithy/hash-node';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { isJsonObject, type Json, type JsonObject, parseStrictJson } from '../lib/core/json.ts';
import { ApiProblem, CliError, type Problem, UnavailableError } from './errors.ts';
import { ExitCode, type ExitCodeValue } from './exit-codes.ts';
import { DEFAULT_RETRY, nextDelay, parseRetryAfter, type RetryPolicy } from './retry.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** After which the chain is asked again. */
  readonly expiration?: Date;
}

export interface ApiConfig {
  /** Base of the API's paths, with the stage. */
  readonly url: URL;
  readonly region: string;
  readonly credentials: () => Promise<Credentials>;
  /**
   * Told what is waited for.
   * @default nobody
   */
  readonly notify?: (message: string) => void;
  /** @default DEFAULT_RETRY */
  readonly retry?: RetryPolicy;
  /** What the client has from outside; tests bring their own. */
  readonly world?: Partial<World>;
}

/** Network, time and chance. */
export interface World {
  readonly fetch: typeof fetch;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly random: () => number;
  readonly now: () => number;
}

export const REAL_WORLD: World = {
  fetch: (input, init) => fetch(input, init),
  sleep: async (milliseconds) => await new Promise((resolve) => setTimeout(resolve, milliseconds)),
  random: Math.random,
  now: Date.now,
};

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the base, its parameters percent-encoded: see {@link apiPath}. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | JsonObject;
  /** @default application/json */
  readonly contentType?: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** API Gateway ends an integration after 29 s, so that a longer silence is the network's. */
const ATTEMPT_MS = 35_000;

/** Where a request may not have arrived, or nobody was there to take it. An unknown name or a wrong certificate is no such thing. */
const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
]);

/** The machine API of one deployment, called with Signature Version 4. */
export class ApiClient {
  readonly #config: ApiConfig;
  readonly #world: World;
  readonly #signer: SignatureV4;

  constructor(config: ApiConfig) {
    this.#config = config;
    this.#world = { ...REAL_WORLD, ...config.world };
    this.#signer = new SignatureV4({
      service: 'execute-api',
      region: config.region,
      credentials: config.credentials,
      sha256: Hash.bind(null, 'sha256'),
    });
  }

  /**
   * Sends a request until it is answered. What is repeated is the very same bytes, and every route is made for that: a
   * statement posted twice answers with the first receipt, a change that was made already answers as such, and a gate decides anew.
   *
   * @throws ApiProblem when refused, UnavailableError when there is no answer through all retries
   */
  async send(request: ApiRequest): Promise<ApiAnswer> {
    return await this.#persist(async () => await this.#attempt(request));
  }

  /** The bytes that a path answers with, or that its 303 leads to. Such a link holds for its bearer; it is shown to nobody. */
  async bytes(path: string): Promise<Buffer> {
    const { body } = await this.#persist(async () => {
      const outcome = await this.#attempt({ method: 'GET', path });
      const location = 'answer' in outcome && outcome.answer.status === 303 && outcome.answer.headers.get('location');
      return location ? await this.#follow(new URL(location)) : outcome;
    });
    return body;
  }

  /** Sends a request and reads the JSON object of the answer. */
  async json(request: ApiRequest): Promise<JsonObject> {
    const { body, status } = await this.send(request);
    const document = body.length === 0 ? undefined : parseStrictJson(body);
    if (isJsonObject(document)) return document;
    throw new CliError(`the API answered ${status} without a JSON object`, ExitCode.UNAVAILABLE, {
      hint: 'is the address the one of a Countersign API, with its stage?',
    });
  }

  async #persist(attemptOnce: () => Promise<Outcome>): Promise<ApiAnswer> {
    const policy = this.#config.retry ?? DEFAULT_RETRY;
    let waited = 0;
    for (let attempt = 1; ; attempt++) {
      const outcome = await attemptOnce();
      if ('answer' in outcome) return outcome.answer;
      const delay = nextDelay(policy, { attempt, waited, retryAfter: outcome.retryAfter }, this.#world.random());
      if (delay === undefined) throw giveUp(outcome, attempt);
      this.#config.notify?.(
        `${outcome.what}; trying again in ${(delay / 1000).toFixed(1)} s (attempt ${attempt + 1} of ${policy.attempts})`,
      );
      await this.#world.sleep(delay);
      waited += delay;
    }
  }

  async #attempt(request: ApiRequest): Promise<Outcome> {
    const { url, init } = await this.#signed(request);
    const outcome = await this.#fetch(url, init);
    if ('what' in outcome) return outcome;
    const { body, headers, status } = outcome.answer;
    if (status < 400) return outcome;
    const problem = readProblem(status, body);
    const retryAfter = parseRetryAfter(headers.get('retry-after'), this.#world.now());
    if (!isTransient(problem, retryAfter)) throw new ApiProblem(problem, exitCodeOf(problem));
    const what = `the API answers ${problem.status} ${problem.code}${problem.detail ? ` (${problem.detail})` : ''}`;
    return { what, retryAfter, cause: new ApiProblem(problem, ExitCode.UNAVAILABLE) };
  }

  async #follow(link: URL): Promise<Outcome> {
    const outcome = await this.#fetch(link, {});
    if ('what' in outcome || outcome.answer.status < 400) return outcome;
    const what = `S3 answers ${outcome.answer.status}`;
    if (outcome.answer.status >= 500) return { what, cause: undefined };
    throw new CliError(`the bytes cannot be fetched: ${what}`, ExitCode.REFUSED);
  }

  async #fetch(url: URL, init: RequestInit): Promise<Outcome> {
    try {
      const response = await this.#world.fetch(url, {
        ...init,
        redirect: 'manual',
        signal: AbortSignal.timeout(ATTEMPT_MS),
      });
      const body = Buffer.from(await response.arrayBuffer());
      return { answer: { status: response.status, headers: response.headers, body } };
    } catch (error) {
      return networkFailure(url, error);
    }
  }

  async #signed({ method, path, query = {}, body, contentType = 'application/json' }: ApiRequest) {
    const { url: base } = this.#config;
    const bytes =
      body === undefined ? undefined : body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body));
    const url = new URL(`${base.pathname.replace(/\/$/, '')}${path}`, base);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const { headers } = await this.#signer.sign(
      new HttpRequest({
        method,
        protocol: url.protocol,
        hostname: url.hostname,
        path: url.pathname,
        query: { ...query },
        headers: {
          host: url.host,
          accept: 'application/json, */*;q=0.5',
          ...(bytes === undefined ? {} : { 'content-type': contentType }),
        },
        ...(bytes === undefined ? {} : { body: bytes }),
      }),
      { signingDate: new Date(this.#world.now()) },
    );
    // fetch sets Host itself, from the URL that was signed.
    const { host: _host, ...sent } = headers;
    return { url, init: { method, headers: sent, ...(bytes === undefined ? {} : { body: bytes }) } };
  }
}

/** Fills `{parameters}` into a path of lib/contracts/routes.ts. */
export function apiPath(template: string, parameters: Readonly<Record<string, string>> = {}): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name] ?? ''));
}

type Outcome = { readonly answer: ApiAnswer } | Transient;

interface Transient {
  readonly what: string;
  readonly retryAfter?: number | undefined;
  readonly cause: unknown;
}

function networkFailure(url: URL, error: unknown): Transient {
  const inner = error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
  const code = inner instanceof Error && 'code' in inner ? String(inner.code) : '';
  const timedOut = inner instanceof Error && inner.name === 'TimeoutError';
  if (timedOut) return { what: `${url.host} did not answer within ${ATTEMPT_MS / 1000} s`, cause: error };
  if (TRANSIENT_CODES.has(code)) return { what: `${url.host} cannot be reached (${code})`, cause: error };
  const detail = inner instanceof Error ? inner.message : String(inner);
  throw new CliError(`${url.host} cannot be reached: ${detail}`, ExitCode.UNAVAILABLE, {
    hint: 'check the address (--api or COUNTERSIGN_API)',
    cause: error,
  });
}

function readProblem(status: number, body: Buffer): Problem {
  let document: Json | undefined;
  try {
    document = parseStrictJson(body);
  } catch {
    // A proxy or load balancer in between answers with a page of its own.
  }
  const fields = isJsonObject(document) ? document : {};
  const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : undefined);
  const optional = Object.fromEntries(
    (['detail', 'pointer', 'hint', 'instance'] as const).flatMap((name) => {
      const value = text(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return {
    title: text('title') ?? text('message') ?? `the API answered ${status}`,
    status,
    code: text('code') ?? `HTTP_${status}`,
    ...optional,
  };
}

/** An answer that names a time to come again is transient whatever its status, such as a conflict with another's write. */
function isTransient({ status, code }: Problem, retryAfter: number | undefined): boolean {
  if (code === 'INTEGRITY_FAILURE') return false;
  return status === 429 || status >= 500 || retryAfter !== undefined;
}

/** Codes of API Gateway's own refusals (cdk/constructs/gateway-responses.ts): who calls is the matter, not what is sent. */
const NOT_PERMITTED: ReadonlySet<string> = new Set([
  'ACCESS_DENIED',
  'CREDENTIALS_EXPIRED',
  'REQUEST_SIGNATURE_INVALID',
  'REQUEST_UNSIGNED_OR_ROUTE_UNKNOWN',
  'UNAUTHORIZED',
]);

function exitCodeOf({ code, status }: Problem): ExitCodeValue {
  const byGateway = NOT_PERMITTED.has(code) || status === 401 || code === 'HTTP_403';
  return byGateway ? ExitCode.NOT_PERMITTED : ExitCode.REFUSED;
}

function giveUp({ what, cause }: Transient, attempts: number): Error {
  if (cause instanceof ApiProblem) return cause;
  return new UnavailableError(`${what}; gave up after ${attempts} attempts`, cause);
}
