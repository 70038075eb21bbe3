import type { Poster } from '../../app/webhooks/ports.ts';
import { type ExchangeOptions, exchanger } from './exchange.ts';

/** Standard Webhooks wants consumers to be given 15 to 30 seconds. */
const TIMEOUT_MS = 15_000;

/** Delivers webhooks to wherever operators say. What is answered is read no further than its status. */
export function poster({
  timeoutMs = TIMEOUT_MS,
  ...options
}: Omit<ExchangeOptions, 'timeoutMs' | 'maxBytes'> & { readonly timeoutMs?: number }): Poster {
  const exchange = exchanger({ ...options, timeoutMs });
  return {
    async post(url, headers, body) {
      const answer = await exchange(url, {
        method: 'POST',
        headers: { ...headers, 'user-agent': 'countersign-webhooks/1' },
        body,
      });
      return answer.status === null ? answer : { status: answer.status, reason: null };
    },
  };
}
