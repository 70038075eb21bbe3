import { describe, expect, it } from 'vitest';
import type { VerificationReport } from '../../../cli/verify/report.ts';
import { verify, verifyArtifact } from '../../../cli/verify/verify.ts';
import { putArtifact } from '../../../lib/app/put-artifact.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { KEY_ALGORITHMS, parsePublicKey } from '../../../lib/core/keys.ts';
import { caller, controlPlane } from '../../support/control-plane.ts';
import { newKey, signedPayload } from '../../support/keys.ts';
import {
  aManifest,
  aScaiReport,
  bytesOf,
  PIPELINE,
  signedBundle,
  signedEnvelope,
  signedPlain,
  signedStatement,
  twinsOf,
} from '../../support/manifests.ts';
import { signedDecision, verdict } from './decisions.ts';

const plane = await controlPlane();
const producer = parsePublicKey(plane.key.pem);
const evidenceKeys = [parsePublicKey(plane.signer.key.pem)];
const bundle = signedBundle(aManifest(), plane.key);
const { record } = await plane.submit(bundle);
const receipt = Buffer.from(record.receipt ?? '');
const stranger = newKey();

const failures = ({ checks }: VerificationReport) =>
  checks.filter(({ result }) => result === 'fail').map(({ name }) => name);
const unchecked = ({ checks }: VerificationReport) =>
  checks.filter(({ result }) => result === 'not-checked').map(({ name }) => name);

describe('a signature', () => {
  it.each(KEY_ALGORITHMS)('by %s is verified with the key that is trusted', async (algorithm) => {
    const key = newKey(algorithm);
    const report = await verify(signedBundle(aManifest(), key), { keys: [parsePublicKey(key.pem)] });
    expect(report).toMatchObject({ verdict: 'verified', kind: 'attestation' });
    expect(unchecked(report)).toEqual(['receipt']);
  });

  it.each([
    ['a DSSE envelope', signedEnvelope(aManifest(), plane.key), 'attestation'],
    ['a plain manifest', signedPlain(aManifest(), plane.key), 'manifest'],
    ['a SCAI report', signedStatement(aScaiReport(['PRIVACY_REVIEWED']), plane.key), 'attestation'],
  ])('of %s is verified too', async (_what, bytes, kind) => {
    expect(await verify(bytes, { keys: [producer] })).toMatchObject({ verdict: 'verified', kind });
  });

  it.each(twinsOf(bundle))('verifies in a twin: %s', async (_name, twin) => {
    expect((await verify(twin, { keys: [producer] })).verdict).toBe('verified');
  });

  it('without a trusted key proves nothing', async () => {
    const report = await verify(bundle);
    expect(report.verdict).toBe('unverified');
    expect(unchecked(report)).toEqual(['signature', 'receipt']);
  });

  it('by somebody else fails', async () => {
    const report = await verify(bundle, { keys: [parsePublicKey(stranger.pem)] });
    expect(report.verdict).toBe('failed');
    expect(failures(report)).toEqual(['signature']);
  });

  it('over other bytes fails, and the report names the key that it claims', async () => {
    const statement = JSON.parse(Buffer.from(JSON.parse(bundle.toString()).dsseEnvelope.payload, 'base64').toString());
    const forged = signedPayload(bytesOf(statement), stranger, plane.key.keyid);
    const report = await verify(forged, { keys: [producer] });
    expect(report.checks.find(({ result }) => result === 'fail')?.detail).toContain('the key that it names');
  });

  it('is missed in an unsigned manifest', async () => {
    expect(failures(await verify(bytesOf(aManifest()), { keys: [producer] }))).toEqual(['signature']);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['no JSON', Buffer.from('hello')],
    ['two signatures', Buffer.from(bundle.toString().replace(/"signatures":\[(.*?)\]/, '"signatures":[$1,$1]'))],
    ['a manifest that does not fit its schema', signedPlain(aManifest({ stage: 'cooking' }), plane.key)],
  ])('is not looked for in %s', async (_what, bytes) => {
    expect(await verify(bytes, { keys: [producer] })).toMatchObject({ verdict: 'failed' });
  });
});

describe('a receipt', () => {
  it('that belongs to the evidence is verified with it', async () => {
    const report = await verify(bundle, { keys: [producer], evidenceKeys, receipt });
    expect(report).toMatchObject({ verdict: 'verified', sha256: record.sha256 });
    expect(failures(report)).toEqual([]);
    expect(unchecked(report)).toEqual([]);
  });

  it('for other bytes is found out, even for a twin of the same statement', async () => {
    for (const [, twin] of twinsOf(bundle)) {
      const report = await verify(twin, { keys: [producer], evidenceKeys, receipt });
      expect(failures(report)).toEqual(['receipt belongs to it']);
    }
  });

  it('by another key than the trusted one is found out', async () => {
    const report = await verify(bundle, { keys: [producer], evidenceKeys: [producer], receipt });
    expect(failures(report)).toEqual(["receipt's signature"]);
  });

  it('that was made up is found out', async () => {
    const { dsseEnvelope } = JSON.parse(receipt.toString());
    const payload = Buffer.from(dsseEnvelope.payload, 'base64');
    const forged = signedPayload(payload, stranger, plane.signer.key.keyid);
    const report = await verify(bundle, { keys: [producer], evidenceKeys, receipt: forged });
    expect(report.verdict).toBe('failed');
    expect(failures(report)).toEqual(["receipt's signature"]);
  });

  it('that is none is found out', async () => {
    expect(failures(await verify(bundle, { keys: [producer], evidenceKeys, receipt: bundle }))).toEqual(['receipt']);
    expect(failures(await verify(bundle, { keys: [producer], receipt: Buffer.from('{}') }))).toEqual(['receipt']);
  });

  it('without the evidence key is held against the evidence, and its signature is not checked', async () => {
    const report = await verify(bundle, { keys: [producer], receipt });
    expect(unchecked(report)).toEqual(["receipt's signature"]);
  });

  it('alone is verified, and says which file it is for', async () => {
    const report = await verify(receipt, { evidenceKeys });
    expect(report).toMatchObject({ verdict: 'verified', kind: 'receipt', subjects: [record.sha256] });
    expect(unchecked(report)).toEqual(['evidence']);
    expect((await verify(receipt)).verdict).toBe('unverified');
    expect((await verify(receipt, { evidenceKeys: [producer] })).verdict).toBe('failed');
  });
});

describe('an artifact', () => {
  const bytes = Buffer.from('some artifact');
  const artifact = { sha256: sha256Hex(bytes), size: bytes.length };

  const receiptFor = async () => {
    const until = new Date('2027-01-01T00:00:00Z');
    plane.bucket.upload(artifact.sha256, bytes, { contentType: 'text/plain', retainUntil: until });
    const request = { ...artifact, media_type: 'text/plain', environment: 'experimental' } as const;
    const outcome = await putArtifact(plane.artifactDeps, request, caller(PIPELINE));
    if (!('record' in outcome)) throw new Error('the artifact is not evidence');
    return Buffer.from(outcome.record.receipt ?? '');
  };

  it('is verified by its receipt alone', async () => {
    const itsReceipt = await receiptFor();
    expect(verifyArtifact(artifact, itsReceipt, { evidenceKeys })).toMatchObject({
      verdict: 'verified',
      kind: 'artifact',
    });
    expect(verifyArtifact(artifact, itsReceipt, {}).verdict).toBe('unverified');
    expect(verifyArtifact({ ...artifact, size: 1 }, itsReceipt, { evidenceKeys }).verdict).toBe('failed');
    expect(verifyArtifact(artifact, receipt, { evidenceKeys }).verdict).toBe('failed');
  });
});

describe('an event of the control plane', () => {
  it('counts only under the evidence key', async () => {
    const payload = bytesOf({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { sha256: 'a'.repeat(64) } }],
      predicateType: 'https://countersign.dev/key-event/v1',
      predicate: {},
    });
    const own = signedPayload(payload, plane.signer.key);
    expect(await verify(own, { evidenceKeys })).toMatchObject({ verdict: 'verified', kind: 'event' });
    const forged = signedPayload(payload, plane.key);
    expect(await verify(forged, { keys: [producer], evidenceKeys })).toMatchObject({
      verdict: 'failed',
      kind: 'event',
    });
  });
});

describe('a decision of a gate', () => {
  const result = { verdicts: [verdict({ verdict: 'fail' })], warnings: [] };
  const decision = signedDecision(plane.signer.key, { result });

  it('is verified with the evidence key, and tells its result', async () => {
    const report = await verify(decision, { evidenceKeys });
    expect(report).toMatchObject({ verdict: 'verified', kind: 'decision', sha256: sha256Hex(decision) });
    expect(report.checks.at(-1)?.detail).toContain('it says FAILED for production');
  });

  it('counts only under the evidence key, whoever else may sign verification summaries', async () => {
    const forged = signedDecision(plane.key, { result });
    expect(failures(await verify(forged, { keys: [producer], evidenceKeys }))).toEqual(['signature']);
    expect((await verify(forged, { keys: [producer] })).verdict).toBe('unverified');
  });
});
