import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Answer } from './answers.ts';
import { bytesOf } from './bodies.ts';
import { LOOPBACK } from './ports.ts';

/** Headers that belong to one connection only. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'expect', 'proxy-connection', 'te', 'upgrade']);

export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Uint8Array | Readable;
}

/** An emulator behind the front door. */
export class Upstream {
  readonly #port: number;
  // The emulator closes idle connections after 75 s; a connection is not reused after 60, so that the two never cross.
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64, timeout: 60_000 });

  constructor(port: number) {
    this.#port = port;
  }

  /**
   * Sends the request on and resolves with the answer's head.
   *
   * @throws whatever broke the body on its way: then the emulator saw a request that was cut off.
   */
  async send(upstream: UpstreamRequest): Promise<IncomingMessage> {
    const outgoing = httpRequest({
      host: LOOPBACK,
      port: this.#port,
      agent: this.#agent,
      method: upstream.method,
      path: upstream.path,
      headers: withoutHopByHop(upstream.headers),
    });
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve);
      outgoing.once('error', reject);
    });
    if (upstream.body instanceof Uint8Array) {
      outgoing.end(upstream.body);
      return answer;
    }
    const sent = pipeline(upstream.body, outgoing);
    // An emulator that answers before it has read everything is believed; a body that breaks first is an error.
    await Promise.race([answer, sent.then(() => answer)]);
    return answer;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** An answer of the JSON services, read to its end. */
export async function wholeAnswer(
  incoming: IncomingMessage,
  requestId: string,
): Promise<Answer & { readonly body: Uint8Array }> {
  const errorType = incoming.headers['x-amzn-errortype'];
  return {
    status: incoming.statusCode ?? 502,
    headers: {
      'content-type': incoming.headers['content-type'] ?? 'application/json',
      'x-amzn-requestid': requestId,
      ...(errorType === undefined ? {} : { 'x-amzn-errortype': errorType }),
    },
    body: await bytesOf(incoming),
  };
}

/** Name-value list without the headers of the connection itself. */
export function withoutHopByHop(headers: readonly string[]): string[] {
  return headers.filter((_, at) => !HOP_BY_HOP.has(headers[at - (at % 2)]?.toLowerCase() ?? ''));
}
