import { apiOf } from '../access.ts';
import { Child } from '../child.ts';
import { type Figure, figure, type Target } from '../figure.ts';
import { note } from '../log.ts';
import type { BenchStack } from '../stack.ts';
import { median, percentile } from '../statistics.ts';
import type { Boot, Load, LoadResult } from './protocol.ts';

const WARM_UP = 100;
const SERIAL = 500;
/** Requests under way at once; the local Lambda host runs four copies of a function. */
const CONCURRENCIES = [1, 2, 4, 8, 16, 32];
const EACH_MS = 6000;
const READERS = 4;

/** The whole POST, from an idle and from a saturated control plane, and whether anything was lost. */
export async function load(stack: BenchStack): Promise<readonly Figure[]> {
  const { local, producer } = stack;
  const client = new Child(new URL('./client.ts', import.meta.url), { PATH: process.env.PATH ?? '' });
  const run = async (one: Load): Promise<LoadResult> => await client.ask<LoadResult>(one);
  try {
    await client.ask({ local, principal: producer.principal, pem: producer.pem } satisfies Boot);
    const unbounded = { forMs: 120_000 };
    await run({ name: 'load-warm-up', concurrency: 4, atMost: WARM_UP, ...unbounded });
    const serial = await run({ name: 'load-serial', concurrency: 1, atMost: SERIAL, ...unbounded });
    const steps: LoadResult[] = [];
    for (const concurrency of CONCURRENCIES) {
      const name = `load-${concurrency}`;
      const step = await run({ name, concurrency, atMost: Number.MAX_SAFE_INTEGER, forMs: EACH_MS });
      note(
        `${concurrency} at once: ${rate(step).toFixed(1)} requests/s, p99 ${percentile(step.latenciesMs, 0.99).toFixed(0)} ms`,
      );
      steps.push(step);
    }
    const all = [serial, ...steps];
    const errors = all.flatMap((result) => result.errors);
    for (const error of errors.slice(0, 5)) note(error);
    const lost = await missing(
      stack,
      all.flatMap(({ accepted }) => accepted),
    );
    for (const sha256 of lost.slice(0, 5)) note(`lost: ${sha256}`);
    return [
      figure('post-p50', median(serial.latenciesMs), 'ms', { target: { of: 'value', bound: '<', limit: 200 } }),
      figure('post-p99', percentile(serial.latenciesMs, 0.99), 'ms'),
      figure('throughput', Math.max(...steps.map(rate)), 'requests/s', {
        against: { name: 'one at a time', value: rate(serial) },
      }),
      figure('throughput-errors', errors.length, `of ${count(all)}`, { target: NONE }),
      figure('throughput-lost', lost.length, `of ${count(all)}`, { target: NONE }),
    ];
  } finally {
    await client.end();
  }
}

const NONE: Target = { of: 'value', bound: '<=', limit: 0 };

function rate({ accepted, elapsedMs }: LoadResult): number {
  return accepted.length / (elapsedMs / 1000);
}

function count(results: readonly LoadResult[]): number {
  return results.reduce((sum, { accepted, errors }) => sum + accepted.length + errors.length, 0);
}

/** What was accepted and cannot be read back, by digest, as a reader. */
async function missing({ local }: BenchStack, accepted: readonly string[]): Promise<string[]> {
  const reader = apiOf(local, 'reader');
  const waiting = [...accepted];
  const lost: string[] = [];
  const read = async (): Promise<void> => {
    for (let sha256 = waiting.pop(); sha256 !== undefined; sha256 = waiting.pop()) {
      const found = await reader.json({ method: 'GET', path: `/v1/evidence/${sha256}` }).catch(() => undefined);
      if (found?.evidence !== sha256) lost.push(sha256);
    }
  };
  await Promise.all(Array.from({ length: READERS }, read));
  return lost;
}
