import type { IncomingMessage } from 'node:http';
import type { WireRequest } from './sigv4.ts';

/** The head of a request as it came over the wire, path and query not decoded. */
export function wireRequestOf(incoming: IncomingMessage): WireRequest {
  const url = incoming.url ?? '/';
  const at = url.indexOf('?');
  return {
    method: incoming.method ?? 'GET',
    path: at === -1 ? url : url.slice(0, at),
    query: at === -1 ? '' : url.slice(at + 1),
    headers: incoming.rawHeaders,
  };
}
