import { beforeEach, describe, expect, it } from 'vitest';
import { registerKey, revokeKey } from '../../../lib/app/manage-registry.ts';
import { OwnPredicate, Predicate } from '../../../lib/contracts/predicates.ts';
import type { ProblemCode } from '../../../lib/contracts/problems.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { answeredAs, checkLedger, lostSignatures, objectsUnder, submitted } from '../../support/check-ledger.ts';
import { DAY } from '../../support/clock.ts';
import {
  ADMIN,
  type ControlPlane,
  caller,
  controlPlane,
  emptyControlPlane,
  enrol,
  keyRequest,
} from '../../support/control-plane.ts';
import { newKey, type TestKey } from '../../support/keys.ts';
import {
  aManifest,
  aScaiReport,
  aStatement,
  bytesOf,
  digestOf,
  NOW,
  PIPELINE,
  signedBundle,
  signedEnvelope,
  signedPlain,
  signedStatement,
  twinsOf,
  withSignature,
} from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';

let plane: ControlPlane & { readonly key: TestKey };
beforeEach(async () => {
  plane = await controlPlane();
});

describe('submitEvidence', () => {
  it.each([
    ['a Sigstore bundle', signedBundle],
    ['a bare DSSE envelope', signedEnvelope],
    ['a plain manifest', signedPlain],
  ])('makes evidence with a receipt of %s', async (_, sign) => {
    const bytes = sign(aManifest(), plane.key);
    const { created, record } = await plane.submit(bytes);
    expect(created).toBe(true);
    expect(record).toMatchObject({
      sha256: sha256Hex(bytes),
      kind: 'attestation',
      received_at: NOW,
      principal: PIPELINE,
      keyid: plane.key.keyid,
      key_revision: 1,
      environment: 'experimental',
      stage: 'training',
      run_id: 'run-1',
      flags: [],
      retain_until: '2026-03-23T12:34:56.000Z',
    });
    expect(record.inline).toEqual(bytes);
    checkLedger(plane);
  });

  it.each(['ecdsa-p384-sha384', 'ed25519'] as const)('takes signatures of %s', async (algorithm) => {
    const key = newKey(algorithm);
    await enrol(plane, 'other-pipeline', key);
    const bytes = signedBundle(aManifest({ principal: 'other-pipeline' }), key);
    expect(await plane.submit(bytes, 'manifests', caller('other-pipeline'))).toMatchObject({ created: true });
    checkLedger(plane);
  });

  it('writes four times, in the order in which a crash can be mended', async () => {
    plane.steps.taken.length = 0;
    await plane.submit(signedBundle(aManifest(), plane.key));
    expect(plane.steps.taken).toEqual(['put-attestation', 'sign', 'put-receipt', 'commit']);
  });

  it('answers the same bytes again with the first receipt, and writes nothing', async () => {
    const bytes = signedBundle(aManifest(), plane.key);
    const first = await plane.submit(bytes);
    plane.clock.advance(DAY);
    const again = await plane.submit(bytes);
    expect(again).toEqual(answeredAs(first));
    expect(plane.signer.requestIds).toHaveLength(4);
    checkLedger(plane);
  });

  it('answers every twin with the first receipt, and writes nothing', async () => {
    const bytes = signedBundle(aManifest(), plane.key);
    const first = await plane.submit(bytes);
    const objects = plane.bucket.objects.size;
    for (const [name, twin] of twinsOf(bytes)) {
      expect(await plane.submit(twin), name).toEqual(answeredAs(first));
    }
    expect(plane.bucket.objects.size).toBe(objects);
    checkLedger(plane);
  });

  it('keeps two manifests of one run and stage, when they differ in a byte', async () => {
    await plane.submit(signedBundle(aManifest({ metrics: { accuracy: 0.91 } }), plane.key));
    await plane.submit(signedBundle(aManifest({ metrics: { accuracy: 0.92 } }), plane.key));
    expect(submitted(plane)).toHaveLength(2);
    const page = await plane.ledger.list('run#run-1', { limit: 10 });
    expect(page.items).toHaveLength(2);
    checkLedger(plane);
  });

  it('keeps evidence as long as the environment that it speaks for demands', async () => {
    const { record } = await plane.submit(signedBundle(aManifest({ environment: 'production' }), plane.key));
    expect(record).toMatchObject({ environment: 'production', retain_until: '2036-02-19T12:34:56.000Z' });
  });

  it('leaves bytes that are too large for the item in the bucket alone', async () => {
    const bytes = signedBundle(aManifest({ parameters: { notes: 'n'.repeat(40_000) } }), plane.key);
    const { record } = await plane.submit(bytes);
    expect(record.inline).toBeUndefined();
    checkLedger(plane);
  });

  it('flags a timestamp that is long past, and keeps it', async () => {
    const { record } = await plane.submit(signedBundle(aManifest({ timestamp: '2019-01-01T00:00:00Z' }), plane.key));
    expect(record.flags).toEqual(['late']);
    checkLedger(plane);
  });

  it("names the caller's session in the receipt as what the caller calls it", async () => {
    const { record } = await plane.submit(signedBundle(aManifest(), plane.key));
    const { dsseEnvelope } = JSON.parse(record.receipt ?? '');
    const { predicate } = JSON.parse(Buffer.from(dsseEnvelope.payload, 'base64').toString());
    expect(predicate.principal).toEqual({
      name: PIPELINE,
      account: '111122223333',
      unique_id: caller(PIPELINE).uniqueId,
      arn: 'arn:aws:iam::111122223333:role/training-pipeline',
      session: 'session',
    });
  });
});

describe('what is refused leaves no trace', () => {
  const stranger = newKey();
  const over = (bundle: Buffer, key: TestKey): Buffer => withSignature(bundle, key.sign(Buffer.from('other bytes')));
  const scai = (plane: { key: TestKey }, attribute: string) => signedStatement(aScaiReport([attribute]), plane.key);

  it.each<[name: string, bytes: (plane: { key: TestKey }) => Buffer, code: ProblemCode, pointer?: string]>([
    ['an unsigned manifest', () => bytesOf(aManifest()), 'UNSIGNED', '/signature'],
    ['a key that nobody registered', () => signedBundle(aManifest(), stranger), 'KEY_UNKNOWN'],
    ['a signature over other bytes', ({ key }) => over(signedBundle(aManifest(), key), key), 'SIGNATURE_INVALID'],
    [
      'a payload with one byte changed',
      ({ key }) => signedPlain(aManifest(), key).fill('2', 15, 16),
      'SIGNATURE_INVALID',
    ],
    [
      'a signature that is no DER',
      ({ key }) => withSignature(signedBundle(aManifest(), key), Buffer.alloc(64, 1)),
      'SIGNATURE_MALFORMED',
    ],
    [
      'another principal in the manifest',
      ({ key }) => signedBundle(aManifest({ principal: 'someone-else' }), key),
      'PRINCIPAL_MISMATCH',
      '/predicate/principal',
    ],
    [
      'a timestamp in the future',
      ({ key }) => signedBundle(aManifest({ timestamp: '2026-02-21T13:34:56Z' }), key),
      'TIMESTAMP_IN_FUTURE',
      '/predicate/timestamp',
    ],
    ['a predicate without authority', (p) => scai(p, 'DATASET_CONSENT'), 'KEY_NOT_AUTHORIZED', '/predicateType'],
    [
      'our own predicate',
      ({ key }) => signedStatement(aStatement({ predicateType: OwnPredicate.receipt }), key),
      'PREDICATE_UNSUPPORTED',
      '/predicateType',
    ],
    ['no JSON', () => Buffer.from('{'), 'JSON_INVALID'],
    ['nothing', () => Buffer.alloc(0), 'BODY_EMPTY'],
  ])('%s', async (_, bytes, code, pointer) => {
    const [objects, signatures] = [plane.bucket.objects.size, plane.signer.requestIds.length];
    await expect(plane.submit(bytes(plane), 'any')).rejects.toThrow(refusal(code, pointer));
    expect(submitted(plane)).toEqual([]);
    expect([plane.bucket.objects.size, plane.signer.requestIds.length]).toEqual([objects, signatures]);
  });

  it('a caller that is not registered', async () => {
    const bytes = signedBundle(aManifest(), plane.key);
    await expect(plane.submit(bytes, 'manifests', caller('nobody'))).rejects.toThrow(refusal('PRINCIPAL_UNKNOWN'));
  });

  it('a role that was deleted and made again under the same name', async () => {
    const reborn = { ...caller(PIPELINE), uniqueId: 'AROASOMETHINGELSE' };
    const bytes = signedBundle(aManifest(), plane.key);
    await expect(plane.submit(bytes, 'manifests', reborn)).rejects.toThrow(refusal('PRINCIPAL_UNKNOWN'));
  });

  it("another principal's key, even where the manifest names the caller", async () => {
    await enrol(plane, 'other-pipeline', newKey());
    const bytes = signedBundle(aManifest({ principal: 'other-pipeline' }), plane.key);
    await expect(plane.submit(bytes, 'manifests', caller('other-pipeline'))).rejects.toThrow(
      refusal('KEY_OF_ANOTHER_PRINCIPAL'),
    );
  });

  it("another principal's evidence, posted by somebody else", async () => {
    await enrol(plane, 'other-pipeline', newKey());
    const bytes = signedBundle(aManifest(), plane.key);
    await plane.submit(bytes);
    await expect(plane.submit(bytes, 'manifests', caller('other-pipeline'))).rejects.toThrow(
      refusal('KEY_OF_ANOTHER_PRINCIPAL'),
    );
  });

  it('a key outside its validity', async () => {
    const bytes = signedBundle(aManifest(), plane.key);
    plane.clock.set('2036-01-01T00:00:00Z');
    await expect(plane.submit(bytes)).rejects.toThrow(refusal('KEY_EXPIRED'));
    plane.clock.set('2026-02-21T12:00:00Z');
    await expect(plane.submit(bytes)).rejects.toThrow(refusal('KEY_NOT_YET_VALID'));
  });

  it('a revoked key', async () => {
    await revokeKey(plane.registryDeps, plane.key.keyid, { reason: 'lost' }, ADMIN);
    await expect(plane.submit(signedBundle(aManifest(), plane.key))).rejects.toThrow(refusal('KEY_REVOKED'));
  });

  it('a training key signing a privacy review, until the key admin gives it that authority', async () => {
    const key = newKey();
    await registerKey(
      plane.registryDeps,
      keyRequest(key, PIPELINE, { predicate_types: [Predicate.scai], scai_attributes: ['TESTED'], stages: [] }),
      ADMIN,
    );
    const review = signedStatement(aScaiReport(['PRIVACY_REVIEWED']), key);
    await expect(plane.submit(review, 'attestations')).rejects.toThrow(
      refusal('KEY_NOT_AUTHORIZED', '/predicate/attributes'),
    );
    const wider = {
      predicate_types: [Predicate.scai],
      scai_attributes: ['TESTED', 'PRIVACY_REVIEWED'],
      stages: [],
      revision: 1,
    };
    await registerKey(plane.registryDeps, keyRequest(key, PIPELINE, wider), ADMIN);
    expect(await plane.submit(review, 'attestations')).toMatchObject({ created: true, record: { key_revision: 2 } });
    checkLedger(plane);
  });
});

describe('an unsigned manifest', () => {
  it('is stored and flagged where its stage allows it', async () => {
    const open = await controlPlane({ unsignedStages: ['ingest'] });
    const { record } = await open.submit(bytesOf(aManifest({ stage: 'ingest', model: undefined })));
    expect(record).toMatchObject({ form: 'unsigned', flags: ['unsigned'] });
    expect(record.keyid).toBeUndefined();
    await expect(open.submit(bytesOf(aManifest()))).rejects.toThrow(refusal('UNSIGNED'));
    checkLedger(open);
  });

  it('still names the caller, and no time in the future', async () => {
    const open = await controlPlane({ unsignedStages: ['training'] });
    await expect(open.submit(bytesOf(aManifest({ principal: 'x' })))).rejects.toThrow(
      refusal('PRINCIPAL_MISMATCH', '/principal'),
    );
    await expect(open.submit(bytesOf(aManifest({ timestamp: '2027-01-01T00:00:00Z' })))).rejects.toThrow(
      refusal('TIMESTAMP_IN_FUTURE', '/timestamp'),
    );
  });
});

describe('the evidence key', () => {
  it('must be active before anything is taken in', async () => {
    const fresh = emptyControlPlane();
    await expect(enrol(fresh, PIPELINE, newKey())).rejects.toThrow(refusal('EVIDENCE_KEY_INACTIVE'));
    expect(fresh.bucket.objects.size).toBe(0);
  });

  it('refuses its receipt when KMS signs with another key than the registered one', async () => {
    plane.signer.key = newKey();
    await expect(plane.submit(signedBundle(aManifest(), plane.key))).rejects.toThrow(refusal('EVIDENCE_KEY_INACTIVE'));
    expect(objectsUnder(plane, 'receipts/')).toEqual([]);
    expect(submitted(plane)).toEqual([]);
    checkLedger(plane);
  });
});

describe('a replay', () => {
  it('of evidence whose key has expired since is answered with the first receipt', async () => {
    const bytes = signedBundle(aManifest(), plane.key);
    const first = await plane.submit(bytes);
    plane.clock.set('2040-01-01T00:00:00Z');
    expect(await plane.submit(bytes)).toEqual(answeredAs(first));
    await expect(plane.submit(signedBundle(aManifest({ run_id: 'run-2' }), plane.key))).rejects.toThrow(
      refusal('KEY_EXPIRED'),
    );
  });

  it('of evidence whose key was revoked since is answered with the first receipt', async () => {
    const bytes = signedBundle(aManifest(), plane.key);
    const first = await plane.submit(bytes);
    await revokeKey(plane.registryDeps, plane.key.keyid, { reason: 'lost' }, ADMIN);
    for (const [, twin] of [['itself', bytes] as const, ...twinsOf(bytes)]) {
      expect(await plane.submit(twin)).toEqual(answeredAs(first));
    }
    expect(lostSignatures(plane)).toEqual([]);
  });

  it('with one byte changed is another statement, and its signature does not fit', async () => {
    const bytes = signedPlain(aManifest(), plane.key);
    await plane.submit(bytes);
    const changed = Buffer.from(bytes.toString().replace(digestOf('classifier'), digestOf('another')));
    await expect(plane.submit(changed)).rejects.toThrow(refusal('SIGNATURE_INVALID'));
    expect(submitted(plane)).toHaveLength(1);
  });
});
