import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { Answer } from './answers.ts';
import type { LocalApi, RouteMatch } from './api-model.ts';
import { type Identity, sessionArn, userId } from './identities.ts';
import { headerValues, type WireRequest } from './sigv4.ts';

export interface ProxyRequest {
  readonly api: LocalApi;
  readonly match: RouteMatch;
  readonly request: WireRequest;
  /** Path below the stage. */
  readonly path: string;
  readonly body: Uint8Array;
  /** Absent where the route needs no authorization. */
  readonly identity: Identity | undefined;
  readonly accountId: string;
  readonly requestId: string;
  readonly extendedRequestId: string;
  readonly traceId: string;
  readonly now: Date;
}

/** The event of a Lambda proxy integration (payload format 1.0), as API Gateway shapes it for an assumed role. */
export function proxyEvent(input: ProxyRequest): APIGatewayProxyEvent {
  const { api, match, request, identity } = input;
  const headers = headersOf(input);
  const query = queryOf(request.query);
  const isBinary = api.binaryMediaTypes.includes('*/*');
  const body = Buffer.from(input.body);
  return {
    resource: match.route.path,
    path: input.path,
    httpMethod: request.method,
    headers: lastOf(headers) ?? {},
    multiValueHeaders: Object.fromEntries(headers),
    queryStringParameters: lastOf(query),
    multiValueQueryStringParameters: query.size === 0 ? null : Object.fromEntries(query),
    pathParameters: Object.keys(match.parameters).length === 0 ? null : { ...match.parameters },
    stageVariables: api.stageVariables === null ? null : { ...api.stageVariables },
    requestContext: {
      resourceId: match.route.resourceId,
      resourcePath: match.route.path,
      httpMethod: request.method,
      extendedRequestId: input.extendedRequestId,
      requestTime: commonLogTime(input.now),
      requestTimeEpoch: input.now.getTime(),
      path: `/${api.stage}${input.path}`,
      accountId: input.accountId,
      protocol: 'HTTP/1.1',
      stage: api.stage,
      domainPrefix: api.id,
      domainName: hostOf(headers),
      requestId: input.requestId,
      apiId: api.id,
      authorizer: null,
      identity: {
        accessKey: identity?.accessKeyId ?? null,
        accountId: identity?.accountId ?? null,
        apiKey: null,
        apiKeyId: null,
        caller: identity === undefined ? null : userId(identity),
        clientCert: null,
        cognitoAuthenticationProvider: null,
        cognitoAuthenticationType: null,
        cognitoIdentityId: null,
        cognitoIdentityPoolId: null,
        principalOrgId: null,
        sourceIp: '127.0.0.1',
        user: identity === undefined ? null : userId(identity),
        userAgent: lastOf(headers)?.['User-Agent'] ?? lastOf(headers)?.['user-agent'] ?? null,
        userArn: identity === undefined ? null : sessionArn(identity),
      },
    },
    body: body.length === 0 ? null : body.toString(isBinary ? 'base64' : 'utf8'),
    isBase64Encoded: isBinary && body.length > 0,
  };
}

const REPLACED_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'x-amzn-trace-id',
  'x-forwarded-for',
  'x-forwarded-proto',
]);

function headersOf(input: ProxyRequest): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  const raw = input.request.headers;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? '';
    // What a signature was checked with is not handed on.
    if (name.toLowerCase() === 'authorization' && input.identity !== undefined) continue;
    if (REPLACED_HEADERS.has(name.toLowerCase())) continue;
    headers.set(name, [...(headers.get(name) ?? []), raw[at + 1] ?? '']);
  }
  headers.set('X-Amzn-Trace-Id', [input.traceId.split(';')[0] ?? input.traceId]);
  // What the caller claims stands first; the address that API Gateway saw is the last.
  headers.set('X-Forwarded-For', [[...headerValues(input.request, 'x-forwarded-for'), '127.0.0.1'].join(', ')]);
  headers.set('X-Forwarded-Proto', ['http']);
  return headers;
}

function queryOf(query: string): Map<string, string[]> {
  const parameters = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    parameters.set(name, [...(parameters.get(name) ?? []), value]);
  }
  return parameters;
}

function lastOf(values: ReadonlyMap<string, readonly string[]>): Record<string, string> | null {
  if (values.size === 0) return null;
  return Object.fromEntries([...values].map(([name, list]) => [name, list.at(-1) ?? '']));
}

function hostOf(headers: ReadonlyMap<string, readonly string[]>): string {
  return (headers.get('Host') ?? headers.get('host') ?? [''])[0] ?? '';
}

/** `21/Nov/2026:10:15:30 +0000`. */
function commonLogTime(now: Date): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(now.toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}

/**
 * Reads what a function answered.
 *
 * @returns undefined if it is no proxy response, which API Gateway answers by 502.
 */
export function readProxyResult(payload: string, api: LocalApi): Answer | undefined {
  const result: unknown = JSON.parse(payload);
  if (!isProxyResult(result)) return undefined;
  const headers = mergedHeaders(result);
  const decoded = result.isBase64Encoded === true && api.binaryMediaTypes.includes('*/*');
  return {
    status: result.statusCode,
    headers,
    body: decoded ? Buffer.from(result.body ?? '', 'base64') : (result.body ?? ''),
  };
}

/** Both kinds of headers in one list; a name with a value in both keeps the values of `multiValueHeaders` alone. */
function mergedHeaders(result: APIGatewayProxyResult): Readonly<Record<string, string | readonly string[]>> {
  const headers: Record<string, string | readonly string[]> = {};
  const names = new Map<string, string>();
  const put = (name: string, value: string | readonly string[]) => {
    const before = names.get(name.toLowerCase());
    if (before !== undefined) delete headers[before];
    names.set(name.toLowerCase(), name);
    headers[name] = value;
  };
  put('Content-Type', 'application/json');
  for (const [name, value] of Object.entries(result.headers ?? {})) put(name, String(value));
  for (const [name, values] of Object.entries(result.multiValueHeaders ?? {})) put(name, values.map(String));
  return headers;
}

function isProxyResult(value: unknown): value is APIGatewayProxyResult {
  if (typeof value !== 'object' || value === null || !('statusCode' in value)) return false;
  const status = Number(value.statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) return false;
  return !('body' in value) || value.body === undefined || value.body === null || typeof value.body === 'string';
}
