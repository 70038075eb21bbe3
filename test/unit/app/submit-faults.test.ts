import { beforeEach, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { objectKey } from '../../../lib/core/layout.ts';
import { answeredAs, checkLedger, lostSignatures, objectsUnder, submitted } from '../../support/check-ledger.ts';
import { DAY, SECOND } from '../../support/clock.ts';
import { type ControlPlane, controlPlane } from '../../support/control-plane.ts';
import type { TestKey } from '../../support/keys.ts';
import { aManifest, bytesOf, signedBundle, twinsOf } from '../../support/manifests.ts';
import { Crash, type Fate, type Step } from '../../support/memory/steps.ts';
import { refusal } from '../../support/refusals.ts';

const WRITES = ['put-attestation', 'sign', 'put-receipt', 'commit'] as const satisfies readonly Step[];
const FATES: readonly Fate[] = ['lost', 'done'];
const MATRIX = WRITES.flatMap((step) => FATES.map((fate) => [step, fate] as const));
const outcome = { lost: 'did nothing', done: 'did all of it' } as const;

/** What lies in the store right after the crash: attestations, receipts, evidence. */
const LEFT: Readonly<Record<(typeof WRITES)[number], Readonly<Record<Fate, readonly [number, number, number]>>>> = {
  'put-attestation': { lost: [0, 0, 0], done: [1, 0, 0] },
  sign: { lost: [1, 0, 0], done: [1, 0, 0] },
  'put-receipt': { lost: [1, 0, 0], done: [1, 1, 0] },
  commit: { lost: [1, 1, 0], done: [1, 1, 1] },
};

let plane: ControlPlane & { readonly key: TestKey };
beforeEach(async () => {
  plane = await controlPlane();
});

const counts = () => [
  objectsUnder(plane, 'attestations/').length,
  objectsUnder(plane, 'receipts/').length - lostSignatures(plane).length,
  submitted(plane).length,
];

/** The process dies at a step; a new one starts, some time later. */
async function crash(bytes: Buffer, step: Step, fate: Fate, later = 60 * SECOND): Promise<void> {
  plane.steps.crashAt(step, fate);
  await expect(plane.submit(bytes)).rejects.toThrow(Crash);
  checkLedger(plane);
  plane.restart();
  plane.clock.advance(later);
}

describe.each(MATRIX)('when the process dies at %s (%s)', (step, fate) => {
  it(`and the call ${outcome[fate]}, the same bytes again make one evidence with one receipt, and a twin is answered with it`, async () => {
    const bytes = signedBundle(aManifest(), plane.key);
    await crash(bytes, step, fate);
    expect(counts()).toEqual(LEFT[step][fate]);

    const again = await plane.submit(bytes);
    expect(again.created).toBe(!(step === 'commit' && fate === 'done'));
    expect(again.record.sha256).toBe(sha256Hex(bytes));
    expect(counts()).toEqual([1, 1, 1]);
    checkLedger(plane);

    for (const [name, twin] of twinsOf(bytes)) expect(await plane.submit(twin), name).toEqual(answeredAs(again));
    expect(counts()).toEqual([1, 1, 1]);
    expect(lostSignatures(plane)).toEqual([]);
    checkLedger(plane);
  });

  it('a twin goes on from what was left, and its answer names the bytes that lie there', async () => {
    const bytes = signedBundle(aManifest(), plane.key);
    for (const [name, twin] of twinsOf(bytes)) {
      plane = await controlPlane();
      const ours = signedBundle(aManifest(), plane.key);
      const [, other = twin] = twinsOf(ours).find(([each]) => each === name) ?? [];
      await crash(ours, step, fate);
      const answer = await plane.submit(other);
      const wasStored = !(step === 'put-attestation' && fate === 'lost');
      expect(answer.record.sha256, name).toBe(sha256Hex(wasStored ? ours : other));
      expect(await plane.submit(ours), name).toEqual(answeredAs(answer));
      expect(counts(), name).toEqual([1, 1, 1]);
      checkLedger(plane);
    }
  });

  it('a retry that follows at once waits for the one that may still be running, and then goes on', async () => {
    const bytes = signedBundle(aManifest(), plane.key);
    await crash(bytes, step, fate, 10);
    const again = await plane.submit(bytes);
    expect(again.record.sha256).toBe(sha256Hex(bytes));
    expect(counts()).toEqual([1, 1, 1]);
    checkLedger(plane);
  });
});

describe('when a retry dies too', () => {
  const pairs = MATRIX.flatMap((first) => MATRIX.map((second) => [...first, ...second] as const));
  it.each(pairs)(
    'at %s (%s) and then at %s (%s), the third makes it whole',
    async (...[step, fate, then, thenFate]) => {
      const bytes = signedBundle(aManifest(), plane.key);
      await crash(bytes, step, fate);
      plane.steps.crashAt(then, thenFate);
      // Where the first run has done that step already, the second one does not come to it.
      await plane.submit(bytes).catch((error: unknown) => expect(error).toBeInstanceOf(Crash));
      checkLedger(plane);
      plane.restart();
      plane.clock.advance(60 * SECOND);
      plane.steps.disarm();
      const third = await plane.submit(bytes);
      expect(third.record.sha256).toBe(sha256Hex(bytes));
      expect(counts()).toEqual([1, 1, 1]);
      checkLedger(plane);
    },
  );
});

describe('an unsigned manifest, where it is allowed', () => {
  it.each(MATRIX)('survives a crash at %s (%s) too', async (step, fate) => {
    plane = await controlPlane({ unsignedStages: ['training'] });
    const bytes = bytesOf(aManifest());
    await crash(bytes, step, fate);
    await plane.submit(bytes);
    expect(counts()).toEqual([1, 1, 1]);
    checkLedger(plane);
  });
});

describe('a receipt whose commit was never made', () => {
  it('proves nothing: no look-up answers with it', async () => {
    const bytes = signedBundle(aManifest(), plane.key);
    await crash(bytes, 'commit', 'lost');
    expect(objectsUnder(plane, 'receipts/')).toHaveLength(1);
    expect(await plane.ledger.find(sha256Hex(bytes))).toBeUndefined();
    expect((await plane.ledger.list('run#run-1', { limit: 10 })).items).toEqual([]);
  });

  it('keeps the time of its first receipt when it is adopted', async () => {
    const bytes = signedBundle(aManifest(), plane.key);
    const before = plane.clock.now().toISOString();
    await crash(bytes, 'commit', 'lost');
    expect((await plane.submit(bytes)).record.received_at).toBe(before);
  });
});

describe('when what a crash left behind is continued a week later', () => {
  it('is kept as long from then as if it had come then, and so is its receipt', async () => {
    const bytes = signedBundle(aManifest(), plane.key);
    await crash(bytes, 'put-attestation', 'done', 7 * DAY);
    const { record } = await plane.submit(bytes);
    const until = plane.clock.now().getTime() + 30 * DAY;
    expect(Date.parse(record.retain_until)).toBe(until);
    for (const key of [record.object_key, objectKey.receipt(record.sha256)]) {
      expect(plane.bucket.objects.get(key)?.retainUntil.getTime(), key).toBe(until);
    }
  });

  it('is adopted only if the evidence key signed it for this very evidence', async () => {
    const bytes = signedBundle(aManifest(), plane.key);
    const { record } = await plane.submit(signedBundle(aManifest({ run_id: 'run-2' }), plane.key));
    await crash(bytes, 'sign', 'lost');
    const forged = Buffer.from(record.receipt ?? '');
    plane.bucket.place(`receipts/${sha256Hex(bytes)}.sigstore.json`, forged, {
      contentType: 'x',
      retainUntil: new Date('2036-01-01'),
    });
    await expect(plane.submit(bytes)).rejects.toThrow(refusal('INTEGRITY_FAILURE'));
    expect(await plane.ledger.find(sha256Hex(bytes))).toBeUndefined();
  });
});
