import { describe, expect, it } from 'vitest';
import { ApiClient, apiPath, type World } from '../../../cli/client.ts';
import { ApiProblem, CliError, UnavailableError } from '../../../cli/errors.ts';
import { NOW } from '../../support/manifests.ts';

interface Sent {
  readonly url: string;
  readonly method: string | undefined;
  readonly headers: Headers;
  readonly body: string;
}

type Reply = Response | Error;

const json = (status: number, body: object, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });
const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  json(status, { type: 'about:blank', title: `title of ${code}`, status, code, detail: 'what was wrong' }, headers);
const broken = (code: string) =>
  new TypeError('fetch failed', { cause: Object.assign(new Error(`connect ${code}`), { code }) });

/** A client whose network answers in turn, whose clock stands still and whose chance is always one half. */
function clientWith(replies: Reply[]) {
  const sent: Sent[] = [];
  const waits: number[] = [];
  const notes: string[] = [];
  const world: World = {
    fetch: async (url, init) => {
      const body = init?.body instanceof Uint8Array ? Buffer.from(init.body).toString('utf8') : '';
      sent.push({ url: String(url), method: init?.method, headers: new Headers(init?.headers), body });
      const reply = replies.shift();
      if (reply === undefined) throw new Error('nothing more was to be sent');
      if (reply instanceof Error) throw reply;
      return reply;
    },
    sleep: async (milliseconds) => void waits.push(milliseconds),
    random: () => 0.5,
    now: () => Date.parse(NOW),
  };
  const api = new ApiClient({
    url: new URL('https://abc.execute-api.eu-west-1.amazonaws.com/prod'),
    region: 'eu-west-1',
    credentials: async () => ({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: 'token' }),
    notify: (message) => notes.push(message),
    world,
  });
  return { api, sent, waits, notes };
}

describe('a request', () => {
  it('is signed for execute-api, below the stage, as the bytes that were given', async () => {
    const { api, sent } = clientWith([json(201, { evidence: 'e' })]);
    await api.json({
      method: 'POST',
      path: '/v1/manifests',
      body: Buffer.from('{"a": 1}'),
      contentType: 'application/json',
    });
    expect(sent[0]).toMatchObject({
      url: 'https://abc.execute-api.eu-west-1.amazonaws.com/prod/v1/manifests',
      method: 'POST',
      body: '{"a": 1}',
    });
    expect(sent[0]?.headers.get('authorization')).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/20260221\/eu-west-1\/execute-api\/aws4_request, SignedHeaders=[a-z0-9;-]*content-type[a-z0-9;-]*, Signature=[0-9a-f]{64}$/,
    );
    expect(sent[0]?.headers.get('x-amz-security-token')).toBe('token');
  });

  it('carries its parameters percent-encoded', () => {
    expect(apiPath('/v1/runs/{run_id}', { run_id: 'a/b c' })).toBe('/v1/runs/a%2Fb%20c');
  });
});

describe('when the API is busy', () => {
  it('sends the very same bytes again, and says what it waits for', async () => {
    const { api, sent, waits, notes } = clientWith([
      problem(503, 'DEPENDENCY_UNAVAILABLE'),
      problem(429, 'THROTTLED'),
      json(201, { evidence: 'e' }),
    ]);
    const answer = await api.json({ method: 'POST', path: '/v1/manifests', body: { stage: 'training' } });
    expect(answer).toEqual({ evidence: 'e' });
    expect(new Set(sent.map(({ body }) => body))).toEqual(new Set(['{"stage":"training"}']));
    expect(waits).toEqual([500, 1000]);
    expect(notes[0]).toBe(
      'the API answers 503 DEPENDENCY_UNAVAILABLE (what was wrong); trying again in 0.5 s (attempt 2 of 8)',
    );
  });

  it('waits as long as Retry-After asks', async () => {
    const { api, waits } = clientWith([problem(503, 'DEPENDENCY_UNAVAILABLE', { 'retry-after': '7' }), json(200, {})]);
    await api.json({ method: 'GET', path: '/v1/status' });
    expect(waits).toEqual([7000]);
  });

  it('tries a conflict again when the API says that it passes', async () => {
    const { api, sent } = clientWith([problem(409, 'REVISION_CONFLICT', { 'retry-after': '1' }), json(200, {})]);
    await api.json({ method: 'POST', path: '/v1/artifacts', body: {} });
    expect(sent).toHaveLength(2);
  });

  it('gives up after all attempts with the problem and the exit code for "run it again"', async () => {
    const { api, sent } = clientWith(Array.from({ length: 8 }, () => problem(503, 'DEPENDENCY_UNAVAILABLE')));
    const failure = await api.json({ method: 'GET', path: '/v1/status' }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApiProblem);
    expect(failure).toMatchObject({ exitCode: 3, problem: { code: 'DEPENDENCY_UNAVAILABLE' } });
    expect(sent).toHaveLength(8);
  });
});

describe('when the line breaks', () => {
  it.each(['ECONNRESET', 'ECONNREFUSED', 'UND_ERR_SOCKET', 'EAI_AGAIN'])('tries again after %s', async (code) => {
    const { api, notes } = clientWith([broken(code), json(200, { stage: 'prod' })]);
    expect(await api.json({ method: 'GET', path: '/v1/status' })).toEqual({ stage: 'prod' });
    expect(notes[0]).toContain(`cannot be reached (${code})`);
  });

  it('tries again after a silence', async () => {
    const silence = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
    const { api, notes } = clientWith([silence, json(200, {})]);
    await api.json({ method: 'GET', path: '/v1/status' });
    expect(notes[0]).toContain('did not answer within 35 s');
  });

  it('ends as unavailable when it never mends', async () => {
    const { api } = clientWith(Array.from({ length: 8 }, () => broken('ECONNREFUSED')));
    const failure = await api.json({ method: 'GET', path: '/v1/status' }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UnavailableError);
    expect(failure).toMatchObject({ exitCode: 3 });
  });

  it.each(['ENOTFOUND', 'CERT_HAS_EXPIRED'])('does not try again after %s: that does not pass', async (code) => {
    const { api, sent } = clientWith([broken(code)]);
    const failure = await api.json({ method: 'GET', path: '/v1/status' }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CliError);
    expect(sent).toHaveLength(1);
  });
});

describe('bytes that a link leads to', () => {
  const link = () => new Response(null, { status: 303, headers: { location: 'https://s3.example.com/input?signed' } });

  it('are fetched without our signature', async () => {
    const { api, sent } = clientWith([link(), new Response('facts')]);
    expect((await api.bytes('/v1/gates/inputs/x')).toString()).toBe('facts');
    expect(sent[1]?.url).toBe('https://s3.example.com/input?signed');
    expect(sent[1]?.headers.has('authorization')).toBe(false);
  });

  it('are asked for by a new link when the store was busy or the line broke', async () => {
    const replies = [
      link(),
      new Response('', { status: 503 }),
      link(),
      broken('ECONNRESET'),
      link(),
      new Response('facts'),
    ];
    const { api, notes } = clientWith(replies);
    expect((await api.bytes('/v1/gates/inputs/x')).toString()).toBe('facts');
    expect(notes).toEqual([
      expect.stringContaining('S3 answers 503; trying again'),
      expect.stringContaining('(ECONNRESET)'),
    ]);
  });

  it('are refused when they are not there', async () => {
    const { api } = clientWith([link(), new Response('', { status: 404 })]);
    await expect(api.bytes('/v1/gates/inputs/x')).rejects.toMatchObject({ name: 'CliError', exitCode: 1 });
  });

  it('are those of the answer where there is no link', async () => {
    const { api } = clientWith([new Response('bundle')]);
    expect((await api.bytes('/v1/policies/x/bundle')).toString()).toBe('bundle');
  });
});

describe('a refusal', () => {
  it.each([
    [422, 'MANIFEST_INVALID', 1],
    [403, 'KEY_NOT_AUTHORIZED', 1],
    [409, 'KEY_EXISTS', 1],
    [500, 'INTEGRITY_FAILURE', 1],
    [403, 'ACCESS_DENIED', 4],
    [403, 'CREDENTIALS_EXPIRED', 4],
  ])('%d %s is not sent again and ends with exit code %d', async (status, code, exitCode) => {
    const { api, sent } = clientWith([problem(status, code)]);
    const failure = await api
      .json({ method: 'POST', path: '/v1/manifests', body: {} })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApiProblem);
    expect(failure).toMatchObject({ exitCode, problem: { code, title: `title of ${code}`, detail: 'what was wrong' } });
    expect(sent).toHaveLength(1);
  });

  it('by something that is not the API is told by its status', async () => {
    const { api } = clientWith([new Response('<html>no</html>', { status: 404 })]);
    const failure = await api.json({ method: 'GET', path: '/v1/status' }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ problem: { status: 404, code: 'HTTP_404', title: 'the API answered 404' } });
  });

  it('is what an answer without a JSON object is taken for', async () => {
    const { api } = clientWith([new Response('', { status: 200 })]);
    await expect(api.json({ method: 'GET', path: '/v1/status' })).rejects.toBeInstanceOf(CliError);
  });
});
