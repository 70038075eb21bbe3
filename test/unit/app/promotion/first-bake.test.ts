import { describe, expect, it } from 'vitest';
import type { Promotion } from '../../../../lib/core/promotion.ts';
import { type Deployings, deploying } from '../../../support/deploying.ts';
import { NAMED_ALARM } from '../../../support/promotions.ts';

const ring = (on: Deployings, ringsUntil = Number.POSITIVE_INFINITY) => void on.alarms.set(NAMED_ALARM, { ringsUntil });

/** A first deployment that serves and that its alarms are looked at for. */
async function baking(change: Partial<Promotion> = {}) {
  const on = deploying();
  const id = on.approved('one', change);
  const begin = async () => {
    for (const task of ['prepare', 'deploy'] as const) await on.run(id, task);
    while (!on.get(id).deployment?.bake) {
      await on.poll();
      expect(await on.run(id, 'watch')).toEqual({ state: 'moving' });
    }
  };
  return { on, id, begin };
}

describe('a first deployment', () => {
  it('bakes for as long as a canary, watched by the alarms that it names in two calls each time', async () => {
    const { on, id, begin } = await baking({ bake_seconds: 300 });
    await begin();
    on.portCalls.length = 0;
    let minutes = 0;
    expect(await on.watch(id, 'watch', (minute) => (minutes = minute))).toBe('in_service');
    expect(minutes).toBe(5);
    expect(on.portCalls).toEqual(Array.from({ length: 5 }, () => ['find', 'ringing']).flat());
    await on.run(id, 'check-integrity');
  });

  it.each([{ alarms: [] }, { bake_seconds: 0 }])('that asks for no bake (%j) has none', async (change) => {
    const on = deploying();
    const id = await on.released('one', change);
    expect(on.get(id).deployment?.bake).toBeUndefined();
  });

  it('that an alarm rings for while it bakes is removed, and the record says which', async () => {
    const { on, id, begin } = await baking();
    await begin();
    expect(await on.watch(id, 'watch', (minute) => minute === 3 && ring(on))).toBe('failed');
    expect(on.get(id).failure).toMatchObject({ code: 'alarm_rings', detail: expect.stringContaining(NAMED_ALARM) });
    await on.run(id, 'roll-back');
    expect(await on.watch(id, 'watch-rollback')).toBe('rolled_back');
    expect(() => on.sagemaker.describeEndpoint('fraud')).toThrow('Could not find endpoint');
  });

  it('has until the end of its bake to calm an alarm that rang for nothing serving', async () => {
    const calms = await baking();
    ring(calms.on);
    await calms.begin();
    expect(await calms.on.watch(calms.id, 'watch', (minute) => minute === 9 && ring(calms.on, 0))).toBe('in_service');
    const rings = await baking();
    ring(rings.on);
    await rings.begin();
    let minutes = 0;
    expect(await rings.on.watch(rings.id, 'watch', (minute) => (minutes = minute))).toBe('failed');
    expect(minutes).toBe(10);
    expect(rings.on.get(rings.id).failure?.code).toBe('alarm_rings');
  });

  it('is not watched by an alarm that somebody takes away meanwhile, and is taken back', async () => {
    const { on, id, begin } = await baking();
    await begin();
    on.alarms.delete(NAMED_ALARM);
    expect(await on.watch(id, 'watch')).toBe('failed');
    expect(on.get(id).failure?.code).toBe('alarm_not_found');
  });

  it('that somebody wants back while it bakes is taken back at the next poll', async () => {
    const { on, id, begin } = await baking();
    await begin();
    const at = on.clock.now().toISOString();
    on.change(id, { abort: { cause: 'emergency_rollback', by: null, reason: 'wrong answers', at } });
    await on.poll();
    expect(await on.run(id, 'watch')).toEqual({ state: 'failed' });
  });
});
