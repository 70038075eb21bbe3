import { lookup } from 'node:dns/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Poster } from '../../app/webhooks/ports.ts';
import { isLoopback, isPublicAddress } from './public-address.ts';

export interface Resolved {
  readonly address: string;
  readonly family: number;
}

export interface PosterOptions {
  /** Whether it may send to this machine, by plain HTTP too. Nothing else that is not public is ever sent to. */
  readonly loopback: boolean;
  /** Of the whole exchange. */
  readonly timeoutMs?: number;
  /** Every address of a host. */
  readonly resolve?: (host: string) => Promise<readonly Resolved[]>;
}

/** Standard Webhooks wants consumers to be given 15 to 30 seconds. */
const TIMEOUT_MS = 15_000;

/**
 * Sends to hosts that somebody else names. A name is resolved once, all of its addresses must be allowed, and the connection
 * goes to one of these very addresses: a name that leads elsewhere a moment later (DNS rebinding) leads nowhere. Redirects
 * are answers like any other, and what is answered is read no further than its status.
 */
export function poster({ loopback, timeoutMs = TIMEOUT_MS, resolve = addressesOf }: PosterOptions): Poster {
  const isAllowed = ({ address }: Resolved): boolean => isPublicAddress(address) || (loopback && isLoopback(address));

  return {
    async post(url, headers, body) {
      let addresses: readonly Resolved[];
      try {
        // Brackets belong to the URL, not to the address.
        addresses = await resolve(url.hostname.replace(/^\[|\]$/g, ''));
      } catch {
        return { status: null, reason: 'unresolved' };
      }
      if (addresses.length === 0) return { status: null, reason: 'unresolved' };
      const isPlainAllowed = url.protocol === 'https:' || addresses.every(({ address }) => isLoopback(address));
      if (!addresses.every(isAllowed) || !isPlainAllowed) return { status: null, reason: 'address_refused' };
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        return { status: await exchange(url, headers, body, addresses, signal), reason: null };
      } catch {
        return { status: null, reason: signal.aborted ? 'timed_out' : 'unreachable' };
      }
    },
  };
}

async function exchange(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  addresses: readonly Resolved[],
  signal: AbortSignal,
): Promise<number> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return await new Promise((fulfil, reject) => {
    const request = send(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body), 'user-agent': 'countersign-webhooks/1' },
      // A connection of its own, so that none is reused that was made for a name that led elsewhere.
      agent: false,
      lookup: pinned(addresses),
      signal,
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const { statusCode } = response;
      response.destroy();
      if (statusCode === undefined) reject(new Error('the answer has no status'));
      else fulfil(statusCode);
    });
    request.end(body);
  });
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
