import type { DemoName, LocalDescription } from '../../../local/description.ts';
import { signedFetch } from './clients.ts';

/** An answer of the machine API, whatever its status. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  /** The body as JSON; an empty object when it is none. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface ApiRequest {
  readonly body?: Buffer | object;
  readonly query?: Readonly<Record<string, string>>;
  readonly contentType?: string;
}

/** Calls the machine API as a demo identity. */
export async function api(
  local: LocalDescription,
  as: DemoName,
  method: string,
  path: string,
  { body, query, contentType = 'application/json' }: ApiRequest = {},
): Promise<ApiAnswer> {
  const bytes = body === undefined ? undefined : Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const answer = await signedFetch(local, local.identities[as], {
    method,
    path: `/${local.stage}${path}`,
    ...(query === undefined ? {} : { query }),
    ...(bytes === undefined ? {} : { headers: { 'content-type': contentType }, body: bytes }),
  });
  const received = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, headers: answer.headers, bytes: received, json: asJson(received) };
}

function asJson(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
