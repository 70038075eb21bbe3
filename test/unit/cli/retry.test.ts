import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_RETRY, nextDelay, parseRetryAfter } from '../../../cli/retry.ts';

const policy = { attempts: 4, base: 1000, cap: 3000, total: 6000 };

describe('the wait before another attempt', () => {
  it('doubles its bound with each attempt, up to the cap', () => {
    const bounds = [1, 2, 3].map((attempt) => nextDelay(policy, { attempt, waited: 0 }, 0.999_999));
    expect(bounds).toEqual([999, 1999, 2999]);
  });

  it('may be nothing at all: the jitter is full', () => {
    expect(nextDelay(policy, { attempt: 3, waited: 0 }, 0)).toBe(0);
  });

  it('is never shorter than Retry-After', () => {
    expect(nextDelay(policy, { attempt: 1, waited: 0, retryAfter: 2500 }, 0.1)).toBe(2500);
  });

  it('ends when the attempts are used up, or the time', () => {
    expect(nextDelay(policy, { attempt: 4, waited: 0 }, 0.5)).toBeUndefined();
    expect(nextDelay(policy, { attempt: 1, waited: 5000, retryAfter: 1001 }, 0)).toBeUndefined();
  });

  it('stays within the total whatever chance and the API say', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.option(fc.nat(20_000), { nil: undefined })),
        ),
        (rounds) => {
          let waited = 0;
          for (const [index, [random, retryAfter]] of rounds.entries()) {
            const delay = nextDelay(DEFAULT_RETRY, { attempt: index + 1, waited, retryAfter }, random);
            if (delay === undefined) break;
            waited += delay;
          }
          expect(waited).toBeLessThanOrEqual(DEFAULT_RETRY.total);
        },
      ),
    );
  });
});

describe('Retry-After', () => {
  it.each([
    ['3', 3000],
    ['Sat, 21 Feb 2026 12:00:05 GMT', 5000],
    ['Sat, 21 Feb 2026 11:00:00 GMT', 0],
    ['soon', undefined],
    [null, undefined],
  ])('%j is %j milliseconds', (value, expected) => {
    expect(parseRetryAfter(value, Date.parse('2026-02-21T12:00:00Z'))).toBe(expected);
  });
});
