import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import * as z from 'zod/mini';
import { decodeBase64 } from '../base64.ts';
import { DomainError } from '../errors.ts';
import { isJsonObject, type Json, type JsonObject, parseStrictJson } from '../json.ts';
import { parseWith } from '../schema.ts';

/** Characters of an ID token that is kept. One of the scope `openid` has about 800. */
export const MAX_ID_TOKEN = 8192;

const Base64url = z.string().check(z.maxLength(1024), z.regex(/^[A-Za-z0-9_-]+$/));
const keyid = { kid: z.exactOptional(z.string().check(z.maxLength(256))) };

/** A provider's public key (RFC 7517) by the members that make it one. */
export const ProviderKeySchema = z.discriminatedUnion('kty', [
  z.strictObject({ kty: z.literal('RSA'), n: Base64url, e: Base64url, ...keyid }),
  z.strictObject({ kty: z.literal('EC'), crv: z.enum(['P-256', 'P-384']), x: Base64url, y: Base64url, ...keyid }),
  z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: Base64url, ...keyid }),
]);
export type ProviderKey = z.output<typeof ProviderKeySchema>;

/** What an ID token says that counts here (OpenID Connect Core, section 2). */
const ClaimsSchema = z.object({
  iss: z.string(),
  sub: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  azp: z.optional(z.string()),
  iat: z.number(),
  nonce: z.string(),
});
export type IdTokenClaims = z.output<typeof ClaimsSchema>;

/**
 * Claims that say who somebody is (section 5.1, and two of Microsoft's): what is evidence for years may hold none. The scope
 * `openid` asks for none of them either.
 */
const PERSONAL = [
  ...['name', 'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture'],
  ...['website', 'email', 'gender', 'birthdate', 'phone_number', 'address', 'upn', 'unique_name'],
];

/** Signatures of RFC 7518, section 3.1 and RFC 9864 that take a public key; never `none`, never one that takes a secret. */
const ALGORITHMS: Readonly<
  Record<string, { readonly hash: string | null; readonly key: string; readonly pss?: true }>
> = {
  RS256: { hash: 'sha256', key: 'RSA' },
  RS384: { hash: 'sha384', key: 'RSA' },
  RS512: { hash: 'sha512', key: 'RSA' },
  PS256: { hash: 'sha256', key: 'RSA', pss: true },
  PS384: { hash: 'sha384', key: 'RSA', pss: true },
  PS512: { hash: 'sha512', key: 'RSA', pss: true },
  ES256: { hash: 'sha256', key: 'P-256' },
  ES384: { hash: 'sha384', key: 'P-384' },
  EdDSA: { hash: null, key: 'Ed25519' },
  Ed25519: { hash: null, key: 'Ed25519' },
};

const MIN_RSA_BITS = 2048;

/** What an ID token must be to prove something. */
export interface IdTokenTerms {
  readonly issuer: string;
  readonly client_id: string;
  readonly nonce: string;
}

/**
 * Holds an ID token against one key, with nothing from anywhere else: whoever has both can do it again for as long as they last.
 * Its expiry is for whoever takes it from the provider to look at.
 *
 * @throws DomainError SIGNATURE_INVALID, or PREDICATE_INVALID when it says something else, or who somebody is
 */
export function verifyIdToken(token: string, key: ProviderKey, terms: IdTokenTerms): IdTokenClaims {
  const { header, payload, message, signature } = partsOf(token);
  // A critical extension that we do not know may change what the signature means (RFC 7515, section 4.1.11).
  const algorithm = header.crit === undefined ? ALGORITHMS[String(header.alg)] : undefined;
  if (!algorithm || algorithm.key !== (key.kty === 'RSA' ? 'RSA' : key.crv)) {
    throw new DomainError('SIGNATURE_INVALID', 'the ID token is not signed in a way that its key can be asked about');
  }
  const shape = algorithm.pss
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : { dsaEncoding: 'ieee-p1363' as const };
  if (!verify(algorithm.hash, message, { key: publicKeyOf(key), ...shape }, signature)) {
    throw new DomainError('SIGNATURE_INVALID', 'the ID token is not signed by its key');
  }
  return checkedClaims(payload, terms);
}

/**
 * Finds the key of a provider's set that signed a token: one of its key id, or any where either names none.
 *
 * @param jwks - as the provider gave it, whatever that is
 * @throws DomainError as {@link verifyIdToken} does
 */
export function keyThatSigned(
  token: string,
  jwks: Json,
  terms: IdTokenTerms,
): {
  readonly key: ProviderKey;
  readonly claims: IdTokenClaims;
} {
  let refused = new DomainError('SIGNATURE_INVALID', 'the provider has no key that the ID token could be signed by');
  for (const key of candidateKeys(token, jwks)) {
    try {
      return { key, claims: verifyIdToken(token, key, terms) };
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'SIGNATURE_INVALID') throw error;
      refused = error;
    }
  }
  throw refused;
}

/** Whether a token says a text anywhere, such as the address of who signed in. */
export function mentions(token: string, text: string): boolean {
  return JSON.stringify(partsOf(token).payload).toLowerCase().includes(text.toLowerCase());
}

function candidateKeys(token: string, jwks: Json): readonly ProviderKey[] {
  const { kid } = partsOf(token).header;
  const keys = isJsonObject(jwks) && Array.isArray(jwks.keys) ? jwks.keys : [];
  return keys.filter(isJsonObject).flatMap((jwk): readonly ProviderKey[] => {
    if (jwk.use === 'enc' || (kid !== undefined && jwk.kid !== undefined && jwk.kid !== kid)) return [];
    // Only what makes it a public key: a set has certificates beside it, and should have nothing that is secret.
    const members = ['kty', 'n', 'e', 'crv', 'x', 'y', 'kid'].filter((name) => jwk[name] !== undefined);
    const key = ProviderKeySchema.safeParse(Object.fromEntries(members.map((name) => [name, jwk[name]])));
    return key.success ? [key.data] : [];
  });
}

function partsOf(token: string) {
  const [head = '', body = '', end = '', ...more] = token.length > MAX_ID_TOKEN ? [] : token.split('.');
  const [header, payload, signature] = [head, body, end].map(decodeBase64);
  if (more.length > 0 || !header || !payload || !signature || signature.length === 0) {
    throw new DomainError('PREDICATE_INVALID', 'the ID token is no signed JWT');
  }
  return { header: objectIn(header), payload: objectIn(payload), message: Buffer.from(`${head}.${body}`), signature };
}

function objectIn(bytes: Buffer): JsonObject {
  const value = parseStrictJson(bytes);
  if (isJsonObject(value)) return value;
  throw new DomainError('PREDICATE_INVALID', 'a part of the ID token is no object');
}

function publicKeyOf({ kid: _kid, ...jwk }: ProviderKey): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: jwk, format: 'jwk' });
  } catch (cause) {
    throw new DomainError('SIGNATURE_INVALID', "the provider's key is none", { cause });
  }
  if (jwk.kty === 'RSA' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < MIN_RSA_BITS) {
    throw new DomainError('SIGNATURE_INVALID', `the provider's key has fewer than ${MIN_RSA_BITS} bits`);
  }
  return key;
}

function checkedClaims(payload: JsonObject, { issuer, client_id, nonce }: IdTokenTerms): IdTokenClaims {
  const claims = parseWith(ClaimsSchema, payload, 'PREDICATE_INVALID', '/id_token');
  const { iss, aud, azp } = claims;
  const wrong = (said: string) => new DomainError('PREDICATE_INVALID', `the ID token ${said}`);
  if (iss !== issuer) throw wrong('is of another provider');
  if (![aud].flat().includes(client_id) || ([aud].flat().length > 1 && azp !== client_id)) {
    throw wrong('was made for somebody else');
  }
  if (claims.nonce !== nonce) throw wrong('was made for another approval');
  const personal = PERSONAL.find((name) => Object.hasOwn(payload, name));
  if (personal !== undefined) throw wrong(`says who somebody is (${personal}), which evidence may not hold`);
  return claims;
}
