import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { IdentityProvider, Redeemed, SignInAnswer, SignInTerms } from '../../lib/app/approvals/ports.ts';
import type { Clock } from '../../lib/app/ports.ts';
import { type ProviderKey, ProviderKeySchema } from '../../lib/core/approvals/id-token.ts';

export const ISSUER = 'https://login.example.com';
export const CLIENT_ID = 'countersign';

/** One key pair of an identity provider, which signs whatever it is told to. */
export interface ProviderPair {
  readonly key: ProviderKey;
  readonly token: (claims: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>) => string;
}

type Algorithm = 'RS256' | 'PS256' | 'ES256' | 'ES384' | 'EdDSA';

export function providerPair(alg: Algorithm = 'ES256', kid = 'k1'): ProviderPair {
  const { publicKey, privateKey } = pairOf(alg);
  const { kty, n, e, crv, x, y } = publicKey.export({ format: 'jwk' });
  const key = ProviderKeySchema.parse(JSON.parse(JSON.stringify({ kty, n, e, crv, x, y, kid })));
  return {
    key,
    token: (claims, header = {}) => {
      const message = [{ alg, kid, ...header }, claims]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.');
      return `${message}.${signature(alg, Buffer.from(message), privateKey).toString('base64url')}`;
    },
  };
}

function pairOf(alg: Algorithm) {
  switch (alg) {
    case 'RS256':
    case 'PS256':
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'ES384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' });
    case 'EdDSA':
      return generateKeyPairSync('ed25519');
  }
}

function signature(alg: Algorithm, message: Buffer, privateKey: KeyObject): Buffer {
  switch (alg) {
    case 'RS256':
      return sign('sha256', message, privateKey);
    case 'PS256':
      return sign('sha256', message, { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
    case 'ES256':
      return sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    case 'ES384':
      return sign('sha384', message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    case 'EdDSA':
      return sign(null, message, privateKey);
  }
}

/** A provider of OpenID Connect in memory: people sign in at what `authorize` answered, and come back with a code. */
export class MemoryProvider implements IdentityProvider {
  readonly issuer = ISSUER;
  readonly clientId = CLIENT_ID;
  pair = providerPair();
  /** What it says of each token beside what it has to. */
  claims: Readonly<Record<string, unknown>> = {};
  /** Whether it answers. */
  isUp = true;
  /** Codes that were redeemed, again and again where they were. */
  readonly redeemed: string[] = [];
  readonly #asked = new Map<string, SignInTerms>();
  readonly #signedIn = new Map<string, { readonly terms: SignInTerms; readonly sub: string }>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async authorize(terms: SignInTerms): Promise<URL | undefined> {
    if (!this.isUp) return undefined;
    this.#asked.set(terms.state, terms);
    const { state, nonce, redirectUri: redirect_uri } = terms;
    return new URL(`${ISSUER}/authorize?${new URLSearchParams({ state, nonce, redirect_uri })}`);
  }

  /** Somebody follows the link of a page, and signs in. @returns what they are sent back with */
  signIn(page: string, sub: string): { readonly state: string; readonly code: string; readonly iss: string } {
    const [, link = ''] = /href="(https:\/\/login\.example\.com\/[^"]*)"/.exec(page) ?? [];
    const state = new URL(link.replaceAll('&amp;', '&')).searchParams.get('state') ?? '';
    const terms = this.#asked.get(state);
    if (!terms) throw new Error('nobody was sent here with this state');
    const code = `code-${this.#signedIn.size + 1}`;
    this.#signedIn.set(code, { terms, sub });
    return { state, code, iss: ISSUER };
  }

  async redeem({ code, iss }: SignInAnswer, { redirectUri, nonce, verifier }: SignInTerms): Promise<Redeemed> {
    this.redeemed.push(code);
    if (!this.isUp) return { ok: false, because: 'unanswered' };
    const found = this.#signedIn.get(code);
    this.#signedIn.delete(code);
    const isTheirs = found?.terms.verifier === verifier && found.terms.redirectUri === redirectUri;
    if (!isTheirs || found.terms.nonce !== nonce || iss !== ISSUER) return { ok: false, because: 'refused' };
    const iat = Math.floor(this.#clock().getTime() / 1000);
    const idToken = this.pair.token({ iss: ISSUER, aud: CLIENT_ID, sub: found.sub, iat, nonce, ...this.claims });
    return { ok: true, idToken, jwks: { keys: [providerPair('ES256', 'k0').key, this.pair.key] } };
  }
}
