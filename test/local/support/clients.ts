import { Hash } from '@smithy/hash-node';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import type { DemoIdentity, DemoName, LocalDescription } from '../../../local/description.ts';

/** What an SDK client needs to call the local AWS as a demo identity. */
export function clientConfig(local: LocalDescription, name: DemoName) {
  const { accessKeyId, secretAccessKey } = local.identities[name];
  return {
    endpoint: local.endpoint,
    region: local.region,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  };
}

export interface SignedRequest {
  readonly method: string;
  /** Path, percent-encoded, with the stage where it is the API's. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly service?: string;
  /** When it is signed; now unless given. */
  readonly signedAt?: Date;
}

type Credentials = Pick<DemoIdentity, 'accessKeyId' | 'secretAccessKey'>;

class Sha256 extends Hash {
  constructor(secret?: ConstructorParameters<typeof Hash>[1]) {
    super('sha256', secret);
  }
}

/** Signs as the AWS SDK does, without sending. */
export async function signRequest(
  local: Pick<LocalDescription, 'endpoint' | 'region'>,
  credentials: Credentials,
  request: SignedRequest,
): Promise<{ readonly headers: Record<string, string> }> {
  const endpoint = new URL(local.endpoint);
  const service = request.service ?? 'execute-api';
  const signer = new SignatureV4({
    credentials,
    region: local.region,
    service,
    sha256: Sha256,
    // S3 alone takes the path encoded once.
    uriEscapePath: service !== 's3',
  });
  const unsigned = new HttpRequest({
    protocol: 'http:',
    hostname: endpoint.hostname,
    port: Number(endpoint.port),
    method: request.method,
    path: request.path,
    query: { ...request.query },
    headers: { host: endpoint.host, ...request.headers },
    ...(request.body === undefined ? {} : { body: request.body }),
  });
  return signer.sign(unsigned, request.signedAt === undefined ? {} : { signingDate: request.signedAt });
}

/** Signs and sends with fetch: for answers that SDK clients would not show. */
export async function signedFetch(
  local: Pick<LocalDescription, 'endpoint' | 'region'>,
  credentials: Credentials,
  request: SignedRequest,
): Promise<Response> {
  const { headers } = await signRequest(local, credentials, request);
  const query = new URLSearchParams(request.query).toString().replaceAll('+', '%20');
  return fetch(`${local.endpoint}${request.path}${query === '' ? '' : `?${query}`}`, {
    method: request.method,
    headers,
    redirect: 'manual',
    ...(request.body === undefined ? {} : { body: Buffer.from(request.body) }),
  });
}
