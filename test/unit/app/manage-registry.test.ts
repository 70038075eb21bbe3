import { beforeEach, describe, expect, it } from 'vitest';
import { activateEvidenceKey, registerKey, registerPrincipal, revokeKey } from '../../../lib/app/manage-registry.ts';
import { Predicate } from '../../../lib/contracts/predicates.ts';
import { DomainError } from '../../../lib/core/errors.ts';
import { parsePublicKey } from '../../../lib/core/keys.ts';
import { MAX_KEYS_PER_PRINCIPAL } from '../../../lib/core/registry.ts';
import { answeredAs, checkLedger, lostSignatures, objectsUnder } from '../../support/check-ledger.ts';
import { DAY } from '../../support/clock.ts';
import {
  ADMIN,
  type ControlPlane,
  caller,
  controlPlane,
  emptyControlPlane,
  enrol,
  keyRequest,
  principalRequest,
} from '../../support/control-plane.ts';
import { keyProof, newKey, type TestKey } from '../../support/keys.ts';
import { aManifest, NOW, PIPELINE, signedBundle, signedPlain } from '../../support/manifests.ts';
import { Crash } from '../../support/memory/steps.ts';
import { refusal } from '../../support/refusals.ts';

let plane: ControlPlane & { readonly key: TestKey };
beforeEach(async () => {
  plane = await controlPlane();
});

const events = (): readonly string[] => objectsUnder(plane, 'events/').filter((key) => !key.startsWith('events/lost/'));
const uniqueId = caller(PIPELINE).uniqueId;
const pipeline = () => plane.registry.principals.get(uniqueId);

describe('activateEvidenceKey', () => {
  it('publishes the key in WORM, and records it as evidence', async () => {
    const fresh = emptyControlPlane();
    const { created, value } = await activateEvidenceKey(fresh.registryDeps, ADMIN);
    expect({ created, value }).toMatchObject({ created: true, value: { keyid: fresh.signer.key.keyid, revision: 1 } });
    expect(fresh.bucket.objects.get(`keys/${value.keyid}.pem`)?.bytes.toString()).toBe(fresh.signer.key.pem);
    checkLedger(fresh);
  });

  it('changes nothing when that key is active already', async () => {
    const before = events();
    expect(await activateEvidenceKey(plane.registryDeps, ADMIN)).toMatchObject({ created: false, event: undefined });
    expect(events()).toEqual(before);
  });

  it('rotates: what the old key signed still verifies, and the new one signs from now on', async () => {
    const old = await plane.submit(signedBundle(aManifest(), plane.key));
    plane.signer.key = newKey();
    const { value } = await activateEvidenceKey(plane.registryDeps, ADMIN);
    plane.restart();
    const { record } = await plane.submit(signedBundle(aManifest({ run_id: 'run-2' }), plane.key));
    expect(value.revision).toBe(2);
    expect([old.record.evidence_keyid, record.evidence_keyid]).not.toContain(undefined);
    expect(record.evidence_keyid).toBe(plane.signer.key.keyid);
    expect(await plane.registry.evidenceKeys()).toHaveLength(2);
    checkLedger(plane);
  });

  it.each(['put-public-key', 'put-event', 'apply'] as const)(
    'is completed by the next run after a crash at %s',
    async (step) => {
      for (const fate of ['lost', 'done'] as const) {
        const fresh = emptyControlPlane();
        fresh.steps.crashAt(step, fate);
        await expect(activateEvidenceKey(fresh.registryDeps, ADMIN)).rejects.toThrow(Crash);
        // The first run after a crash may only finish what was begun, and say so.
        await activateEvidenceKey(fresh.registryDeps, ADMIN).catch((error) =>
          expect(error).toEqual(refusal('REVISION_CONFLICT')),
        );
        expect(await activateEvidenceKey(fresh.registryDeps, ADMIN)).toMatchObject({ created: false });
        expect(objectsUnder(fresh, 'events/evidence-key/')).toEqual(['events/evidence-key/000001.sigstore.json']);
        checkLedger(fresh);
      }
    },
  );
});

describe('registerPrincipal', () => {
  it('gives a role a name, once', async () => {
    const request = principalRequest('serving');
    const first = await registerPrincipal(plane.registryDeps, request, ADMIN);
    expect(first).toMatchObject({
      created: true,
      value: { name: 'serving', account: '111122223333', revision: 1, keys: [] },
    });
    expect(await plane.ledger.find(first.event ?? '')).toMatchObject({ kind: 'event', principal: ADMIN.arn });
    expect(await registerPrincipal(plane.registryDeps, request, ADMIN)).toMatchObject({
      created: false,
      event: undefined,
    });
    checkLedger(plane);
  });

  it('refuses a second name for a role, and a second role for a name', async () => {
    const taken = principalRequest(PIPELINE);
    await expect(registerPrincipal(plane.registryDeps, { ...taken, name: 'other' }, ADMIN)).rejects.toThrow(
      refusal('PRINCIPAL_EXISTS', '/unique_id'),
    );
    await expect(
      registerPrincipal(plane.registryDeps, { ...taken, unique_id: 'AROAREBORNROLE' }, ADMIN),
    ).rejects.toThrow(refusal('PRINCIPAL_EXISTS', '/name'));
    expect(events()).toHaveLength(3);
  });

  it('by two admins at once happens once, and both are told so or sent to look', async () => {
    const request = principalRequest('serving');
    const both = await Promise.allSettled([1, 2].map(() => registerPrincipal(plane.registryDeps, request, ADMIN)));
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: refusal('REVISION_CONFLICT') });
    expect(await registerPrincipal(plane.registryDeps, request, ADMIN)).toMatchObject({ created: false });
    checkLedger(plane);
  });
});

describe('registerKey', () => {
  it('records who registered which authority, and the proof', async () => {
    const key = newKey('ed25519');
    const { created, value, event } = await registerKey(
      plane.registryDeps,
      keyRequest(key, PIPELINE, { role: 'trainer' }),
      ADMIN,
    );
    expect({ created, value }).toMatchObject({
      created: true,
      value: {
        keyid: key.keyid,
        algorithm: 'ed25519',
        principal: PIPELINE,
        role: 'trainer',
        revision: 1,
        not_before: NOW,
        registered_at: NOW,
      },
    });
    expect(await plane.registry.keyOwner(key.keyid)).toBe(PIPELINE);
    expect(pipeline()?.keys).toHaveLength(2);
    const record = await plane.ledger.find(event ?? '');
    const { dsseEnvelope } = JSON.parse(Buffer.from(record?.inline ?? []).toString());
    expect(JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString()).predicate).toMatchObject({
      action: 'key-registered',
      by: { arn: ADMIN.arn, unique_id: ADMIN.uniqueId },
      proof_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    checkLedger(plane);
  });

  it('changes nothing when the same authority is asked for again', async () => {
    const before = pipeline();
    expect(await registerKey(plane.registryDeps, keyRequest(plane.key, PIPELINE), ADMIN)).toMatchObject({
      created: false,
      event: undefined,
    });
    expect(pipeline()).toEqual(before);
  });

  const widened = { predicate_types: [Predicate.manifest, Predicate.scai], scai_attributes: ['DATASET_CONSENT'] };

  it('widens a key only for an admin who names the revision that is there', async () => {
    for (const revision of [undefined, 2, 7]) {
      const request = keyRequest(plane.key, PIPELINE, { ...widened, ...(revision === undefined ? {} : { revision }) });
      await expect(registerKey(plane.registryDeps, request, ADMIN)).rejects.toThrow(refusal('KEY_EXISTS', '/revision'));
    }
    const wider = await registerKey(
      plane.registryDeps,
      keyRequest(plane.key, PIPELINE, { ...widened, revision: 1 }),
      ADMIN,
    );
    expect(wider).toMatchObject({
      created: false,
      value: { revision: 2, scai_attributes: ['DATASET_CONSENT'], not_before: NOW },
    });
    expect(wider.event).toBeDefined();
    checkLedger(plane);
  });

  it('keeps every revision, to be asked for by its time', async () => {
    plane.clock.advance(DAY);
    await registerKey(plane.registryDeps, keyRequest(plane.key, PIPELINE, { ...widened, revision: 1 }), ADMIN);
    const at = async (instant: string) => (await plane.registry.keyAt(plane.key.keyid, new Date(instant)))?.revision;
    expect(await at('2026-02-21T12:34:55.999Z')).toBeUndefined();
    expect(await at(NOW)).toBe(1);
    expect(await at('2026-02-22T12:34:55.999Z')).toBe(1);
    expect(await at('2026-02-22T12:34:56.000Z')).toBe(2);
  });

  it.each<
    [
      name: string,
      request: () => Parameters<typeof registerKey>[1],
      code: Parameters<typeof refusal>[0],
      pointer?: string,
    ]
  >([
    [
      'without possession',
      () => keyRequest(newKey(), PIPELINE, {}, keyProof(newKey(), PIPELINE)),
      'KEY_PROOF_INVALID',
      '/proof',
    ],
    [
      'with a proof for another principal',
      () => {
        const key = newKey();
        return keyRequest(key, PIPELINE, {}, keyProof(key, 'other'));
      },
      'KEY_PROOF_INVALID',
      '/proof',
    ],
    ['that is no key', () => ({ ...keyRequest(newKey(), PIPELINE), public_key: 'x' }), 'KEY_INVALID', '/public_key'],
    ['for nobody', () => keyRequest(newKey(), 'nobody'), 'NOT_FOUND', '/principal'],
    [
      'that ends before it begins',
      () => keyRequest(newKey(), PIPELINE, { not_before: '2027-01-01T00:00:00Z', not_after: '2026-12-31T00:00:00Z' }),
      'REQUEST_INVALID',
      '/not_after',
    ],
    [
      'that ended already',
      () => keyRequest(newKey(), PIPELINE, { not_after: '2026-01-01T00:00:00Z' }),
      'REQUEST_INVALID',
      '/not_after',
    ],
  ])('refuses a key %s, and records nothing', async (_, request, code, pointer) => {
    await expect(registerKey(plane.registryDeps, request(), ADMIN)).rejects.toThrow(refusal(code, pointer));
    expect(events()).toHaveLength(3);
  });

  it("refuses another principal's key", async () => {
    await enrol(plane, 'other', newKey());
    await expect(registerKey(plane.registryDeps, keyRequest(plane.key, 'other'), ADMIN)).rejects.toThrow(
      refusal('KEY_OF_ANOTHER_PRINCIPAL', '/public_key'),
    );
  });

  it('refuses one key too many before anything is written, until one is revoked', async () => {
    await fill();
    const before = events();
    const last = keyRequest(newKey(), PIPELINE);
    const keyid = parsePublicKey(last.public_key).keyid;
    await expect(registerKey(plane.registryDeps, last, ADMIN)).rejects.toThrow(
      refusal('REQUEST_INVALID', '/public_key'),
    );
    expect(events()).toEqual(before);
    expect(await plane.registry.keyOwner(keyid), 'nothing is reserved for who has no room').toBeUndefined();
    await revokeKey(plane.registryDeps, plane.key.keyid, { reason: 'old' }, ADMIN);
    expect(await registerKey(plane.registryDeps, last, ADMIN)).toMatchObject({ created: true });
    expect(pipeline()?.keys).toHaveLength(MAX_KEYS_PER_PRINCIPAL);
    checkLedger(plane);
  });

  it('writes no event for a caller by whose ARN it could not be found', async () => {
    const before = events();
    const by = { ...ADMIN, arn: `${ADMIN.arn}${'x'.repeat(1900)}` };
    await expect(registerKey(plane.registryDeps, keyRequest(newKey(), PIPELINE), by)).rejects.toThrow(
      refusal('REQUEST_INVALID'),
    );
    expect(events()).toEqual(before);
  });

  it('refuses a record that would not fit beside nineteen of its like, before anything is written', async () => {
    const before = events();
    const wide = { scai_attributes: Array.from({ length: 64 }, (_, i) => `${i}`.padEnd(256, '\u{1F511}')) };
    await expect(registerKey(plane.registryDeps, keyRequest(newKey(), PIPELINE, wide), ADMIN)).rejects.toThrow(
      refusal('BODY_TOO_LARGE', '/scai_attributes'),
    );
    expect(events()).toEqual(before);
  });
});

/** As many keys as a principal may have. */
async function fill(): Promise<void> {
  for (let count = 1; count < MAX_KEYS_PER_PRINCIPAL; count++)
    await registerKey(plane.registryDeps, keyRequest(newKey(), PIPELINE), ADMIN);
}

describe('a revoked key that made room for another', () => {
  const bytes = () => signedBundle(aManifest(), plane.key);

  async function makeRoom(): Promise<void> {
    await fill();
    await revokeKey(plane.registryDeps, plane.key.keyid, { reason: 'old' }, ADMIN);
    await registerKey(plane.registryDeps, keyRequest(newKey(), PIPELINE), ADMIN);
    expect(pipeline()?.keys.map(({ keyid }) => keyid)).not.toContain(plane.key.keyid);
  }

  it('signs nothing any more, and whoever tries is told why', async () => {
    await makeRoom();
    await expect(plane.submit(bytes())).rejects.toThrow(refusal('KEY_REVOKED'));
    checkLedger(plane);
  });

  it('is revoked for good: neither registered again, nor revoked twice', async () => {
    await makeRoom();
    const before = events();
    await expect(registerKey(plane.registryDeps, keyRequest(plane.key, PIPELINE), ADMIN)).rejects.toThrow(DomainError);
    expect(await revokeKey(plane.registryDeps, plane.key.keyid, { reason: 'again' }, ADMIN)).toMatchObject({
      event: undefined,
      value: { revoked: { reason: 'old' } },
    });
    expect(events()).toEqual(before);
  });

  it.each([
    ['an attestation', bytes],
    ['a plain manifest, which names no key', () => signedPlain(aManifest(), plane.key)],
  ])('leaves %s that it signed what it was: a retry is answered with the first receipt', async (_, make) => {
    const sent = make();
    const first = await plane.submit(sent);
    await makeRoom();
    expect(await plane.submit(sent)).toEqual(answeredAs(first));
    checkLedger(plane);
  });
});

describe('revokeKey', () => {
  it('ends a key for good: it is neither widened nor registered again', async () => {
    const revoked = await revokeKey(
      plane.registryDeps,
      plane.key.keyid,
      { reason: 'stolen', effective_at: '2026-02-01T00:00:00.000Z' },
      ADMIN,
    );
    expect(revoked.value).toMatchObject({
      revision: 2,
      revoked: { recorded_at: NOW, effective_at: '2026-02-01T00:00:00.000Z', reason: 'stolen' },
    });
    for (const wishes of [{}, { revision: 2 }]) {
      await expect(registerKey(plane.registryDeps, keyRequest(plane.key, PIPELINE, wishes), ADMIN)).rejects.toThrow(
        refusal('KEY_REVOKED'),
      );
    }
    await enrol(plane, 'other', newKey());
    await expect(registerKey(plane.registryDeps, keyRequest(plane.key, 'other'), ADMIN)).rejects.toThrow(
      refusal('KEY_OF_ANOTHER_PRINCIPAL'),
    );
    checkLedger(plane);
  });

  it('twice is once', async () => {
    await revokeKey(plane.registryDeps, plane.key.keyid, { reason: 'stolen' }, ADMIN);
    const before = events();
    expect(await revokeKey(plane.registryDeps, plane.key.keyid, { reason: 'again' }, ADMIN)).toMatchObject({
      event: undefined,
      value: { revoked: { reason: 'stolen' } },
    });
    expect(events()).toEqual(before);
  });

  it('refuses a key that nobody has, and a time that has not come', async () => {
    await expect(revokeKey(plane.registryDeps, newKey().keyid, { reason: 'lost' }, ADMIN)).rejects.toThrow(
      refusal('NOT_FOUND'),
    );
    const tomorrow = { reason: 'lost', effective_at: '2026-02-22T00:00:00.000Z' };
    await expect(revokeKey(plane.registryDeps, plane.key.keyid, tomorrow, ADMIN)).rejects.toThrow(
      refusal('REQUEST_INVALID', '/effective_at'),
    );
  });
});

describe('two admins who change one principal at once', () => {
  it('each event has its own number; the second admin is told, and may repeat the change', async () => {
    const [one, two] = [keyRequest(newKey(), PIPELINE), keyRequest(newKey(), PIPELINE)];
    const both = await Promise.allSettled([
      registerKey(plane.registryDeps, one, ADMIN),
      registerKey(plane.registryDeps, two, ADMIN),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(both[1]).toMatchObject({ reason: refusal('REVISION_CONFLICT') });
    const lost = plane.signer.requestIds.at(-1);
    expect(lostSignatures(plane)).toEqual([`events/lost/principal/${uniqueId}/${lost}.json`]);
    expect(pipeline()?.keys.map(({ public_key }) => public_key)).not.toContain(two.public_key);
    expect(await registerKey(plane.registryDeps, two, ADMIN)).toMatchObject({ created: true });
    expect(pipeline()).toMatchObject({ revision: 4 });
    expect(events().filter((key) => key.includes(uniqueId))).toHaveLength(4);
    checkLedger(plane);
  });

  it('an admin whose event another one committed is told that it was made', async () => {
    const request = keyRequest(newKey(), PIPELINE);
    plane.steps.before('apply', async () => {
      // Meets our event, which is stored and not committed, and commits it first.
      await expect(registerKey(plane.registryDeps, keyRequest(newKey(), PIPELINE), ADMIN)).rejects.toThrow(
        refusal('REVISION_CONFLICT'),
      );
    });
    expect(await registerKey(plane.registryDeps, request, ADMIN)).toMatchObject({ created: true });
    expect(pipeline()?.keys.map(({ public_key }) => public_key)).toContain(request.public_key);
    checkLedger(plane);
  });

  it('a revocation is not lost to a change that came first', async () => {
    plane.steps.before('put-event', () => registerKey(plane.registryDeps, keyRequest(newKey(), PIPELINE), ADMIN));
    await expect(revokeKey(plane.registryDeps, plane.key.keyid, { reason: 'stolen' }, ADMIN)).rejects.toThrow(
      refusal('REVISION_CONFLICT'),
    );
    expect(
      (await revokeKey(plane.registryDeps, plane.key.keyid, { reason: 'stolen' }, ADMIN)).value.revoked,
    ).toBeDefined();
    checkLedger(plane);
  });
});

describe('when the process dies while a key is registered', () => {
  it.each([
    ['sign', 'lost'],
    ['sign', 'done'],
    ['put-event', 'lost'],
    ['put-event', 'done'],
    ['apply', 'lost'],
    ['apply', 'done'],
  ] as const)('at %s (%s), repeating it until it is answered registers it once', async (step, fate) => {
    const request = keyRequest(newKey(), PIPELINE);
    plane.steps.crashAt(step, fate);
    await expect(registerKey(plane.registryDeps, request, ADMIN)).rejects.toThrow(Crash);
    checkLedger(plane);
    await registerKey(plane.registryDeps, request, ADMIN).catch((error) =>
      expect(error).toEqual(refusal('REVISION_CONFLICT')),
    );
    const { value } = await registerKey(plane.registryDeps, request, ADMIN);
    expect(value.revision).toBe(1);
    expect(pipeline()).toMatchObject({
      revision: 3,
      keys: [expect.anything(), expect.objectContaining({ keyid: value.keyid })],
    });
    expect(events()).toHaveLength(4);
    checkLedger(plane);
  });
});
