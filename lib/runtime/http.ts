import { Logger } from '@aws-lambda-powertools/logger';
import middy from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import type * as z from 'zod/mini';
import type { Caller } from '../app/submit-evidence.ts';
import { PROBLEMS, type ProblemCode, problemType } from '../contracts/problems.ts';
import { DomainError } from '../core/errors.ts';
import { parseStrictJson } from '../core/json.ts';
import { parseWith } from '../core/schema.ts';
import { counted } from './metrics.ts';

export const logger = new Logger({ serviceName: 'countersign' });

/** A request as a handler sees it: decoded, and with the caller that AWS authenticated. */
export interface Request {
  readonly body: Buffer;
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly caller: Caller;
}

export interface Answer {
  readonly status: number;
  /** An object is sent as JSON; a Buffer as it is, with `contentType`. */
  readonly body?: object | Buffer;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Handle = (request: Request) => Promise<Answer>;

/** `METHOD /path/{parameter}` of lib/contracts/routes.ts -> what serves it. */
export type RouteTable = Readonly<Record<string, Handle>>;

export type ApiHandler = (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult>;

/** The one stack around every handler: ids into the log, the request decoded, errors to problem documents. */
export function api(routes: RouteTable): ApiHandler {
  const handler = middy<APIGatewayProxyEvent, APIGatewayProxyResult, Error, Context>()
    .before(({ event, context }) => {
      logger.appendKeys({
        aws_request_id: context.awsRequestId,
        request_id: event.requestContext.requestId,
        trace_id: process.env._X_AMZN_TRACE_ID,
        route: `${event.httpMethod} ${event.resource}`,
      });
    })
    .onError((request) => {
      request.response = problem(request.error, request.event.requestContext.requestId);
    })
    .handler(async (event) => {
      const serve = routes[`${event.httpMethod} ${event.resource}`];
      if (!serve) throw new DomainError('ROUTE_NOT_FOUND', `${event.httpMethod} ${event.resource} is not served here`);
      return toResult(await serve(toRequest(event)));
    });
  return async (event, context) => await handler(event, context);
}

/** Parses a JSON body strictly and by its schema. */
export function jsonBody<S extends z.ZodMiniType>(schema: S, request: Request): z.output<S> {
  if (request.body.length === 0) throw new DomainError('BODY_EMPTY', 'send a JSON object as the body');
  return parseWith(schema, parseStrictJson(request.body), 'REQUEST_INVALID');
}

/** Media types of JSON documents; evidence is told apart by its content, so any of them will do. */
const JSON_MEDIA_TYPE = /^application\/([a-z0-9.+-]+\+json|json|vnd\.[a-z0-9.+-]+\+dsse)\s*(;.*)?$/i;

/** Largest body that any route takes; each route bounds its own below this. */
const MAX_BODY_BYTES = 1024 * 1024;

function toRequest(event: APIGatewayProxyEvent): Request {
  const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  if (body.length > MAX_BODY_BYTES) {
    throw new DomainError(
      'BODY_TOO_LARGE',
      `the body has ${body.length} bytes; at most ${MAX_BODY_BYTES} are accepted`,
      {
        hint: 'store large documents as artifacts and mention their sha256',
      },
    );
  }
  const type = Object.entries(event.headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  if (body.length > 0 && type !== undefined && !JSON_MEDIA_TYPE.test(type)) {
    throw new DomainError('MEDIA_TYPE_UNSUPPORTED', `${JSON.stringify(type)} is not a JSON media type`, {
      hint: 'send application/json or application/vnd.dev.sigstore.bundle.v0.3+json',
    });
  }
  return {
    body,
    path: decoded(event.pathParameters),
    query: defined(event.queryStringParameters),
    caller: caller(event.requestContext.identity),
  };
}

function defined(map: Readonly<Record<string, string | undefined>> | null): Record<string, string> {
  return Object.fromEntries(
    Object.entries(map ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** API Gateway hands path parameters on as they stood in the URL. */
function decoded(map: Readonly<Record<string, string | undefined>> | null): Record<string, string> {
  return Object.fromEntries(
    Object.entries(defined(map)).map(([name, value]) => {
      try {
        return [name, decodeURIComponent(value)];
      } catch {
        throw new DomainError('REQUEST_INVALID', `the path parameter ${name} is not valid percent-encoding`);
      }
    }),
  );
}

/** `caller` is `AROA…:session` for a role and `AIDA…` for a user; the ARN's role path is lost, so the id is what counts. */
function caller(identity: APIGatewayProxyEvent['requestContext']['identity']): Caller {
  const [uniqueId, session] = (identity.caller ?? '').split(':');
  if (!uniqueId || !identity.accountId || !identity.userArn) throw new Error('the request carries no IAM identity');
  return { uniqueId, account: identity.accountId, arn: identity.userArn, session };
}

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

function toResult({ status, body, contentType, headers }: Answer): APIGatewayProxyResult {
  const bytes =
    body === undefined ? Buffer.alloc(0) : Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body), 'utf8');
  return {
    statusCode: status,
    headers: { ...HEADERS, 'content-type': contentType ?? 'application/json', ...headers },
    // Base64 both ways: the API treats every media type as binary, so that bytes arrive as they were sent.
    body: bytes.toString('base64'),
    isBase64Encoded: true,
  };
}

/** Refusals quote what was sent, and a field's name may be as long as the body. */
const MAX_QUOTED = 1024;

const shortened = (text: string): string => (text.length <= MAX_QUOTED ? text : `${text.slice(0, MAX_QUOTED)}…`);

/** Alarms and counts rest on these lines. */
export function logProblem(code: ProblemCode, error: unknown): void {
  const isOurs = PROBLEMS[code].status >= 500;
  if (isOurs) logger.error(code, { error: error instanceof Error ? error : new Error(String(error)) });
  // Not the pointer: it is made of the body's own keys, and bodies stay out of the log.
  else logger.info('refused', { code, ...counted({ Refused: 1 }, { code }) });
}

/** Does what no request waits for: what it breaks down on is logged as alarms count it, before Lambda is told. */
export async function loggingProblems<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    logProblem(codeOf(error), error);
    throw error;
  }
}

export const codeOf = (error: unknown): ProblemCode => (error instanceof DomainError ? error.code : 'INTERNAL');

/** The one place that turns errors into answers (RFC 9457). What is not a refusal is logged whole and masked. */
function problem(error: unknown, requestId: string): APIGatewayProxyResult {
  const refusal = error instanceof DomainError ? error : undefined;
  const code = codeOf(error);
  const { status, title } = PROBLEMS[code];
  logProblem(code, error);
  const document = {
    type: problemType(code),
    title,
    status,
    code,
    detail: refusal
      ? shortened(refusal.message)
      : 'something went wrong on our side; the request id finds it in the log',
    instance: `urn:countersign:request:${requestId}`,
    ...(refusal?.pointer === undefined ? {} : { pointer: shortened(refusal.pointer) }),
    ...(refusal?.hint === undefined ? {} : { hint: shortened(refusal.hint) }),
  };
  const retry = refusal?.retryAfterMs;
  return toResult({
    status,
    body: document,
    contentType: 'application/problem+json',
    ...(retry === undefined ? {} : { headers: { 'retry-after': String(Math.ceil(retry / 1000)) } }),
  });
}
