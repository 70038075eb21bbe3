import { createHash, ECDH, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hintNames, isStrictDer, parsePublicKey, verifySignature } from '../../../lib/core/keys.ts';
import { derVariants } from '../../support/der-variants.ts';
import { der, halvesOf, P256_ORDER, signDigest, twinSignature } from '../../support/ecdsa.ts';
import { newKey } from '../../support/keys.ts';
import { refusal } from '../../support/refusals.ts';

const ALGORITHMS = ['ecdsa-p256-sha256', 'ecdsa-p384-sha384', 'ed25519'] as const;
const message = Buffer.from('what is signed');
const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });
const pemOf = (bytes: Buffer): string =>
  `-----BEGIN PUBLIC KEY-----\n${bytes.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END PUBLIC KEY-----\n`;

describe('parsePublicKey', () => {
  it.each(ALGORITHMS)('reads %s, and names it by the digest of its PEM', (algorithm) => {
    const { pem } = newKey(algorithm);
    expect(parsePublicKey(pem)).toMatchObject({
      algorithm,
      pem,
      keyid: createHash('sha256').update(pem).digest('hex'),
    });
  });

  it('names a key the same however its PEM is spaced', () => {
    const { pem, keyid } = newKey();
    for (const spaced of [pem.trimEnd(), pem.replaceAll('\n', '\r\n'), `\n\n${pem}\n`]) {
      expect(parsePublicKey(spaced)).toMatchObject({ keyid, pem });
    }
  });

  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const head = spki(publicKey).subarray(0, -65);
  const point = spki(publicKey).subarray(-65);
  const otherForm = (form: 'compressed' | 'hybrid'): Buffer =>
    Buffer.from(ECDH.convertKey(point, 'prime256v1', undefined, 'hex', form).toString(), 'hex');
  const withPoint = (bytes: Buffer): string => {
    const algorithm = head.subarray(2, -3);
    const bits = Buffer.concat([Buffer.from([0x03, bytes.length + 1, 0x00]), bytes]);
    return pemOf(Buffer.concat([Buffer.from([0x30, algorithm.length + bits.length]), algorithm, bits]));
  };
  const changed = (at: number): Buffer => Buffer.from(point.map((byte, index) => (index === at ? byte ^ 1 : byte)));

  it('reads a point that is written as openssl writes it', () => {
    expect(parsePublicKey(withPoint(point)).pem).toBe(publicKey.export({ type: 'spki', format: 'pem' }));
  });

  it.each([
    ['nothing', ''],
    ['text', 'ssh-ed25519 AAAA'],
    ['a PEM of nothing', pemOf(Buffer.alloc(0))],
    ['a PEM that is cut short', pemOf(spki(publicKey).subarray(0, 40))],
    ['a private key', newKey().privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
    ['RSA', pemOf(spki(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey))],
    ['P-521', pemOf(spki(generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey))],
    ['secp256k1', pemOf(spki(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey))],
    ['Ed448', pemOf(spki(generateKeyPairSync('ed448').publicKey))],
    ['X25519', pemOf(spki(generateKeyPairSync('x25519').publicKey))],
    ['a point whose y is off the curve', withPoint(changed(64))],
    ['a point whose x is off the curve', withPoint(changed(32))],
    ['the point at infinity', withPoint(Buffer.from([0x00]))],
    ['coordinates beyond the field', withPoint(Buffer.concat([Buffer.from([0x04]), Buffer.alloc(64, 0xff)]))],
    [
      'a P-256 point under the name of P-384',
      pemOf(
        Buffer.from(spki(publicKey).toString('hex').replace('06082a8648ce3d030107', '06052b8104002201070a'), 'hex'),
      ),
    ],
    ['a compressed point, which would be a second keyid of one key', withPoint(otherForm('compressed'))],
    ['a hybrid point, which would be a third', withPoint(otherForm('hybrid'))],
  ])('refuses %s', (_, pem) => {
    expect(() => parsePublicKey(pem)).toThrow(refusal('KEY_INVALID', '/public_key'));
  });

  it('refuses a curve that is written out, which would be a fourth', () => {
    const explicit = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).publicKey;
    expect(() => parsePublicKey(pemOf(spki(explicit)))).toThrow(refusal('KEY_INVALID', '/public_key'));
  });
});

describe('verifySignature', () => {
  it.each(ALGORITHMS)('tells valid, invalid and malformed signatures of %s apart', (algorithm) => {
    const key = newKey(algorithm);
    const publicKey = parsePublicKey(key.pem);
    const signature = key.sign(message);
    expect(verifySignature(publicKey, message, signature)).toBe('valid');
    expect(verifySignature(publicKey, Buffer.from('other bytes'), signature)).toBe('invalid');
    expect(verifySignature(publicKey, message, newKey(algorithm).sign(message))).toBe('invalid');
    expect(verifySignature(publicKey, message, signature.subarray(1))).toBe('malformed');
    expect(verifySignature(publicKey, message, Buffer.concat([signature, Buffer.alloc(1)]))).toBe('malformed');
  });

  const key = newKey();
  const publicKey = parsePublicKey(key.pem);
  const signature = key.sign(message);

  it('accepts both signatures of the pair with low and high S: KMS makes either', () => {
    for (const one of [signature, twinSignature(signature)]) {
      expect(verifySignature(publicKey, message, one)).toBe('valid');
    }
  });

  it('accepts what is signed over a digest, as by KMS, with short halves too', () => {
    const digest = createHash('sha256').update(message).digest();
    const lengths = new Set<number>();
    for (let i = 0; i < 200; i++) {
      const one = signDigest(key.privateKey, digest);
      lengths.add(one.length);
      expect(verifySignature(publicKey, message, one)).toBe('valid');
    }
    expect(lengths.size).toBeGreaterThan(2);
  });

  it.each(derVariants(signature))('calls %s malformed', (_, bytes) => {
    expect(verifySignature(publicKey, message, bytes)).toBe('malformed');
  });

  it.each([
    ['r = n', { r: P256_ORDER, s: halvesOf(signature).s }],
    ['s = n', { r: halvesOf(signature).r, s: P256_ORDER }],
    ['s + n, while it still fits', { r: halvesOf(signature).r, s: P256_ORDER + 1n }],
    ['r = s = 1', { r: 1n, s: 1n }],
    ['r and s exchanged', { r: halvesOf(signature).s, s: halvesOf(signature).r }],
  ])('calls %s invalid', (_, halves) => {
    expect(verifySignature(publicKey, message, der(halves))).toBe('invalid');
  });

  it('allows P-384 the wider numbers of its field', () => {
    const wide = newKey('ecdsa-p384-sha384').sign(message);
    expect(isStrictDer(wide, 48)).toBe(true);
    expect(isStrictDer(wide, 32)).toBe(false);
  });
});

describe('hintNames', () => {
  const { pem } = newKey();
  const key = parsePublicKey(pem);
  it.each([
    ['our keyid', key.keyid, true],
    ["cosign's digest of the DER", createHash('sha256').update(spki(key.key)).digest('base64'), true],
    ['the digest of the DER in hexadecimal', createHash('sha256').update(spki(key.key)).digest('hex'), false],
    ['upper case', key.keyid.toUpperCase(), false],
    ['an empty hint', '', false],
    ['no hint', undefined, false],
  ])('on %s', (_, hint, named) => {
    expect(hintNames(hint, key)).toBe(named);
  });
});
