import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod/mini';
import { signedFetch } from './support/clients.ts';
import { type Harness, startHarness } from './support/harness.ts';

const MB = 1024 * 1024;
/** Of the function. A copy may take seconds to start on a busy machine, which counts towards that of the integration alone. */
const TIMEOUT_MS = 10_000;

const HANDLER = `
class TeapotError extends Error { name = 'TeapotError'; }
const answers = {
  echo: (event, context) => ({ statusCode: 200, body: JSON.stringify({ event, context: {
    functionName: context.functionName, arn: context.invokedFunctionArn, requestId: context.awsRequestId,
    remaining: context.getRemainingTimeInMillis(), trace: process.env._X_AMZN_TRACE_ID, greeting: process.env.GREETING,
    inherited: Object.keys(process.env).includes('HOME') } }) }),
  bytes: (event) => ({ statusCode: 200, headers: { 'content-type': 'application/octet-stream' }, body: event.body, isBase64Encoded: true }),
  cookies: () => ({ statusCode: 201, multiValueHeaders: { 'set-cookie': ['a=1', 'b=2'] }, body: '' }),
  throw: () => { throw new TeapotError('short and stout'); },
  text: () => 'no proxy response',
  big: () => ({ statusCode: 200, body: 'x'.repeat(${6 * MB}) }),
  exit: () => process.exit(3),
  slow: () => new Promise((resolve) => setTimeout(() => resolve({ statusCode: 200, body: '' }), 60_000)),
};
export const handler = async (event, context) => {
  console.log(JSON.stringify({ saw: event.path }));
  return answers[event.headers['x-answer'] ?? 'echo'](event, context);
};
`;

const Echo = z.object({
  event: z.looseObject({
    path: z.string(),
    body: z.nullable(z.string()),
    isBase64Encoded: z.boolean(),
    pathParameters: z.nullable(z.record(z.string(), z.string())),
    queryStringParameters: z.nullable(z.record(z.string(), z.string())),
    multiValueQueryStringParameters: z.nullable(z.record(z.string(), z.array(z.string()))),
    requestContext: z.looseObject({ requestId: z.string(), identity: z.record(z.string(), z.unknown()) }),
    headers: z.record(z.string(), z.string()),
  }),
  context: z.record(z.string(), z.unknown()),
});

describe('the API behind the front door', () => {
  let harness: Harness;

  beforeAll(async () => {
    harness = await startHarness({
      handler: HANDLER,
      timeoutMs: TIMEOUT_MS,
      gatewayResponses: new Map([
        [
          'ACCESS_DENIED',
          {
            statusCode: 403,
            templates: {
              'application/json':
                '{"code":"ACCESS_DENIED","detail":$context.error.messageString,"id":"$context.requestId"}',
            },
            parameters: { 'gatewayresponse.header.Content-Type': "'application/problem+json'" },
          },
        ],
        [
          'DEFAULT_4XX',
          { templates: { 'application/json': '{"type":"$context.error.responseType"}' }, parameters: {} },
        ],
      ]),
    });
  });
  afterAll(() => harness.close());

  const get = (path: string, answer?: string, query?: Record<string, string>) =>
    signedFetch(harness.local, harness.caller, {
      method: 'GET',
      path,
      ...(query === undefined ? {} : { query }),
      ...(answer === undefined ? {} : { headers: { 'x-answer': answer } }),
    });
  const post = (body: Uint8Array, answer = 'bytes') =>
    signedFetch(harness.local, harness.caller, {
      method: 'POST',
      path: '/local/v1/things',
      headers: { 'x-answer': answer },
      body,
    });
  const echo = async (answer: Response) => Echo.parse(await answer.json());

  it('shows an assumed role as AWS does: session ARN, AROA id with session, account, access key', async () => {
    const { event } = await echo(await get('/local/v1/things/1'));
    expect(event.requestContext.identity).toMatchObject({
      userArn: 'arn:aws:sts::111122223333:assumed-role/producer/job-7',
      user: `${harness.caller.role.uniqueId}:job-7`,
      caller: `${harness.caller.role.uniqueId}:job-7`,
      accountId: '111122223333',
      accessKey: harness.caller.accessKeyId,
    });
    expect(harness.caller.role.uniqueId).toMatch(/^AROA[A-Z2-7]{17}$/);
  });

  it('names the route, the path without and with the stage, and the request id of the answer', async () => {
    const answer = await get('/local/v1/things/1');
    const { event } = await echo(answer);
    expect(event).toMatchObject({ resource: '/v1/things/{id}', path: '/v1/things/1', httpMethod: 'GET' });
    expect(event.requestContext).toMatchObject({
      path: '/local/v1/things/1',
      resourcePath: '/v1/things/{id}',
      stage: 'local',
      requestId: answer.headers.get('x-amzn-requestid'),
    });
  });

  it('hands path parameters on as they stood in the URL, and query parameters decoded', async () => {
    const id = encodeURIComponent('a b/c%d+é');
    const { event } = await echo(await get(`/local/v1/things/${id}`, undefined, { q: 'x+y &z' }));
    expect(event.pathParameters).toEqual({ id });
    expect(event.queryStringParameters).toEqual({ q: 'x+y &z' });
    expect(event.multiValueQueryStringParameters).toEqual({ q: ['x+y &z'] });
  });

  it('keeps the signature to itself', async () => {
    const { event } = await echo(await get('/local/v1/things/1'));
    expect(Object.keys(event.headers).map((name) => name.toLowerCase())).not.toContain('authorization');
  });

  it('gives the function its own environment, context and trace, and nothing of the host', async () => {
    const { context } = await echo(await get('/local/v1/things/1'));
    expect(context).toMatchObject({
      functionName: 'echo',
      arn: 'arn:aws:lambda:eu-west-1:111122223333:function:echo',
      greeting: 'hello',
      inherited: false,
    });
    expect(context.trace).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=1$/);
    expect(context.remaining).toBeGreaterThan(0);
    expect(context.remaining).toBeLessThanOrEqual(TIMEOUT_MS);
  });

  it('carries bytes that are no UTF-8 to the function and back unchanged', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
    const answer = await post(bytes);
    expect(answer.headers.get('content-type')).toBe('application/octet-stream');
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(bytes);
  });

  it('sends every value of a multi-value header', async () => {
    const answer = await get('/local/v1/things/1', 'cookies');
    expect(answer.status).toBe(201);
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  it("plays the template's response when a role may not call a route", async () => {
    const answer = await get('/local/v1/forbidden');
    expect(answer.status).toBe(403);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    const problem = z.object({ code: z.string(), detail: z.string(), id: z.string() }).parse(await answer.json());
    expect(problem.code).toBe('ACCESS_DENIED');
    expect(problem.detail).toContain('not authorized to perform: execute-api:Invoke');
    expect(problem.id).toBe(answer.headers.get('x-amzn-requestid'));
  });

  it.each([
    ['an unknown route', () => get('/local/v1/nothing'), 403, 'MISSING_AUTHENTICATION_TOKEN'],
    ['a method that the route lacks', () => get('/local/v1/things'), 403, 'MISSING_AUTHENTICATION_TOKEN'],
    ['no signature', () => fetch(`${harness.local.endpoint}/local/v1/things/1`), 403, 'MISSING_AUTHENTICATION_TOKEN'],
    ['more than 10 MB', () => post(new Uint8Array(10 * MB + 1)), 413, 'REQUEST_TOO_LARGE'],
    ['an event beyond the 6 MB of Lambda', () => post(new Uint8Array(5 * MB)), 413, 'REQUEST_TOO_LARGE'],
  ])('answers %s by the default response of the template', async (_, send, status, type) => {
    const answer = await send();
    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual({ type });
  });

  it.each([
    ['throws', 'throw'],
    ['answers something else than a proxy response', 'text'],
    ['answers more than 6 MB', 'big'],
    ['ends its process', 'exit'],
  ])('answers 502 if the function %s', async (_, answer) => {
    expect((await get('/local/v1/things/1', answer)).status).toBe(502);
  });

  it('answers 504 when the integration takes too long, and serves the next caller', async () => {
    const hasty = await startHarness({ handler: HANDLER, integrationTimeoutMs: 3_000 });
    try {
      // The start of a copy counts too: one for each of the two is there already.
      const event = JSON.stringify({ headers: {} });
      await Promise.all(['a', 'b'].map((request) => hasty.host.invoke('echo', event, request)));
      const ask = (headers: Record<string, string>) =>
        signedFetch(hasty.local, hasty.caller, { method: 'GET', path: '/local/v1/things/1', headers });
      expect((await ask({ 'x-answer': 'slow' })).status).toBe(504);
      expect((await ask({})).status).toBe(200);
    } finally {
      await hasty.close();
    }
  });

  it('writes what the function said, and what it died of, to its log', async () => {
    await get('/local/v1/things/42');
    await get('/local/v1/things/1', 'throw');
    const log = await readFile(harness.logFile, 'utf8');
    const lines = log
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines).toContainEqual({ saw: '/v1/things/42' });
    expect(lines).toContainEqual(
      expect.objectContaining({ errorType: 'TeapotError', errorMessage: 'short and stout' }),
    );
  });
});
