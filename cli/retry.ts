/** How long a request is tried again, in milliseconds. */
export interface RetryPolicy {
  readonly attempts: number;
  /** Delay before attempt n+1 is random in [0, min(cap, base * 2^n)]: full jitter, so that many pipelines do not beat in time. */
  readonly base: number;
  readonly cap: number;
  /** All waits together stay below this; requests themselves are bounded by their own timeout. */
  readonly total: number;
}

/** Waits up to 1, 2, 4, 8, 15, 15, 15 s: on average 30 s, at most {@link RetryPolicy.total}. */
export const DEFAULT_RETRY: RetryPolicy = { attempts: 8, base: 1000, cap: 15_000, total: 60_000 };

/**
 * The wait before the next attempt.
 *
 * @param attempt - attempts made so far, from 1
 * @param waited - milliseconds waited so far
 * @param retryAfter - what the answer's Retry-After asks for, in milliseconds; never undercut
 * @param random - from 0 (inclusive) to 1 (exclusive)
 * @returns undefined when it is time to give up
 */
export function nextDelay(
  policy: RetryPolicy,
  { attempt, waited, retryAfter = 0 }: { attempt: number; waited: number; retryAfter?: number | undefined },
  random: number,
): number | undefined {
  if (attempt >= policy.attempts) return undefined;
  const jittered = Math.floor(random * Math.min(policy.cap, policy.base * 2 ** (attempt - 1)));
  const delay = Math.max(jittered, retryAfter);
  return waited + delay > policy.total ? undefined : delay;
}

/** Retry-After as seconds or as an HTTP date (RFC 9110, section 10.2.3), in milliseconds from now. */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
