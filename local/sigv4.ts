import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Signature Version 4 from the receiving side: which identity signed a request, and the same request signed by another.
 *
 * The signing libraries choose which headers to sign. A receiver must take exactly those that the client chose, so the
 * canonical request is built here. Source: "AWS Signature Version 4 for API requests", IAM User Guide.
 */

const ALGORITHM = 'AWS4-HMAC-SHA256';
/** Sent in place of a payload digest where the body is not covered by the signature. */
export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
const LONGEST_EXPIRY_S = 7 * 24 * 3600;
const EMPTY_SHA256 = createHash('sha256').digest('hex');
/** S3 allows 15 minutes between the clocks, the other services 5. */
const skewMs = (service: string) => (service === 's3' ? 15 : 5) * 60_000;

/** A request as it came over the wire. */
export interface WireRequest {
  readonly method: string;
  /** Path as sent, percent-encoding untouched. */
  readonly path: string;
  /** Query as sent, without the question mark. */
  readonly query: string;
  /** Names and values in turn, as Node's `rawHeaders`. */
  readonly headers: readonly string[];
}

/** What a request says of its own signature. Nothing of it is proved yet. */
export interface SignatureClaim {
  readonly form: 'header' | 'query';
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
  /** `yyyymmdd` of the credential scope. */
  readonly date: string;
  /** `yyyymmddThhmmssZ`. */
  readonly timestamp: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** Seconds for which a presigned URL holds. */
  readonly expires?: number;
}

export type SignatureFault =
  | 'missing'
  | 'malformed'
  | 'unknown-key'
  | 'mismatch'
  | 'expired'
  | 'skewed'
  | 'unsigned-header'
  | 'unknown-token'
  | 'payload-mismatch';

/** Why a request is not accepted as signed. `message` is safe to send back. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError';
  readonly fault: SignatureFault;

  constructor(fault: SignatureFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

/**
 * Reads the claim from the Authorization header or from the query of a presigned URL.
 *
 * @returns undefined if the request carries neither.
 * @throws SignatureError `malformed`.
 */
export function readClaim(request: WireRequest): SignatureClaim | undefined {
  const authorization = headerValues(request, 'authorization')[0];
  if (authorization?.startsWith(ALGORITHM)) return claimOfHeader(request, authorization);
  const query = new Map(queryPairs(request.query));
  return query.get('X-Amz-Algorithm') === ALGORITHM ? claimOfQuery(query) : undefined;
}

function claimOfHeader(request: WireRequest, authorization: string): SignatureClaim {
  const fields = new Map(
    authorization
      .slice(ALGORITHM.length)
      .split(',')
      .map((field): [string, string] => {
        const [name = '', ...value] = field.trim().split('=');
        return [name, value.join('=')];
      }),
  );
  return {
    form: 'header',
    ...scopeOf(fields.get('Credential')),
    timestamp: timestampOf(headerValues(request, 'x-amz-date')[0]),
    signedHeaders: signedHeadersOf(fields.get('SignedHeaders')),
    signature: signatureOf(fields.get('Signature')),
  };
}

function claimOfQuery(query: ReadonlyMap<string, string>): SignatureClaim {
  const expires = Number(query.get('X-Amz-Expires'));
  if (!Number.isSafeInteger(expires) || expires < 1 || expires > LONGEST_EXPIRY_S) {
    throw new SignatureError('malformed', `X-Amz-Expires must be between 1 and ${LONGEST_EXPIRY_S} seconds`);
  }
  return {
    form: 'query',
    ...scopeOf(query.get('X-Amz-Credential')),
    timestamp: timestampOf(query.get('X-Amz-Date')),
    signedHeaders: signedHeadersOf(query.get('X-Amz-SignedHeaders')),
    signature: signatureOf(query.get('X-Amz-Signature')),
    expires,
  };
}

function scopeOf(credential: string | undefined): Pick<SignatureClaim, 'accessKeyId' | 'date' | 'region' | 'service'> {
  const [accessKeyId, date, region, service, terminator, ...rest] = (credential ?? '').split('/');
  if (!accessKeyId || !date || !region || !service || terminator !== 'aws4_request' || rest.length > 0) {
    throw new SignatureError('malformed', 'Credential must be KEY/yyyymmdd/region/service/aws4_request');
  }
  return { accessKeyId, date, region, service };
}

function timestampOf(value: string | undefined): string {
  if (value === undefined || !/^\d{8}T\d{6}Z$/.test(value)) {
    throw new SignatureError('malformed', 'X-Amz-Date must be yyyymmddThhmmssZ');
  }
  return value;
}

function signedHeadersOf(value: string | undefined): readonly string[] {
  const names = (value ?? '').split(';').filter((name) => name !== '');
  if (!names.includes('host')) throw new SignatureError('malformed', 'SignedHeaders must include host');
  return names;
}

function signatureOf(value: string | undefined): string {
  if (value === undefined || !/^[0-9a-f]{64}$/.test(value)) {
    throw new SignatureError('malformed', 'Signature must be 64 lower-case hexadecimal characters');
  }
  return value;
}

/**
 * Holds a claim against the secret of the key that it names.
 *
 * @param payloadHash - what the signature covers for the body: see {@link declaredPayloadHash}.
 * @throws SignatureError
 */
export function verifyClaim(
  request: WireRequest,
  claim: SignatureClaim,
  secret: string,
  payloadHash: string,
  now: Date,
): void {
  const expected = Buffer.from(signatureFor(request, claim, secret, payloadHash), 'hex');
  if (!timingSafeEqual(expected, Buffer.from(claim.signature, 'hex'))) {
    throw new SignatureError(
      'mismatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    );
  }
  checkTime(claim, now);
  const unsigned = headerNames(request).find(
    (name) => name.startsWith('x-amz-') && !claim.signedHeaders.includes(name) && claim.service === 's3',
  );
  if (unsigned !== undefined) {
    throw new SignatureError(
      'unsigned-header',
      `There were headers present in the request which were not signed: ${unsigned}`,
    );
  }
}

function checkTime(claim: SignatureClaim, now: Date): void {
  const signedAt = Date.parse(
    claim.timestamp.replace(/^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/, '$1-$2-$3T$4:$5:$6Z'),
  );
  if (Number.isNaN(signedAt) || !claim.timestamp.startsWith(claim.date)) {
    throw new SignatureError('malformed', 'X-Amz-Date and the date of the credential scope differ');
  }
  const age = now.getTime() - signedAt;
  if (-age > skewMs(claim.service)) throw new SignatureError('skewed', 'The request is not valid yet');
  if (claim.expires !== undefined) {
    if (age > claim.expires * 1000) throw new SignatureError('expired', 'Request has expired');
  } else if (age > skewMs(claim.service)) {
    throw new SignatureError('skewed', 'The difference between the request time and the current time is too large.');
  }
}

/**
 * What the signature covers for the body, as far as it is known before the body is read: the `x-amz-content-sha256`
 * header (a digest, `UNSIGNED-PAYLOAD` or one of the `STREAMING-…` forms), or `UNSIGNED-PAYLOAD` for a presigned S3 URL.
 *
 * @returns undefined if it is the digest of the body itself.
 */
export function declaredPayloadHash(request: WireRequest, claim: SignatureClaim): string | undefined {
  const header = headerValues(request, 'x-amz-content-sha256')[0];
  // Only S3 lets a caller leave the body out of the signature.
  if (claim.service !== 's3') return undefined;
  if (header !== undefined) return header;
  return claim.form === 'query' ? UNSIGNED_PAYLOAD : undefined;
}

/** The same request with the same signed headers, signed for the same scope by another key. */
export function resign(
  request: WireRequest,
  claim: SignatureClaim,
  credentials: { readonly accessKeyId: string; readonly secretAccessKey: string },
  payloadHash: string,
): { readonly query: string; readonly headers: readonly string[] } {
  const mine = { ...claim, accessKeyId: credentials.accessKeyId };
  const credential = `${mine.accessKeyId}/${mine.date}/${mine.region}/${mine.service}/aws4_request`;
  if (claim.form === 'query') {
    const unsigned = queryPairs(request.query)
      .filter(([name]) => name !== 'X-Amz-Signature')
      .map(([name, value]): [string, string] => [name, name === 'X-Amz-Credential' ? credential : value]);
    const query = encodeQuery(unsigned);
    const signature = signatureFor({ ...request, query }, mine, credentials.secretAccessKey, payloadHash);
    return { query: `${query}&X-Amz-Signature=${signature}`, headers: request.headers };
  }
  const signature = signatureFor(request, mine, credentials.secretAccessKey, payloadHash);
  const authorization = `${ALGORITHM} Credential=${credential}, SignedHeaders=${claim.signedHeaders.join(';')}, Signature=${signature}`;
  const headers = request.headers.map((value, at) =>
    at % 2 === 1 && request.headers[at - 1]?.toLowerCase() === 'authorization' ? authorization : value,
  );
  return { query: request.query, headers };
}

function signatureFor(request: WireRequest, claim: SignatureClaim, secret: string, payloadHash: string): string {
  const canonical = [
    request.method,
    canonicalPath(request.path, claim.service),
    encodeQuery(queryPairs(request.query).filter(([name]) => name !== 'X-Amz-Signature')),
    ...claim.signedHeaders.map((name) => `${name}:${headerValues(request, name).map(trimAll).join(',')}`),
    '',
    claim.signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
  const scope = `${claim.date}/${claim.region}/${claim.service}/aws4_request`;
  const toSign = [ALGORITHM, claim.timestamp, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  return hmac(signingKey(claim, secret), toSign).toString('hex');
}

/** The key that signs for one scope. */
export function signingKey({ date, region, service }: SignatureClaim, secret: string): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), 'aws4_request');
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

/** S3 takes the path encoded once, as it is sent; the other services take it encoded once more. */
function canonicalPath(path: string, service: string): string {
  const segments = service === 's3' ? path.split('/').map(decode) : path.split('/');
  return segments.map(encode).join('/') || '/';
}

function encodeQuery(pairs: readonly (readonly [string, string])[]): string {
  return pairs
    .map(([name, value]): [string, string] => [encode(name), encode(value)])
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function queryPairs(query: string): [string, string][] {
  if (query === '') return [];
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      return at === -1 ? [decode(pair), ''] : [decode(pair.slice(0, at)), decode(pair.slice(at + 1))];
    });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new SignatureError('malformed', 'The request target holds an invalid percent-encoding');
  }
}

function trimAll(value: string): string {
  return value.trim().replace(/ +/g, ' ');
}

/** Every value of a header, in the order sent. Names are compared without case. */
export function headerValues(request: WireRequest, name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < request.headers.length; at += 2) {
    const value = request.headers[at + 1];
    if (request.headers[at]?.toLowerCase() === name && value !== undefined) values.push(value);
  }
  return values;
}

function headerNames(request: WireRequest): string[] {
  return request.headers.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
}

/** Hexadecimal SHA-256 of a body. */
export function payloadHashOf(body: Uint8Array): string {
  return body.length === 0 ? EMPTY_SHA256 : createHash('sha256').update(body).digest('hex');
}
