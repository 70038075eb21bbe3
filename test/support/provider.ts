import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { ProviderKey } from '../../lib/core/approvals/id-token.ts';
import { ProviderKeySchema } from '../../lib/core/approvals/id-token.ts';

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
