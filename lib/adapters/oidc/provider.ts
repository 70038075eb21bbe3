import * as oauth from 'oauth4webapi';
import type { IdentityProvider, Redeemed, SignInAnswer, SignInTerms } from '../../app/approvals/ports.ts';
import type { Log } from '../../app/ports.ts';
import { DomainError } from '../../core/errors.ts';
import { parseStrictJson } from '../../core/json.ts';
import { type ExchangeOptions, exchanger, type Outgoing } from '../https/exchange.ts';

export interface ProviderOptions extends Pick<ExchangeOptions, 'resolve'> {
  readonly issuer: string;
  /** Of a public client (RFC 6749, section 2.1): there is no secret, PKCE says who redeems a code. */
  readonly clientId: string;
  readonly log: Log;
  /** Of one question to the provider, of which a sign-in asks three in all. */
  readonly timeoutMs?: number;
}

/** A discovery document has some 5 KB, a key set with certificates some 20. */
const MAX_BYTES = 256 * 1024;
const TIMEOUT_MS = 5000;

/**
 * Talks to an OpenID provider by oauth4webapi, which checks what the provider says of itself and the claims of its tokens. A
 * provider at `http:` is one on this machine, and asked nowhere else.
 */
export function oidcProvider(options: ProviderOptions): IdentityProvider {
  const { issuer, clientId, log, timeoutMs = TIMEOUT_MS } = options;
  const url = new URL(issuer);
  const isLocal = url.protocol === 'http:';
  const exchange = exchanger({ ...options, loopback: isLocal, timeoutMs, maxBytes: MAX_BYTES });
  const client: oauth.Client = { client_id: clientId };
  const ask = async (to: string, outgoing: Outgoing): Promise<Response> => {
    const answer = await exchange(new URL(to), {
      ...outgoing,
      headers: { ...outgoing.headers, 'user-agent': 'countersign-sign-in/1' },
    });
    if (answer.status === null) throw new Unanswered(answer.reason);
    const type = answer.headers['content-type'];
    return new Response(answer.body, { status: answer.status, ...(type ? { headers: { 'content-type': type } } : {}) });
  };
  const using = {
    [oauth.customFetch]: async (to: string, { method, headers, body }: oauth.CustomFetchOptions<string, unknown>) =>
      method === 'POST'
        ? await ask(to, { method, headers, body: String(body) })
        : await ask(to, { method: 'GET', headers }),
    [oauth.allowInsecureRequests]: isLocal,
  };

  const discovered = async (): Promise<oauth.AuthorizationServer> => {
    const response = await oauth.discoveryRequest(url, using);
    const server = await oauth.processDiscoveryResponse(url, response).catch((error: unknown) => {
      throw new Unanswered(`it says of itself what it should not: ${reasonOf(error)}`);
    });
    // The library compares URLs; tokens are compared to the letter, also by whoever verifies one years later.
    if (server.issuer !== issuer) throw new Unanswered('it writes its issuer otherwise');
    return server;
  };

  return {
    issuer,
    clientId,
    async authorize({ redirectUri, state, nonce, verifier }: SignInTerms): Promise<URL | undefined> {
      try {
        const { authorization_endpoint } = await discovered();
        const address = new URL(authorization_endpoint ?? '');
        oauth.checkProtocol(address, !isLocal);
        const parameters = {
          response_type: 'code',
          client_id: clientId,
          redirect_uri: redirectUri,
          // Nothing beside `sub`: evidence holds no name and no address.
          scope: 'openid',
          state,
          nonce,
          code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256',
        };
        for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
        return address;
      } catch (error) {
        log.warn('sign-in-unanswered', { reason: reasonOf(error) });
        return undefined;
      }
    },

    async redeem(answer: SignInAnswer, { redirectUri, state, nonce, verifier }: SignInTerms): Promise<Redeemed> {
      try {
        const server = await discovered();
        const { iss } = answer;
        const said = new URLSearchParams({
          code: answer.code,
          state: answer.state,
          ...(iss === undefined ? {} : { iss }),
        });
        const valid = oauth.validateAuthResponse(server, client, said, state);
        const none = oauth.None();
        const response = await oauth.authorizationCodeGrantRequest(
          server,
          client,
          none,
          valid,
          redirectUri,
          verifier,
          using,
        );
        const { id_token } = await oauth.processAuthorizationCodeResponse(server, client, response, {
          expectedNonce: nonce,
          requireIdToken: true,
        });
        // After the token: a provider that changes its keys shows the new one before it signs with it, and the old one after.
        const keys = await ask(keysAddress(server, isLocal), { method: 'GET', headers: {} });
        if (keys.status !== 200 || id_token === undefined)
          throw new Unanswered(`the key set is answered ${keys.status}`);
        return { ok: true, idToken: id_token, jwks: parseStrictJson(Buffer.from(await keys.arrayBuffer())) };
      } catch (error) {
        log.warn('sign-in-refused', { reason: reasonOf(error) });
        return { ok: false, because: isRefusal(error) ? 'refused' : 'unanswered' };
      }
    },
  };
}

/** The provider could not be asked, or gave no answer to be read. */
class Unanswered extends Error {
  override readonly name = 'Unanswered';
}

function keysAddress({ jwks_uri }: oauth.AuthorizationServer, isLocal: boolean): string {
  const address = new URL(jwks_uri ?? '');
  oauth.checkProtocol(address, !isLocal);
  return address.href;
}

/** It answered, and what it said is no: a code that is none (any more), or claims that are not what they should be. */
function isRefusal(error: unknown): boolean {
  if (error instanceof oauth.ResponseBodyError || error instanceof oauth.AuthorizationResponseError) return true;
  return (
    error instanceof oauth.OperationProcessingError &&
    [oauth.INVALID_RESPONSE, oauth.JWT_CLAIM_COMPARISON, oauth.JWT_TIMESTAMP_CHECK].some((code) => code === error.code)
  );
}

/** Codes and tokens lie in the causes of the library's errors, and must be in no log: these have their codes alone. */
function reasonOf(error: unknown): string {
  if (error instanceof oauth.ResponseBodyError) return `${error.status} ${error.error.slice(0, 64)}`;
  if (error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError) {
    return error.code ?? error.name;
  }
  if (error instanceof Unanswered || error instanceof DomainError) return error.message;
  return error instanceof Error ? error.name : 'unknown';
}
