import { describe, expect, it } from 'vitest';
import { registerKey, revokeKey } from '../../../lib/app/manage-registry.ts';
import { Predicate } from '../../../lib/contracts/predicates.ts';
import { answeredAs, checkLedger, lostSignatures, objectsUnder, submitted } from '../../support/check-ledger.ts';
import { ADMIN, controlPlane, keyRequest } from '../../support/control-plane.ts';
import { newKey } from '../../support/keys.ts';
import { aManifest, PIPELINE, signedBundle, twinsOf } from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';

const POSTS = 300;

describe(`${POSTS} identical posts at once`, () => {
  it('make one evidence with one receipt, and all others are answered with it', async () => {
    const plane = await controlPlane();
    const bytes = signedBundle(aManifest(), plane.key);
    const signatures = plane.signer.requestIds.length;
    const answers = await Promise.all(Array.from({ length: POSTS }, () => plane.submit(bytes)));
    const [first, ...more] = answers.filter(({ created }) => created);
    if (!first) throw new Error('nobody was first');
    expect(more).toEqual([]);
    for (const answer of answers) expect(answer.record.receipt).toBe(first.record.receipt);
    expect(submitted(plane)).toHaveLength(1);
    expect(plane.signer.requestIds).toHaveLength(signatures + 1);
    checkLedger(plane);
  });

  it('do so even if nobody waits for anybody; each signature that lost is noted', async () => {
    const plane = await controlPlane({ sleep: () => Promise.resolve() });
    const bytes = signedBundle(aManifest(), plane.key);
    const before = plane.signer.requestIds.length;
    // Nobody finds an earlier evidence or receipt: everybody puts, signs and commits.
    plane.clock.advance(60_000);
    const answers = await Promise.all(Array.from({ length: POSTS }, () => plane.submit(bytes)));
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(answers.map(({ record }) => record.receipt)).size).toBe(1);
    const signed = plane.signer.requestIds.length - before;
    expect(lostSignatures(plane)).toHaveLength(signed - 1);
    expect(objectsUnder(plane, 'receipts/')).toHaveLength(signed);
    checkLedger(plane);
  });

  it('and their twins among them, are still one statement', async () => {
    const plane = await controlPlane();
    const bytes = signedBundle(aManifest(), plane.key);
    const all = [bytes, ...twinsOf(bytes).map(([, twin]) => twin)];
    const answers = await Promise.all(
      Array.from({ length: POSTS }, (_, i) => plane.submit(all[i % all.length] ?? bytes)),
    );
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(answers.map(({ record }) => record.sha256)).size).toBe(1);
    expect(submitted(plane)).toHaveLength(1);
    checkLedger(plane);
  });
});

describe('when two processes sign a receipt of the same evidence', () => {
  it('the second keeps a note of its request and answers with the first receipt', async () => {
    const plane = await controlPlane();
    const bytes = signedBundle(aManifest(), plane.key);
    plane.steps.crashAt('sign', 'lost');
    await expect(plane.submit(bytes)).rejects.toThrow();
    plane.clock.advance(60_000);
    let first: Awaited<ReturnType<typeof plane.submit>> | undefined;
    plane.steps.before('put-receipt', async () => {
      first = await plane.submit(bytes);
    });
    const second = await plane.submit(bytes);
    if (!first) throw new Error('the other one did not run');
    expect(second).toEqual(answeredAs(first));
    const [lost] = lostSignatures(plane);
    expect(lost).toBe(`receipts/lost/${second.record.sha256}/kms-request-4.json`);
    expect(JSON.parse(plane.bucket.objects.get(lost ?? '')?.bytes.toString() ?? '')).toMatchObject({
      object: `receipts/${second.record.sha256}.sigstore.json`,
      kms_request_id: 'kms-request-4',
    });
    expect(second.record.kms_request_id).toBe('kms-request-5');
    checkLedger(plane);
  });
});

describe('when the registration changes between verification and commit', () => {
  const story = async (change: 'revoke' | 'another key' | 'narrow') => {
    const plane = await controlPlane();
    const bytes = signedBundle(aManifest(), plane.key);
    plane.steps.before('commit', async () => {
      if (change === 'revoke') await revokeKey(plane.registryDeps, plane.key.keyid, { reason: 'stolen' }, ADMIN);
      if (change === 'another key') await registerKey(plane.registryDeps, keyRequest(newKey(), PIPELINE), ADMIN);
      if (change === 'narrow') {
        const narrower = { stages: ['serving'], predicate_types: [Predicate.manifest], revision: 1 } as const;
        await registerKey(plane.registryDeps, keyRequest(plane.key, PIPELINE, narrower), ADMIN);
      }
    });
    return { plane, bytes };
  };

  it('a revoked key is refused though a warm cache knew it as good, and no row is written', async () => {
    const { plane, bytes } = await story('revoke');
    await expect(plane.submit(bytes)).rejects.toThrow(refusal('KEY_REVOKED'));
    expect(submitted(plane)).toEqual([]);
    expect((await plane.ledger.list('run#run-1', { limit: 10 })).items).toEqual([]);
    checkLedger(plane);
    await expect(plane.submit(bytes)).rejects.toThrow(refusal('KEY_REVOKED'));
    expect(submitted(plane)).toEqual([]);
  });

  it('a key that lost its authority is refused', async () => {
    const { plane, bytes } = await story('narrow');
    await expect(plane.submit(bytes)).rejects.toThrow(refusal('KEY_NOT_AUTHORIZED', '/predicate/stage'));
    expect(submitted(plane)).toEqual([]);
    checkLedger(plane);
  });

  it('what is still allowed goes through, with the receipt that was signed', async () => {
    const { plane, bytes } = await story('another key');
    const answer = await plane.submit(bytes);
    expect(answer.created).toBe(true);
    expect(submitted(plane)).toHaveLength(1);
    expect(lostSignatures(plane)).toEqual([]);
    checkLedger(plane);
    expect(await plane.submit(bytes)).toEqual(answeredAs(answer));
  });

  it('one that never stops changing is told to come again', async () => {
    const plane = await controlPlane();
    const change = async (): Promise<void> => {
      await registerKey(plane.registryDeps, keyRequest(newKey(), PIPELINE), ADMIN);
      plane.steps.before('commit', change);
    };
    plane.steps.before('commit', change);
    const bytes = signedBundle(aManifest(), plane.key);
    await expect(plane.submit(bytes)).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE', retryAfterMs: 1000 });
    expect(submitted(plane)).toEqual([]);
    plane.steps.disarm();
    expect(await plane.submit(bytes)).toMatchObject({ created: true });
    checkLedger(plane);
  });
});

describe('the cache of registrations', () => {
  it('spares the registry a read per post, and still takes a key that was registered a moment ago', async () => {
    const plane = await controlPlane();
    await plane.submit(signedBundle(aManifest(), plane.key));
    const fresh = newKey();
    await registerKey(plane.registryDeps, keyRequest(fresh, PIPELINE), ADMIN);
    expect(await plane.submit(signedBundle(aManifest({ run_id: 'run-2' }), fresh))).toMatchObject({ created: true });
    checkLedger(plane);
  });
});
