import { createHash, generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type Configuration } from 'oidc-provider';

export interface RunningProvider {
  readonly issuer: string;
  readonly clientId: string;
  /** `sub` of whoever signs in with a name: a pseudonym for this client alone. */
  subjectOf(login: string): string;
  close(): Promise<void>;
}

/**
 * An OpenID provider on this machine at which anybody signs in under any name. It is called `localhost`, so that it is another
 * site than pages at 127.0.0.1, as every provider is.
 */
export async function startProvider(redirectUri: string, clientId = 'countersign'): Promise<RunningProvider> {
  const server = createServer();
  const port = await listening(server, 'localhost');
  const issuer = `http://localhost:${port}`;
  const subjectOf = (login: string) => createHash('sha256').update(`${clientId}\n${login}`).digest('base64url');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const configuration: Configuration = {
    clients: [
      {
        client_id: clientId,
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        id_token_signed_response_alg: 'ES256',
        subject_type: 'pairwise',
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'ES256' }] },
    subjectTypes: ['pairwise'],
    pairwiseIdentifier: (_context, login) => subjectOf(login),
    findAccount: (_context, login) => ({
      accountId: login,
      claims: () => ({ sub: login, name: `The Person ${login}`, email: `${login}@example.org` }),
    }),
    cookies: { keys: ['only-for-a-test'] },
    pkce: { required: () => true },
    ttl: { AccessToken: 600, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
  };
  server.on('request', new Provider(issuer, configuration).callback());
  return {
    issuer,
    clientId,
    subjectOf,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function listening(server: Server, host = '127.0.0.1'): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return port;
}
