import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  keyThatSigned,
  MAX_ID_TOKEN,
  mentions,
  ProviderKeySchema,
  verifyIdToken,
} from '../../../../lib/core/approvals/id-token.ts';
import type { Json } from '../../../../lib/core/json.ts';
import { CLIENT_ID, ISSUER, providerPair } from '../../../support/provider.ts';

const nonce = 'n'.repeat(43);
const TERMS = { issuer: ISSUER, client_id: CLIENT_ID, nonce };
const CLAIMS = { iss: ISSUER, sub: 'u-1', aud: CLIENT_ID, iat: 1_771_684_496, exp: 1_771_684_796, nonce };
const provider = providerPair();

describe('an ID token', () => {
  it.each(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'] as const)('that is signed by %s holds', (alg) => {
    const { key, token } = providerPair(alg);
    expect(verifyIdToken(token(CLAIMS), key, TERMS)).toMatchObject({ sub: 'u-1' });
  });

  it('for several counts where it names this client as the one that asked', () => {
    const token = provider.token({ ...CLAIMS, aud: [CLIENT_ID, 'api'], azp: CLIENT_ID });
    expect(verifyIdToken(token, provider.key, TERMS).sub).toBe('u-1');
  });

  it.each([
    ['of another provider', { iss: 'https://login.example.org' }],
    ['for another client', { aud: 'somebody-else' }],
    ['for several, that another asked for', { aud: [CLIENT_ID, 'other'], azp: 'other' }],
    ['for another approval', { nonce: 'm'.repeat(43) }],
    ['without a nonce', { nonce: undefined }],
    ['without a subject', { sub: undefined }],
    ['with a name', { name: 'A' }],
    ['with an address', { email: 'a@example.org' }],
  ])('%s is refused', (_, changes) => {
    const refused = () => verifyIdToken(provider.token({ ...CLAIMS, ...changes }), provider.key, TERMS);
    expect(refused).toThrow(expect.objectContaining({ code: 'PREDICATE_INVALID' }));
  });

  it('that another key signed, or of which a byte is otherwise, is refused', () => {
    const token = provider.token(CLAIMS);
    const [head = '', , end = ''] = token.split('.');
    const forged = [head, Buffer.from(JSON.stringify({ ...CLAIMS, sub: 'u-2' })).toString('base64url'), end].join('.');
    for (const [text, { key }] of [
      [token, providerPair()],
      [forged, provider],
    ] as const) {
      expect(() => verifyIdToken(text, key, TERMS)).toThrow(expect.objectContaining({ code: 'SIGNATURE_INVALID' }));
    }
  });

  it('whose header makes the signature mean something else is refused', () => {
    for (const header of [{ alg: 'none' }, { alg: 'RS256' }, { alg: 'HS256' }, { crit: ['b64'], b64: false }]) {
      expect(() => verifyIdToken(provider.token(CLAIMS, header), provider.key, TERMS)).toThrow('not signed in a way');
    }
    const message = [{ alg: 'HS256' }, CLAIMS].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
    const secret = JSON.stringify(provider.key);
    const mac = createHmac('sha256', secret).update(message.join('.')).digest('base64url');
    expect(() => verifyIdToken([...message, mac].join('.'), provider.key, TERMS)).toThrow('not signed in a way');
  });

  it('that is none is refused, whatever it is', () => {
    const token = provider.token(CLAIMS);
    const long = provider.token({ ...CLAIMS, more: 'x'.repeat(MAX_ID_TOKEN) });
    for (const text of ['', '..', 'a.b.c', `${token}.x`, token.slice(0, token.lastIndexOf('.') + 1), long]) {
      expect(() => verifyIdToken(text, provider.key, TERMS)).toThrow(expect.objectContaining({ name: 'DomainError' }));
    }
  });

  it('that a key too short to trust signed is refused', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const { kty, n, e } = publicKey.export({ format: 'jwk' });
    const message = [{ alg: 'RS256' }, CLAIMS].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
    const end = sign('sha256', Buffer.from(message.join('.')), privateKey).toString('base64url');
    const key = ProviderKeySchema.parse({ kty, n, e });
    expect(() => verifyIdToken([...message, end].join('.'), key, TERMS)).toThrow('fewer than 2048 bits');
  });
});

describe('a key set', () => {
  const token = provider.token(CLAIMS);
  const { key } = provider;
  const found = (jwks: Json) => keyThatSigned(token, jwks, TERMS).key;

  it('gives the key that signed, without what makes no public key', () => {
    expect(found({ keys: [providerPair('RS256').key, { ...key, use: 'sig', alg: 'ES256', d: 'secret' }] })).toEqual(
      key,
    );
    const { kid: _kid, ...unnamed } = key;
    expect(found({ keys: [providerPair('ES256').key, unnamed] })).toEqual(unnamed);
  });

  it('gives none for encryption, of another id or kind, or of what is no key set', () => {
    const hostile: Json[] = [{ keys: [{ ...key, use: 'enc' }] }, { keys: [{ kty: 'oct', k: 'x' }, null, 1] }, [], null];
    for (const jwks of [...hostile, { keys: 'x' }, { keys: [{ ...key, kid: 'k2' }] }]) {
      expect(() => found(jwks)).toThrow('has no key');
    }
  });

  it('is not asked again where a token that is signed says something else', () => {
    const other = provider.token({ ...CLAIMS, aud: 'another' });
    expect(() => keyThatSigned(other, { keys: [key] }, TERMS)).toThrow('somebody else');
  });
});

it('a token that mentions an address is known by it, however it is written', () => {
  expect(mentions(provider.token({ ...CLAIMS, login: 'Ada@Example.org' }), 'ada@example.org')).toBe(true);
  expect(mentions(provider.token(CLAIMS), 'ada@example.org')).toBe(false);
});
