import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { isLoopback, isPublicAddress } from './public-address.ts';

export interface Resolved {
  readonly address: string;
  readonly family: number;
}

export interface ExchangeOptions {
  /** Whether it may send to this machine, by plain HTTP too. Nothing else that is not public is ever sent to. */
  readonly loopback: boolean;
  /** Of the whole exchange, from the look-up of the name to the last byte that is read. */
  readonly timeoutMs: number;
  /** Largest answer that is read, in bytes. Undefined: nothing of an answer's body is. */
  readonly maxBytes?: number;
  /** Every address of a host. */
  readonly resolve?: (host: string) => Promise<readonly Resolved[]>;
}

export interface Outgoing {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Why an exchange came to no answer. */
export type ExchangeFailure = 'unresolved' | 'address_refused' | 'timed_out' | 'unreachable';

export type Exchanged =
  | { readonly status: number; readonly headers: IncomingMessage['headers']; readonly body: Buffer }
  | { readonly status: null; readonly reason: ExchangeFailure };

/**
 * Sends to hosts that somebody else names. A name is resolved once, all of its addresses must be allowed, and the connection
 * goes to one of these very addresses: a name that leads elsewhere a moment later (DNS rebinding) leads nowhere. Redirects
 * are answers like any other.
 */
export function exchanger({ loopback, timeoutMs, maxBytes, resolve = addressesOf }: ExchangeOptions) {
  const isAllowed = ({ address }: Resolved): boolean => isPublicAddress(address) || (loopback && isLoopback(address));

  return async (url: URL, outgoing: Outgoing): Promise<Exchanged> => {
    const signal = AbortSignal.timeout(timeoutMs);
    let addresses: readonly Resolved[];
    try {
      // Brackets belong to the URL, not to the address.
      addresses = await inTime(resolve(url.hostname.replace(/^\[|\]$/g, '')), signal);
    } catch {
      return { status: null, reason: signal.aborted ? 'timed_out' : 'unresolved' };
    }
    if (addresses.length === 0) return { status: null, reason: 'unresolved' };
    const isPlainAllowed = url.protocol === 'https:' || addresses.every(({ address }) => isLoopback(address));
    if (!addresses.every(isAllowed) || !isPlainAllowed) return { status: null, reason: 'address_refused' };
    try {
      const response = await sent(url, outgoing, addresses, signal);
      const { statusCode: status, headers } = response;
      if (status === undefined) return { status: null, reason: 'unreachable' };
      const body = maxBytes === undefined ? Buffer.alloc(0) : await bodyOf(response, maxBytes);
      response.destroy();
      return { status, headers, body };
    } catch {
      return { status: null, reason: signal.aborted ? 'timed_out' : 'unreachable' };
    }
  };
}

/** Node can cancel no look-up of the system's resolver: one that is too slow is left to itself. */
async function inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const late = once(signal, 'abort').then(() => Promise.reject(signal.reason));
  return await Promise.race([work, late]);
}

async function sent(
  url: URL,
  { method, headers, body = '' }: Outgoing,
  addresses: readonly Resolved[],
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return await new Promise((fulfil, reject) => {
    const request = send(url, {
      method,
      headers: { ...headers, ...(method === 'POST' ? { 'content-length': Buffer.byteLength(body) } : {}) },
      // A connection of its own, so that none is reused that was made for a name that led elsewhere.
      agent: false,
      lookup: pinned(addresses),
      signal,
    });
    request.on('error', reject);
    request.on('response', fulfil);
    request.end(body);
  });
}

/** @throws Error for more than is read, which is no answer to anything that we ask */
async function bodyOf(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > maxBytes) throw new Error(`the answer has more than ${maxBytes} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** Answers with what was checked, whatever name is asked for. */
function pinned(addresses: readonly Resolved[]): LookupFunction {
  return (_host, { all }, answer) => {
    const [first] = addresses;
    if (all === true) answer(null, [...addresses]);
    else answer(null, first?.address ?? '', first?.family);
  };
}

async function addressesOf(host: string): Promise<readonly Resolved[]> {
  return await lookup(host, { all: true });
}
