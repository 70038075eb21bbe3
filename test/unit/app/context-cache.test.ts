import { describe, expect, it } from 'vitest';
import { CONTEXT_TTL_MS, contextCache } from '../../../lib/app/context-cache.ts';
import type { CallerContext } from '../../../lib/app/ports.ts';
import { testClock } from '../../support/clock.ts';
import { caller, controlPlane } from '../../support/control-plane.ts';
import { PIPELINE } from '../../support/manifests.ts';

async function counted() {
  const plane = await controlPlane();
  const clock = testClock();
  const asked: string[] = [];
  const context = (uniqueId: string): Promise<CallerContext> => {
    asked.push(uniqueId);
    return plane.registry.context(uniqueId);
  };
  const known = caller(PIPELINE).uniqueId;
  return { clock, asked, known, cache: contextCache({ ...plane.registry, context }, clock.now) };
}

describe('contextCache', () => {
  it('asks once for a registered caller until its time is over', async () => {
    const { cache, asked, clock, known } = await counted();
    const first = await cache.get(known);
    clock.advance(CONTEXT_TTL_MS - 1);
    expect(await cache.get(known)).toBe(first);
    expect(asked).toHaveLength(1);
    clock.advance(1);
    await cache.get(known);
    expect(asked).toHaveLength(2);
  });

  it('asks each time for one who is not registered, so that registering acts at once', async () => {
    const { cache, asked } = await counted();
    await cache.get('AROANOBODY');
    await cache.get('AROANOBODY');
    expect(asked).toHaveLength(2);
  });

  it('asks again after it was told to forget, and tells whether there was something to forget', async () => {
    const { cache, asked, known } = await counted();
    expect(cache.forget(known)).toBe(false);
    await cache.get(known);
    expect(cache.forget(known)).toBe(true);
    await cache.get(known);
    expect(asked).toHaveLength(2);
  });
});
