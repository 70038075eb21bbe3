import { createPublicKey, generateKeyPairSync, type KeyObject, scryptSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { describe, expect, it } from 'vitest';
import { parsePrivateKey } from '../../lib/core/key-files/index.ts';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/cosign/${name}`, import.meta.url), 'utf8');
const publicPem = (key: KeyObject) => createPublicKey(key).export({ type: 'spki', format: 'pem' });

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
const ed25519 = generateKeyPairSync('ed25519').privateKey;
const pkcs8 = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const sec1 = (key: KeyObject) => key.export({ type: 'sec1', format: 'pem' }).toString();
const LOCK = { cipher: 'aes-256-cbc', passphrase: 'secret' };

const refusal = (message: RegExp) =>
  expect.objectContaining({ code: 'KEY_INVALID', message: expect.stringMatching(message) });

describe('parsePrivateKey on PEM', () => {
  it.each([
    ['PKCS#8 P-256', p256, pkcs8(p256)],
    ['PKCS#8 P-384', p384, pkcs8(p384)],
    ['PKCS#8 Ed25519', ed25519, pkcs8(ed25519)],
    ['SEC1 P-256', p256, sec1(p256)],
    ['SEC1 P-384', p384, sec1(p384)],
    [
      'SEC1 after the parameters of its curve',
      p256,
      `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${sec1(p256)}`,
    ],
    ['a file with CRLF and a remark', p256, `my key\r\n${pkcs8(p256).replaceAll('\n', '\r\n')}`],
  ])('reads %s', (_, key, pem) => {
    expect(parsePrivateKey(pem).equals(key)).toBe(true);
    expect(parsePrivateKey(pem, 'a password that is not needed').equals(key)).toBe(true);
  });

  it.each([
    ['PKCS#8', p256.export({ type: 'pkcs8', format: 'pem', ...LOCK }).toString()],
    ['SEC1', p256.export({ type: 'sec1', format: 'pem', ...LOCK }).toString()],
  ])('reads encrypted %s with its password alone', (_, pem) => {
    expect(parsePrivateKey(pem, 'secret').equals(p256)).toBe(true);
    expect(() => parsePrivateKey(pem)).toThrow(refusal(/encrypted and no password was given/));
    expect(() => parsePrivateKey(pem, 'wrong')).toThrow(refusal(/password does not open it/));
  });

  it.each([
    ['RSA', pkcs8(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey), /is rsa; it must be ECDSA P-256/],
    [
      'RSA in PKCS#1',
      '-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n',
      /holds RSA PRIVATE KEY/,
    ],
    ['P-521', pkcs8(generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey), /is secp521r1/],
    ['secp256k1', sec1(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey), /is secp256k1/],
    ['X25519', pkcs8(generateKeyPairSync('x25519').privateKey), /is x25519/],
    ['OpenSSH', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n', /format of OpenSSH/],
    ['a public key', fixture('throw-away.pub'), /holds a public key/],
    ['two private keys', pkcs8(p256) + pkcs8(p384), /more than one private key/],
    ['a damaged key', pkcs8(p256).replace(/\n.{8}/, '\nAAAAAAAA'), /does not parse/],
    ['a truncated file', pkcs8(p256).slice(0, 100), /no private key in PEM form/],
    ['an empty file', '', /no private key in PEM form/],
  ])('refuses %s', (_, pem, message) => {
    expect(() => parsePrivateKey(pem)).toThrow(refusal(message));
  });
});

describe('parsePrivateKey on a key file of cosign', () => {
  const key = fixture('throw-away.key');
  const container = () => JSON.parse(Buffer.from(key.split('\n').slice(1, -2).join(''), 'base64').toString());
  const pem = (content: unknown, label = 'ENCRYPTED SIGSTORE PRIVATE KEY') =>
    `-----BEGIN ${label}-----\n${Buffer.from(JSON.stringify(content)).toString('base64')}\n-----END ${label}-----\n`;

  it('opens what cosign made', () => {
    expect(publicPem(parsePrivateKey(key, 'throw-away'))).toBe(fixture('throw-away.pub'));
  });

  it('opens a file with the label that cosign used before version 2', () => {
    const old = key.replaceAll('SIGSTORE', 'COSIGN');
    expect(publicPem(parsePrivateKey(old, 'throw-away'))).toBe(fixture('throw-away.pub'));
  });

  it('refuses a wrong password, and none, without telling more', () => {
    for (const password of ['wrong', '', undefined]) {
      expect(() => parsePrivateKey(key, password)).toThrow(refusal(/^the password does not open the key file$/));
    }
  });

  it('opens a file that was made with an empty password', () => {
    const salt = Buffer.alloc(32, 1);
    const nonce = Buffer.alloc(24, 2);
    const der = ed25519.export({ type: 'pkcs8', format: 'der' });
    const box = xsalsa20poly1305(scryptSync('', salt, 32, { N: 2, r: 8, p: 1 }), nonce).encrypt(der);
    const file = pem({
      kdf: { name: 'scrypt', params: { N: 2, r: 8, p: 1 }, salt: salt.toString('base64') },
      cipher: { name: 'nacl/secretbox', nonce: nonce.toString('base64') },
      ciphertext: Buffer.from(box).toString('base64'),
    });
    expect(parsePrivateKey(file).equals(ed25519)).toBe(true);
  });

  it.each([
    ['another key derivation', { kdf: { name: 'argon2' } }, /scrypt/],
    ['another cipher', { cipher: { name: 'aes' } }, /nacl\/secretbox/],
    ['a nonce of another length', { cipher: { nonce: 'AAAA' } }, /24 bytes/],
    ['a salt that is not base64', { kdf: { salt: '*' } }, /base64/],
    ['more work than cosign asks for', { kdf: { params: { N: 2 ** 30, r: 8, p: 1 } } }, /asks for more work/],
    ['scrypt parameters that cannot be', { kdf: { params: { N: 3, r: 8, p: 1 } } }, /cannot be/],
    ['a changed ciphertext', { ciphertext: Buffer.alloc(64).toString('base64') }, /password does not open/],
    ['no ciphertext', { ciphertext: '' }, /longer than/],
  ])('refuses %s', (_, change: Record<string, unknown>, message) => {
    const content = container();
    for (const [field, value] of Object.entries(change)) {
      content[field] = typeof value === 'string' ? value : { ...content[field], ...Object(value) };
    }
    expect(() => parsePrivateKey(pem(content), 'throw-away')).toThrow(refusal(message));
  });

  it('refuses a container that is not JSON', () => {
    const label = 'ENCRYPTED SIGSTORE PRIVATE KEY';
    expect(() => parsePrivateKey(`-----BEGIN ${label}-----\nAAAA\n-----END ${label}-----\n`, 'x')).toThrow(
      refusal(/not JSON/),
    );
  });
});
