import { beforeEach, describe, expect, it } from 'vitest';
import { placeHold, releaseHold } from '../../../lib/app/hold-evidence.ts';
import { checkLedger, objectsUnder } from '../../support/check-ledger.ts';
import { type ControlPlane, caller, controlPlane } from '../../support/control-plane.ts';
import { aManifest, digestOf, NOW, signedBundle } from '../../support/manifests.ts';
import { Crash, type Fate, type Step } from '../../support/memory/steps.ts';
import { refusal } from '../../support/refusals.ts';

const COUNSEL = caller('legal');

let plane: ControlPlane;
let sha256: string;
beforeEach(async () => {
  const started = await controlPlane();
  plane = started;
  sha256 = (await plane.submit(signedBundle(aManifest(), started.key))).record.sha256;
});

const place = (reason = 'litigation 7') => placeHold(plane.holdDeps, { sha256, reason }, COUNSEL);
const release = (reason = 'settled') => releaseHold(plane.holdDeps, { sha256, reason }, COUNSEL);
const state = async () => (await plane.holdDeps.holds.findHold(sha256))?.state;
const holdEvents = () => objectsUnder(plane, 'events/hold/');

/** The evidence's object and its receipt's. */
const heldObjects = () => {
  const record = plane.ledger.records.get(sha256);
  return [record?.object_key ?? '', `receipts/${sha256}.sigstore.json`].map((key) => {
    const object = plane.bucket.objects.get(key);
    if (!object) throw new Error(`${key} is not there`);
    return { key, object };
  });
};
const locks = (): boolean[] => heldObjects().map(({ object }) => object.legalHold);

describe('a legal hold', () => {
  it('locks the evidence and its receipt, with who, when and why as countersigned evidence', async () => {
    const hold = await place();
    expect(hold).toMatchObject({ sha256, state: 'on', reason: 'litigation 7', by: COUNSEL.arn, at: NOW, revision: 1 });
    expect(locks()).toEqual([true, true]);
    expect(await plane.ledger.find(hold.event)).toMatchObject({ kind: 'event', principal: COUNSEL.arn });
    checkLedger(plane);
  });

  it('is released by another event, and may be placed again', async () => {
    await place();
    expect(await release()).toMatchObject({ state: 'off', reason: 'settled', revision: 2 });
    expect(locks()).toEqual([false, false]);
    expect(await place('litigation 8')).toMatchObject({ state: 'on', revision: 3 });
    expect(locks()).toEqual([true, true]);
    expect(holdEvents()).toHaveLength(3);
    checkLedger(plane);
  });

  it('is found among everything that is said about the evidence', async () => {
    const { event } = await place();
    const { items } = await plane.ledger.list(`decisions#${sha256}`, { limit: 10 });
    expect(items.map(({ evidence }) => evidence)).toContain(event);
  });

  it('refuses what is not there, what is on hold, and what is not', async () => {
    const unknown = { sha256: digestOf('nothing'), reason: 'litigation' };
    await expect(placeHold(plane.holdDeps, unknown, COUNSEL)).rejects.toThrow(refusal('NOT_FOUND'));
    await expect(release()).rejects.toThrow(refusal('HOLD_NOT_FOUND', '/sha256'));
    await place();
    await expect(place()).rejects.toThrow(refusal('HOLD_EXISTS', '/sha256'));
    await release();
    await expect(release()).rejects.toThrow(refusal('HOLD_NOT_FOUND', '/sha256'));
    expect(holdEvents()).toHaveLength(2);
  });

  it('placed by two at once is one hold', async () => {
    const both = await Promise.allSettled([place('one'), place('two')]);
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await state()).toBe('on');
    expect(holdEvents()).toHaveLength(1);
    checkLedger(plane);
  });
});

/** Repeats a request as its caller would: a conflict says that what was begun before is finished now. */
async function until(act: () => Promise<unknown>, done: 'HOLD_EXISTS' | 'HOLD_NOT_FOUND'): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await act();
      return;
    } catch (error) {
      if (expect.objectContaining({ code: done }).asymmetricMatch(error)) return;
      expect(error).toEqual(refusal('REVISION_CONFLICT'));
    }
  }
  throw new Error('never done');
}

const FATES: readonly Fate[] = ['lost', 'done'];
const crashes = (steps: readonly Step[]) => steps.flatMap((step) => FATES.map((fate) => [step, fate] as const));

describe('when the process dies while a hold is placed', () => {
  it.each(crashes(['set-legal-hold', 'sign', 'put-event', 'commit-hold']))(
    'at %s (%s), nothing is unlocked that was locked, and the same request completes it',
    async (step, fate) => {
      plane.steps.crashAt(step, fate);
      await expect(place()).rejects.toThrow(Crash);
      checkLedger(plane);
      const locked = locks();
      await until(place, 'HOLD_EXISTS');
      expect(locks().every((lock, i) => lock || !locked[i])).toBe(true);
      expect([locks(), await state(), holdEvents().length]).toEqual([[true, true], 'on', 1]);
      checkLedger(plane);
    },
  );

  it.each(['sign', 'put-event', 'commit-hold'] as const)(
    'the lock lies there before %s: nothing promises what is not held',
    async (step) => {
      plane.steps.before(step, async () => expect(locks()).toEqual([true, true]));
      await place();
    },
  );
});

/** The second time that a lock is set is after the record was written. */
const LAST_LOCK = 'set-legal-hold after commit-hold';
function crashAt(step: Step | typeof LAST_LOCK, fate: Fate): void {
  if (step !== LAST_LOCK) plane.steps.crashAt(step, fate);
  else plane.steps.before('commit-hold', async () => plane.steps.crashAt('set-legal-hold', fate));
}

describe('when the process dies after a hold was recorded', () => {
  it.each(FATES)(
    'before its lock is set once more (%s), the same request sets it, and says that it is there',
    async (fate) => {
      crashAt(LAST_LOCK, fate);
      await expect(place()).rejects.toThrow(Crash);
      // What a release that was slower than its successor may have left.
      for (const { key, object } of heldObjects()) plane.bucket.objects.set(key, { ...object, legalHold: false });
      await expect(place()).rejects.toThrow(refusal('HOLD_EXISTS'));
      expect([locks(), await state(), holdEvents().length]).toEqual([[true, true], 'on', 1]);
    },
  );
});

describe('when the process dies while a hold is released', () => {
  it.each([...crashes(['sign', 'put-event', 'commit-hold', 'set-legal-hold'])])(
    'at %s (%s), what is on record is locked, and the same request ends it',
    async (step, fate) => {
      await place();
      crashAt(step, fate);
      await expect(release()).rejects.toThrow(Crash);
      if ((await state()) === 'on') expect(locks()).toEqual([true, true]);
      checkLedger(plane);
      await until(release, 'HOLD_NOT_FOUND');
      expect([locks(), await state(), holdEvents().length]).toEqual([[false, false], 'off', 2]);
      checkLedger(plane);
    },
  );

  it.each(['put-event', 'commit-hold'] as const)('no lock goes before %s: what is on record is held', async (step) => {
    await place();
    plane.steps.before(step, async () => expect(locks()).toEqual([true, true]));
    await release();
    expect(locks()).toEqual([false, false]);
  });
});

describe('when holds and releases race', () => {
  it('a release that lifts its lock late leaves the hold that was placed meanwhile locked', async () => {
    await place();
    plane.steps.before('set-legal-hold', () => place('litigation 8'));
    await release();
    expect([locks(), await state()]).toEqual([[true, true], 'on']);
  });

  it('a repeated release, which completes an earlier one, leaves the hold that is being placed locked', async () => {
    await place();
    await release();
    // Its lock is set, its record is not written: the other one still reads that there is no hold.
    plane.steps.before('commit-hold', async () => expect(release()).rejects.toThrow(refusal('HOLD_NOT_FOUND')));
    await place('litigation 8');
    expect([locks(), await state()]).toEqual([[true, true], 'on']);
  });
});
