import { describe, expect, it } from 'vitest';
import { BUNDLE_MEDIA_TYPE, bundleBytes, parseBundle } from '../../../lib/core/bundle.ts';
import { asObject } from '../../support/keys.ts';
import { refusal } from '../../support/refusals.ts';

const payload = Buffer.from('{}');
const signature = Buffer.from([1, 2, 3]);
const bundle = asObject(bundleBytes(payload, signature, 'ab'));
const material = { publicKey: { hint: 'ab' }, tlogEntries: [] };

describe('a Sigstore bundle', () => {
  it('is read as it was written', () => {
    expect(parseBundle(bundle)).toMatchObject({ payload, signature, keyHint: 'ab' });
  });

  it('is written as canonical JSON with the keyid as its hint alone, because cosign skips a signature with a keyid that it does not know', () => {
    expect(bundleBytes(payload, signature, 'ab').toString()).toBe(
      '{"dsseEnvelope":{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AQID"}]},' +
        '"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",' +
        '"verificationMaterial":{"publicKey":{"hint":"ab"},"tlogEntries":[]}}',
    );
  });

  it.each<[name: string, verificationMaterial: Record<string, unknown>, keyHint: string]>([
    ['the hint of the material before the keyid of the signature', { publicKey: { hint: 'other' } }, 'other'],
    ['the keyid of the signature when the hint is empty', { publicKey: { hint: '' } }, 'ab'],
    ['the keyid of the signature when there is no hint', { publicKey: {} }, 'ab'],
  ])('takes %s', (_, verificationMaterial, keyHint) => {
    const dsseEnvelope = {
      ...asObject(Buffer.from(JSON.stringify(bundle.dsseEnvelope))),
      signatures: [{ sig: 'AQID', keyid: 'ab' }],
    };
    const changed = asObject(Buffer.from(JSON.stringify({ ...bundle, dsseEnvelope, verificationMaterial })));
    expect(parseBundle(changed).keyHint).toBe(keyHint);
  });

  it('may carry transparency log entries and timestamps, which are kept and not relied on', () => {
    const rich = {
      ...material,
      tlogEntries: [{ logIndex: '1' }],
      timestampVerificationData: { rfc3161Timestamps: [] },
    };
    expect(parseBundle({ ...bundle, verificationMaterial: rich }).keyHint).toBe('ab');
  });

  it('may bear the older name of its media type', () => {
    expect(parseBundle({ ...bundle, mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.3' })).toBeDefined();
  });

  it.each<[name: string, changes: object, code: 'BUNDLE_INVALID' | 'ENVELOPE_INVALID', pointer: string]>([
    ['no media type', { mediaType: null }, 'BUNDLE_INVALID', '/mediaType'],
    ['version 0.1', { mediaType: BUNDLE_MEDIA_TYPE.replace('v0.3', 'v0.1') }, 'BUNDLE_INVALID', '/mediaType'],
    [
      'version 0.2',
      { mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.2' },
      'BUNDLE_INVALID',
      '/mediaType',
    ],
    ['no verification material', { verificationMaterial: null }, 'BUNDLE_INVALID', '/verificationMaterial'],
    [
      'a certificate',
      { verificationMaterial: { certificate: { rawBytes: '' } } },
      'BUNDLE_INVALID',
      '/verificationMaterial',
    ],
    [
      'a chain of certificates',
      { verificationMaterial: { x509CertificateChain: {} } },
      'BUNDLE_INVALID',
      '/verificationMaterial',
    ],
    [
      'a key and a certificate',
      { verificationMaterial: { ...material, certificate: {} } },
      'BUNDLE_INVALID',
      '/verificationMaterial',
    ],
    [
      'the key itself',
      { verificationMaterial: { publicKey: { rawBytes: '' } } },
      'BUNDLE_INVALID',
      '/verificationMaterial/publicKey',
    ],
    ['a message signature', { messageSignature: {} }, 'BUNDLE_INVALID', ''],
    ['no envelope', { dsseEnvelope: null }, 'ENVELOPE_INVALID', '/dsseEnvelope'],
    [
      'an envelope without signatures',
      { dsseEnvelope: { payload: '', payloadType: '', signatures: [] } },
      'ENVELOPE_INVALID',
      '/dsseEnvelope/signatures',
    ],
  ])('is refused with %s', (_, changes, code, pointer) => {
    const value = asObject(Buffer.from(JSON.stringify({ ...bundle, ...changes })));
    expect(() => parseBundle(value)).toThrow(refusal(code, pointer));
  });
});
