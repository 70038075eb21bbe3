import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { linkOfState } from '../app/approvals/sign-in.ts';
import { BARE_HEADERS } from '../contracts/page-headers.ts';
import type { RenderedPage } from '../core/pages/model.ts';

/** A request for a page: by anybody, and hostile until proven otherwise. */
export interface PageRequest {
  /** `METHOD /path/{parameter}` */
  readonly route: string;
  readonly secret: string;
  /** Path of the link's page as the browser knows it, with the stage of the API where it has one. */
  readonly home: string;
  /** Base of the pages as the browser knows it, without a slash at its end. */
  readonly base: string;
  /** Parameters of the address that are there once. */
  readonly query: ReadonlyMap<string, string>;
  /** Fields of the form; undefined when it is none that a page of ours sends. */
  readonly form: ReadonlyMap<string, string> | undefined;
  readonly cookies: ReadonlyMap<string, string>;
  /** `Sec-Fetch-Site`, from browsers that say where a request comes from. */
  readonly from: string | undefined;
}

/** Largest form: the longest comment in characters of which each is nine in percent-encoding, and tokens. */
const MAX_FORM_BYTES = 24 * 1024;
/** A form of ours has fewer fields. */
const MAX_FIELDS = 8;

const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(;.*)?$/i;

/** The part of API Gateway's event that a page is answered by. */
export type PageEvent = Pick<
  APIGatewayProxyEvent,
  | 'httpMethod'
  | 'resource'
  | 'headers'
  | 'pathParameters'
  | 'multiValueQueryStringParameters'
  | 'body'
  | 'isBase64Encoded'
> & {
  readonly requestContext: Pick<APIGatewayProxyEvent['requestContext'], 'path' | 'domainName'>;
};

export function pageRequest(event: PageEvent): PageRequest {
  const headers = new Map(Object.entries(event.headers).map(([name, value]) => [name.toLowerCase(), value ?? '']));
  const form = formOf(event, headers.get('content-type'));
  const cookies = cookiesOf(headers.get('cookie'));
  // Who comes back from their provider has the link's secret where no address shows it.
  const secret = event.pathParameters?.link ?? cookies.get(returnCookie(form?.get('state') ?? '')) ?? '';
  const { path, domainName = '' } = event.requestContext;
  const stage = path.slice(0, Math.max(0, path.indexOf(event.resource.split('{')[0] ?? '')));
  return {
    route: `${event.httpMethod} ${event.resource}`,
    secret,
    home: `${stage}/approve/${secret}`,
    // API Gateway says both itself, whatever the caller sends.
    base: `${headers.get('x-forwarded-proto') ?? 'https'}://${domainName}${stage}`,
    query: new Map(
      Object.entries(event.multiValueQueryStringParameters ?? {}).flatMap(([name, values = []]) =>
        values.length === 1 ? values.map((value) => [name, value] as const) : [],
      ),
    ),
    form,
    cookies,
    from: headers.get('sec-fetch-site'),
  };
}

/** Name of the cookie by which a browser finds from its provider back to the link. */
export function returnCookie(state: string): string {
  return `__Host-return-${linkOfState(state)?.slice(0, 16) ?? ''}`;
}

/** Strict: a field is there once, in valid percent-encoding and UTF-8, or there is no form. */
function formOf(event: PageEvent, type: string | undefined): PageRequest['form'] {
  if (event.httpMethod !== 'POST' || type === undefined || !FORM_TYPE.test(type)) return undefined;
  const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  if (body.length > MAX_FORM_BYTES) return undefined;
  const fields = new Map<string, string>();
  try {
    for (const pair of body.toString('latin1').split('&')) {
      const at = pair.indexOf('=');
      if (at <= 0) return undefined;
      const [name, value] = [decoded(pair.slice(0, at)), decoded(pair.slice(at + 1))];
      if (fields.has(name) || fields.size >= MAX_FIELDS) return undefined;
      fields.set(name, value);
    }
  } catch {
    return undefined;
  }
  return fields;
}

/**
 * Line ends count as one character, as they do where people type: HTML has browsers send each as two.
 *
 * @throws URIError for what is no percent-encoded UTF-8
 */
function decoded(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' ')).replaceAll('\r\n', '\n');
}

function cookiesOf(header = ''): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=');
    // The first of a name counts: a browser sends the more specific path first, and ours has none.
    if (at > 0 && !cookies.has(pair.slice(0, at).trim()))
      cookies.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim());
  }
  return cookies;
}

export interface PageAnswer {
  readonly status: number;
  readonly page: RenderedPage;
  /** Cookies to be kept by the browser. */
  readonly cookies?: readonly (readonly [name: string, value: string])[];
}

/** `__Host-`: this host alone, over TLS, for all of its paths. It ends with the browser, and other sites' forms do not carry it. */
const COOKIE_ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict';

export function pageResult({ status, page, cookies = [] }: PageAnswer): APIGatewayProxyResult {
  return {
    statusCode: status,
    headers: { ...page.headers },
    multiValueHeaders: { 'Set-Cookie': cookies.map(([name, value]) => `${name}=${value}; ${COOKIE_ATTRIBUTES}`) },
    body: page.html,
  };
}

/** To the link's page, which says what came of it: a form that is sent again by the browser's reload decides nothing again. */
export function redirectResult(home: string): APIGatewayProxyResult {
  return {
    statusCode: 303,
    headers: { ...BARE_HEADERS, Location: home },
    body: '',
  };
}

/** Something of ours is broken, or busy: no page, as making one may be what failed. */
export function failedResult(isWorthRetry: boolean): APIGatewayProxyResult {
  return {
    statusCode: isWorthRetry ? 503 : 500,
    headers: {
      ...BARE_HEADERS,
      'Content-Type': 'text/plain; charset=utf-8',
      ...(isWorthRetry ? { 'Retry-After': '5' } : {}),
    },
    body: isWorthRetry
      ? 'Something that we need does not answer now. Open the link of the mail again in a minute: it shows what is decided.\n'
      : 'Something went wrong on our side. Open the link of the mail again in a minute: it shows whether you have decided.\n',
  };
}
