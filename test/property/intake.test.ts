import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { registerKey, revokeKey } from '../../lib/app/manage-registry.ts';
import { DomainError } from '../../lib/core/errors.ts';
import { checkLedger, lostSignatures, objectsUnder, submitted } from '../support/check-ledger.ts';
import { ADMIN, controlPlane, keyRequest, nextTick } from '../support/control-plane.ts';
import { newKey } from '../support/keys.ts';
import { aManifest, PIPELINE, signedBundle, twinsOf } from '../support/manifests.ts';
import { Crash } from '../support/memory/steps.ts';

const step = fc.constantFrom('put-attestation' as const, 'sign' as const, 'put-receipt' as const, 'commit' as const);
const crash = fc.option(fc.tuple(step, fc.constantFrom('lost' as const, 'done' as const)));
const meanwhile = fc.constantFrom('nothing' as const, 'revoked' as const, 'another key' as const);

describe('intake, in whatever order its callers come to turn', () => {
  it('ends with one evidence and one receipt, or with none once the key is revoked', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), crash, meanwhile, fc.nat(6), async (scheduler, death, change, twin) => {
        let racing = false;
        const turn = (): Promise<void> => (racing ? scheduler.schedule(Promise.resolve()) : Promise.resolve());
        const plane = await controlPlane({ turn, sleep: turn });
        const bytes = signedBundle(aManifest(), plane.key);
        const other = twinsOf(bytes)[twin]?.[1] ?? bytes;
        if (death) plane.steps.crashAt(...death);

        racing = true;
        const posts = [bytes, other, bytes].map((each) => plane.submit(each));
        const changes =
          change === 'revoked'
            ? [revokeKey(plane.registryDeps, plane.key.keyid, { reason: 'stolen' }, ADMIN)]
            : change === 'another key'
              ? [registerKey(plane.registryDeps, keyRequest(newKey(), PIPELINE), ADMIN)]
              : [];
        const all = await scheduler.waitFor(Promise.allSettled([...posts, ...changes]));
        racing = false;

        for (const result of all) {
          if (result.status === 'rejected' && !(result.reason instanceof DomainError))
            expect(result.reason).toBeInstanceOf(Crash);
        }
        checkLedger(plane);
        const answers = all
          .slice(0, 3)
          .flatMap((result) => (result.status === 'fulfilled' && 'record' in result.value ? [result.value] : []));
        expect(answers.filter(({ created }) => created).length).toBeLessThanOrEqual(1);
        expect(new Set(answers.map(({ record }) => record.receipt)).size).toBeLessThanOrEqual(1);

        plane.steps.disarm();
        plane.restart();
        plane.clock.advance(60_000);
        const later = await Promise.allSettled([plane.submit(bytes), plane.submit(other)]);
        await nextTick();
        checkLedger(plane);
        expect(objectsUnder(plane, 'attestations/').length).toBeLessThanOrEqual(1);
        expect(objectsUnder(plane, 'receipts/').length - lostSignatures(plane).length).toBeLessThanOrEqual(1);
        if (change === 'revoked' && submitted(plane).length === 0) {
          expect(later).toMatchObject([{ reason: { code: 'KEY_REVOKED' } }, { reason: { code: 'KEY_REVOKED' } }]);
        } else {
          expect(submitted(plane)).toHaveLength(1);
          expect(later.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
        }
      }),
      { numRuns: 50 },
    );
  }, 30_000);
});
