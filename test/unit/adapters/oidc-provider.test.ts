import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { oidcProvider } from '../../../lib/adapters/oidc/provider.ts';
import { keyThatSigned } from '../../../lib/core/approvals/id-token.ts';
import { listening } from '../../support/oidc-provider.ts';
import { CLIENT_ID, type ProviderPair, providerPair } from '../../support/provider.ts';

const TERMS = {
  redirectUri: 'https://pages.example.org/prod/signed-in',
  state: 's'.repeat(43),
  nonce: 'n'.repeat(43),
  // With its challenge from RFC 7636, appendix B.
  verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
};
const ANSWER = { code: 'the-code', state: TERMS.state, iss: undefined };

/** What a provider answers, by path; a listener where it is no answer of JSON. */
type Answers = Record<string, unknown>;

let server: Server;
let issuer: string;
let pair: ProviderPair;
let answers: Answers;
let posted: string[];
let logged: string[];
beforeEach(async () => {
  pair = providerPair();
  [posted, logged] = [[], []];
  server = createServer((request, response) => {
    request.on('data', (chunk) => posted.push(String(chunk)));
    request.on('end', () => {
      const answer = answers[request.url ?? ''];
      if (typeof answer === 'function') (answer as RequestListener)(request, response);
      else response.writeHead(answer === undefined ? 404 : 200, JSON_TYPE).end(JSON.stringify(answer ?? {}));
    });
  });
  issuer = `http://127.0.0.1:${await listening(server)}`;
  answers = {
    '/.well-known/openid-configuration': {
      issuer,
      authorization_endpoint: `${issuer}/authorize?tenant=1`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      id_token_signing_alg_values_supported: ['ES256', 'RS256'],
    },
    '/token': tokens(),
    '/jwks': { keys: [pair.key] },
  };
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const JSON_TYPE = { 'content-type': 'application/json' };

function tokens(claims: object = {}): object {
  const iat = Math.floor(Date.now() / 1000);
  const said = { iss: issuer, sub: 'u-1', aud: CLIENT_ID, iat, exp: iat + 60, nonce: TERMS.nonce, ...claims };
  return { access_token: 'the-access-token', token_type: 'Bearer', expires_in: 60, id_token: pair.token(said) };
}

const put = (path: string, answer: unknown): void => {
  answers[path] = answer;
};

const keep = (event: string, fields: unknown) => void logged.push(JSON.stringify([event, fields]));
const provider = (options: object = {}) =>
  oidcProvider({ issuer, clientId: CLIENT_ID, log: { info: keep, warn: keep }, timeoutMs: 20_000, ...options });
const metadata = (changes: object) => {
  const path = '/.well-known/openid-configuration';
  answers[path] = { ...(answers[path] as object), ...changes };
};

/** Wherever it leads, a key set that is found there is not the provider's. */
const redirecting: RequestListener = (_request, response) => {
  response.writeHead(302, { location: `${issuer}/elsewhere` }).end();
};

describe('the way to a provider', () => {
  it('asks for a code that only the verifier redeems, for the nonce, and for no name', async () => {
    const url = await provider().authorize(TERMS);
    expect(Object.fromEntries(url?.searchParams ?? [])).toEqual({
      tenant: '1',
      response_type: 'code',
      client_id: CLIENT_ID,
      redirect_uri: TERMS.redirectUri,
      scope: 'openid',
      state: TERMS.state,
      nonce: TERMS.nonce,
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    });
  });

  it.each([
    ['names itself otherwise', { issuer: 'http://127.0.0.1:1' }],
    ['has no such address', { authorization_endpoint: undefined }],
    ['leads to a script', { authorization_endpoint: 'javascript:alert(1)' }],
  ])('is none where the provider %s', async (_, changes) => {
    metadata(changes);
    expect(await provider().authorize(TERMS)).toBeUndefined();
  });

  it('is none where the provider differs by as little as a slash, which its tokens would too', async () => {
    metadata({ issuer: `${issuer}/` });
    expect(await provider().authorize(TERMS)).toBeUndefined();
  });
});

describe('a code', () => {
  it('is redeemed with the verifier and without a secret, and the keys are those of that time', async () => {
    const redeemed = await provider().redeem(ANSWER, TERMS);
    expect(Object.fromEntries(new URLSearchParams(posted.join('')))).toEqual({
      grant_type: 'authorization_code',
      code: 'the-code',
      code_verifier: TERMS.verifier,
      redirect_uri: TERMS.redirectUri,
      client_id: CLIENT_ID,
    });
    if (!redeemed.ok) throw new Error('it was not redeemed');
    const { nonce } = TERMS;
    const { claims } = keyThatSigned(redeemed.idToken, redeemed.jwks, { issuer, client_id: CLIENT_ID, nonce });
    expect(claims.sub).toBe('u-1');
  });

  it('is redeemed while the provider changes its keys: both are in the set, or the new one comes before its use', async () => {
    const old = pair;
    answers['/token'] = (_request: unknown, response: Parameters<RequestListener>[1]) => {
      const said = JSON.stringify(tokens());
      answers['/jwks'] = { keys: [providerPair('ES256', 'k2').key, old.key] };
      response.writeHead(200, JSON_TYPE).end(said);
    };
    const redeemed = await provider().redeem(ANSWER, TERMS);
    if (!redeemed.ok) throw new Error('it was not redeemed');
    const terms = { issuer, client_id: CLIENT_ID, nonce: TERMS.nonce };
    expect(keyThatSigned(redeemed.idToken, redeemed.jwks, terms).key).toEqual(old.key);
  });

  it.each([
    ['another provider answered (RFC 9207)', () => ({ iss: 'https://login.example.org' })],
    [
      'the provider names itself and the answer does not',
      () => metadata({ authorization_response_iss_parameter_supported: true }),
    ],
    ['the state is another', () => ({ state: 'x' })],
    ['the token is for another nonce', () => put('/token', tokens({ nonce: 'x' }))],
    ['the token is for another client', () => put('/token', tokens({ aud: 'another' }))],
    ['the token is of another provider', () => put('/token', tokens({ iss: 'https://login.example.org' }))],
    ['the token has expired', () => put('/token', tokens({ exp: 1 }))],
    ['there is no token', () => put('/token', { ...tokens(), id_token: undefined })],
    ['the provider refuses', () => put('/token', refusing(400, { error: 'invalid_grant' }))],
  ])('is refused where %s', async (_, change) => {
    const changed: object = change() ?? {};
    expect(await provider().redeem({ ...ANSWER, ...changed }, TERMS)).toEqual({ ok: false, because: 'refused' });
    expect(logged).toHaveLength(1);
    expect(logged.join()).not.toMatch(/the-code|the-access-token|eyJ|dBjf/);
  });

  it.each([
    ['is down', '/token', () => server.closeAllConnections()],
    ['answers with a page', '/token', refusing(200, '<html>', 'text/html')],
    ['answers with half of it', '/token', refusing(200, '{"access_token":')],
    ['answers without end', '/jwks', refusing(200, `{"keys":["${'x'.repeat(300_000)}"]}`)],
    ['sends elsewhere', '/jwks', redirecting],
    ['breaks down', '/jwks', refusing(500, 'broken')],
    ['has two keys under one name', '/jwks', refusing(200, '{"keys":[],"keys":[]}')],
    ['is another service', '/.well-known/openid-configuration', refusing(200, '[]')],
  ])('is not redeemed where the provider %s', async (_, path, listener) => {
    answers[path] = listener;
    expect(await provider().redeem(ANSWER, TERMS)).toEqual({ ok: false, because: 'unanswered' });
    expect(logged.join()).not.toMatch(/the-code|the-access-token|eyJ|dBjf/);
  });
});

it('a provider that does not answer in time is waited for no longer', async () => {
  answers['/token'] = () => undefined;
  expect(await provider({ timeoutMs: 500 }).redeem(ANSWER, TERMS)).toEqual({ ok: false, because: 'unanswered' });
});

it('a provider on the internet is asked at public addresses alone, and by TLS', async () => {
  const resolve = async () => [{ address: '169.254.169.254', family: 4 }];
  expect(await provider({ issuer: 'https://login.example.com', resolve }).authorize(TERMS)).toBeUndefined();
  expect(logged.join()).toContain('address_refused');
  metadata({ jwks_uri: 'ftp://127.0.0.1/jwks' });
  expect(await provider().redeem(ANSWER, TERMS)).toEqual({ ok: false, because: 'unanswered' });
});

function refusing(status: number, body: unknown, type = 'application/json'): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': type }).end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}
