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

/** Signs as the AWS SDK does and sends with fetch: for answers that SDK clients would not show. */
export async function signedFetch(
  local: Pick<LocalDescription, 'endpoint' | 'region'>,
  credentials: Credentials,
  request: SignedRequest,
): Promise<Response> {
  const endpoint = new URL(local.endpoint);
  const signer = new SignatureV4({
    credentials,
    region: local.region,
    service: request.service ?? 'execute-api',
    sha256: Sha256,
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
  const signed = await signer.sign(unsigned, request.signedAt === undefined ? {} : { signingDate: request.signedAt });
  const query = new URLSearchParams(request.query).toString().replaceAll('+', '%20');
  return fetch(`${local.endpoint}${request.path}${query === '' ? '' : `?${query}`}`, {
    method: request.method,
    headers: signed.headers,
    ...(request.body === undefined ? {} : { body: Buffer.from(request.body) }),
  });
}
