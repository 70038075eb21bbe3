import { describe, expect, it } from 'vitest';
import { placeHold } from '../../../lib/app/hold-evidence.ts';
import { activateEvidenceKey, registerKey } from '../../../lib/app/manage-registry.ts';
import type { EvidenceStore } from '../../../lib/app/ports.ts';
import { submitEvidence } from '../../../lib/app/submit-evidence.ts';
import { checkLedger, lostSignatures } from '../../support/check-ledger.ts';
import { ADMIN, caller, controlPlane, emptyControlPlane, keyRequest } from '../../support/control-plane.ts';
import { newKey } from '../../support/keys.ts';
import { aManifest, PIPELINE, signedBundle } from '../../support/manifests.ts';

/** What an SDK does when the answer to a put is lost: it sends the put again, and is told that the object is there. */
function repeating(store: EvidenceStore): EvidenceStore {
  const putOnce: EvidenceStore['putOnce'] = async (key, bytes, options) => {
    await store.putOnce(key, bytes, options);
    return await store.putOnce(key, bytes, options);
  };
  return { read: store.read, extendRetention: store.extendRetention, putOnce };
}

describe('a put whose answer was lost, and which met itself when it was repeated', () => {
  it('of a receipt is our own: it is adopted, and no signature was lost', async () => {
    const plane = await controlPlane();
    const deps = { ...plane.submitDeps, store: repeating(plane.bucket) };
    const outcome = await submitEvidence(deps, signedBundle(aManifest(), plane.key), 'manifests', caller(PIPELINE));
    expect(outcome).toMatchObject({ created: true, record: { kms_request_id: plane.signer.requestIds.at(-1) } });
    expect(lostSignatures(plane)).toEqual([]);
    checkLedger(plane);
  });

  it('of an event is our own: the change was made, and nobody is told of another one', async () => {
    const plane = await controlPlane();
    const deps = { ...plane.registryDeps, store: repeating(plane.bucket) };
    const request = keyRequest(newKey(), PIPELINE);
    expect(await registerKey(deps, request, ADMIN)).toMatchObject({ created: true });
    const { record } = await plane.submit(signedBundle(aManifest(), plane.key));
    const hold = { sha256: record.sha256, reason: 'litigation' };
    const held = await placeHold({ ...plane.holdDeps, store: repeating(plane.bucket) }, hold, ADMIN);
    expect(held).toMatchObject({ state: 'on' });
    expect(lostSignatures(plane)).toEqual([]);
    checkLedger(plane);
  });

  it('of the first event of all is our own', async () => {
    const plane = emptyControlPlane();
    const deps = { ...plane.registryDeps, store: repeating(plane.bucket) };
    expect(await activateEvidenceKey(deps, ADMIN)).toMatchObject({ created: true });
    checkLedger(plane);
  });
});
