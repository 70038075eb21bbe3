import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { recordActivation } from '../../../lib/app/record-activation.ts';
import { reindex } from '../../../lib/app/reindex.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { objectKey } from '../../../lib/core/layout.ts';
import { type Activation, ActivationSchema } from '../../../lib/core/policy.ts';
import { ADMIN, type ControlPlane, controlPlane } from '../../support/control-plane.ts';
import { digestOf, NOW } from '../../support/manifests.ts';
import { MemoryTables } from '../../support/memory/tables.ts';
import { refusal } from '../../support/refusals.ts';

let plane: ControlPlane;
/** Decides who goes next. */
let turn: () => Promise<unknown>;
beforeEach(async () => await open());

async function open(): Promise<void> {
  turn = () => Promise.resolve();
  plane = await controlPlane({ turn: async () => void (await turn()) });
}

const newest = async () => (await plane.registry.activations())[0];

/** Puts a policy in force, as whoever read what is in force now. */
async function activate(name: string, current?: Activation): Promise<Activation> {
  plane.clock.advance(1000);
  const before = current ?? (await newest());
  const follows = before?.revision ?? 0;
  // As the use cases number time: after what it follows, whatever the clock says.
  const at = new Date(Math.max(plane.clock.now().getTime(), Date.parse(before?.at ?? NOW) + 1)).toISOString();
  const activation: Activation = {
    sha256: digestOf(name),
    previous: before?.sha256 ?? null,
    back_to: [],
    reason: null,
    at,
    revision: follows + 1,
    follows,
  };
  const by = { arn: ADMIN.arn, unique_id: ADMIN.uniqueId, account: ADMIN.account };
  const key = await plane.registry.evidenceKey();
  if (!key) throw new Error('no evidence key is active');
  const body = { action: 'policy-activated', at, by, revision: follows + 1, activation } as const;
  return (await recordActivation(plane.submitDeps, body, newest, key)).value;
}
const dies = async (name: string, step: 'put-event' | 'apply', fate: 'lost' | 'done' = 'lost') => {
  plane.steps.crashAt(step, fate);
  await expect(activate(name)).rejects.toThrow(step);
};
const eventOf = (revision: number): string => {
  const object = plane.bucket.objects.get(objectKey.event('policy-activation', revision));
  if (!object) throw new Error(`no event ${revision} is stored`);
  return sha256Hex(object.bytes);
};
const inForce = async (at: Date) => (await plane.registry.activations(at))[0]?.sha256;

/** What a rebuild makes of the bucket: the activations that were in force, by their numbers. */
async function rebuilt(): Promise<Readonly<Record<string, Activation>>> {
  const tables = new MemoryTables();
  const left = (key: string, reason: string) => {
    throw new Error(`${key}: ${reason}`);
  };
  await reindex({ archive: plane.bucket, tables, skipped: left, remarked: left, progress: () => {} });
  const activations = [...tables.items].filter(([name]) => name.startsWith('policy-activation'));
  return Object.fromEntries(activations.map(([name, { value }]) => [name, ActivationSchema.parse(value)]));
}

describe('an activation that was interrupted before its commit', () => {
  it.each([
    ['its event was stored', 'put-event', 'done'],
    ['its commit failed', 'apply', 'lost'],
  ] as const)('when %s never comes into force, then or later', async (_, step, fate) => {
    const first = await activate('one');
    await dies('two', step, fate);
    const then = plane.clock.now();
    expect(await inForce(then)).toBe(first.sha256);
    const third = await activate('three');
    expect(third).toMatchObject({ revision: 3, follows: 1, previous: first.sha256 });
    expect(await inForce(then)).toBe(first.sha256);
    expect(await inForce(plane.clock.now())).toBe(third.sha256);
    expect(await rebuilt()).toEqual({
      'policy-activation': third,
      'policy-activation 1': first,
      'policy-activation 3': third,
    });
    // That it was asked for stays evidence.
    expect(await plane.ledger.find(eventOf(2))).toMatchObject({ object_key: objectKey.event('policy-activation', 2) });
  });

  it('is asked for again under a number of its own', async () => {
    await dies('one', 'apply');
    const again = await activate('one');
    expect(again).toMatchObject({ revision: 2, follows: 0, previous: null });
    expect(await rebuilt()).toEqual({ 'policy-activation': again, 'policy-activation 2': again });
  });

  it('is superseded with all others that were, even by one that dies on the way', async () => {
    const first = await activate('one');
    await dies('two', 'apply');
    await dies('three', 'apply');
    plane.steps.crashAt('commit', 'done');
    await expect(activate('four')).rejects.toThrow('commit');
    const last = await activate('five');
    expect(last).toMatchObject({ revision: 4, follows: 1 });
    expect(await rebuilt()).toEqual({
      'policy-activation': last,
      'policy-activation 1': first,
      'policy-activation 4': last,
    });
  });

  it('cannot be committed any more once another one met it, however late it comes', async () => {
    const first = await activate('one');
    plane.steps.before('apply', () => activate('three'));
    await expect(activate('two')).rejects.toThrow(refusal('REVISION_CONFLICT'));
    const now = await newest();
    expect(now).toMatchObject({ sha256: digestOf('three'), revision: 3, follows: first.revision });
    expect(await rebuilt()).toMatchObject({ 'policy-activation': now });
  });
});

describe('an activation that was committed', () => {
  it('is made although its answer was lost', async () => {
    plane.steps.crashAt('apply', 'done');
    await expect(activate('one')).rejects.toThrow('apply');
    expect(await inForce(plane.clock.now())).toBe(digestOf('one'));
  });

  it('is not superseded by somebody who read what was in force before it', async () => {
    const first = await activate('one');
    const second = await activate('two');
    const signed = plane.signer.requestIds.length;
    await expect(activate('three', first)).rejects.toThrow(refusal('REVISION_CONFLICT'));
    // Refused before it was given a number.
    expect(plane.bucket.objects.has(objectKey.event('policy-activation', 3))).toBe(false);
    expect(plane.signer.requestIds).toHaveLength(signed + 1);
    expect(await newest()).toEqual(second);
  });
});

describe('activations that race and die', () => {
  const deaths = fc.subarray(['sign', 'put-event', 'commit', 'apply'] as const);
  const fate = fc.constantFrom('lost' as const, 'done' as const);

  it('leave one history, in which all that were answered are, and which a rebuild finds again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), deaths, fate, async (scheduler, steps, how) => {
        await open();
        await activate('first');
        turn = () => scheduler.schedule(Promise.resolve());
        for (const step of steps) plane.steps.crashAt(step, how);
        const racers = Promise.allSettled(['a', 'b', 'c', 'd'].map((name) => activate(name)));
        await scheduler.waitFor(racers);
        turn = () => Promise.resolve();
        plane.steps.disarm();
        const last = await activate('last');
        const history = await rebuilt();
        expect(history['policy-activation']).toEqual(last);
        for (const one of Object.values(history))
          expect(await plane.registry.activations(new Date(one.at))).toEqual([one]);
        const answered = (await racers).flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
        for (const one of answered) expect(history[`policy-activation ${one.revision}`]).toEqual(one);
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
