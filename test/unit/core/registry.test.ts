import { describe, expect, it } from 'vitest';
import { Predicate } from '../../../lib/contracts/predicates.ts';
import type { ProblemCode } from '../../../lib/contracts/problems.ts';
import {
  checkAuthority,
  checkPrincipal,
  checkValidity,
  findSigner,
  judgeTimestamp,
  type KeyRecord,
  MAX_CLOCK_SKEW_MS,
  MAX_KEYS_PER_PRINCIPAL,
  withKey,
} from '../../../lib/core/registry.ts';
import { type Content, parseSubmission } from '../../../lib/core/submission.ts';
import { derVariants } from '../../support/der-variants.ts';
import { newKey } from '../../support/keys.ts';
import {
  aManifest,
  aScaiReport,
  bytesOf,
  messageOf,
  NOW,
  openBundle,
  signedBundle,
  signedStatement,
} from '../../support/manifests.ts';
import { aKeyRecord, aPrincipal } from '../../support/records.ts';
import { refusal } from '../../support/refusals.ts';

const contentOf = async (changes: Parameters<typeof aManifest>[0] = {}): Promise<Content> =>
  (await parseSubmission(bytesOf(aManifest(changes)), 'manifests')).content;

describe('findSigner', () => {
  const [first, second, edwards, stranger] = [newKey(), newKey(), newKey('ed25519'), newKey()];
  const records = [first, second, edwards].map((key) => aKeyRecord(key));
  const principal = aPrincipal(records);
  const bundle = signedBundle(aManifest(), second);
  const signature = { message: messageOf(bundle), bytes: openBundle(bundle).signature };

  it.each([
    ['names it', second.keyid],
    ['names another key of the principal', first.keyid],
    ['names a key that nobody knows', stranger.keyid],
    ['is empty', ''],
    ['is not there', undefined],
  ])('finds the key that signed when the hint %s', (_, keyHint) => {
    expect(findSigner(principal, { ...signature, keyHint })).toBe(records[1]);
  });

  it('finds a key of each algorithm', () => {
    expect(findSigner(principal, { ...signature, bytes: edwards.sign(signature.message), keyHint: undefined })).toBe(
      records[2],
    );
  });

  it('finds nobody when a strange key signed and its hint says so', () => {
    expect(
      findSigner(principal, { ...signature, bytes: stranger.sign(signature.message), keyHint: stranger.keyid }),
    ).toBeUndefined();
  });

  it.each([
    [
      'a strange key under the hint of a registered one',
      { bytes: stranger.sign(signature.message), keyHint: first.keyid },
    ],
    ['a strange key without a hint', { bytes: stranger.sign(signature.message), keyHint: undefined }],
    ['a signature over other bytes', { bytes: first.sign(Buffer.from('other')), keyHint: first.keyid }],
  ])('refuses %s', (_, changes) => {
    expect(() => findSigner(principal, { ...signature, ...changes })).toThrow(refusal('SIGNATURE_INVALID'));
  });

  it('refuses every signature of a principal without keys', () => {
    expect(() => findSigner(aPrincipal([]), { ...signature, keyHint: undefined })).toThrow(
      refusal('SIGNATURE_INVALID'),
    );
  });

  // 64 bytes are the right length for the Ed25519 key, so raw halves are malformed only where there is none.
  const curves = aPrincipal(records.slice(0, 2));
  it.each(derVariants(signature.bytes))('calls it malformed to send %s', (_, bytes) => {
    expect(() => findSigner(curves, { ...signature, bytes, keyHint: second.keyid })).toThrow(
      refusal('SIGNATURE_MALFORMED'),
    );
  });
});

describe('checkValidity', () => {
  const key = newKey();
  const revoked = { recorded_at: '2026-03-01T00:00:00.000Z', effective_at: '2026-02-01T00:00:00.000Z', reason: 'lost' };
  it.each<[name: string, changes: Partial<KeyRecord>, at: string, code: ProblemCode | undefined]>([
    ['in its validity', {}, NOW, undefined],
    ['at its first instant', {}, '2026-01-01T00:00:00.000Z', undefined],
    ['a millisecond before', {}, '2025-12-31T23:59:59.999Z', 'KEY_NOT_YET_VALID'],
    ['at its last millisecond', {}, '2026-12-31T23:59:59.999Z', undefined],
    ['at its end', {}, '2027-01-01T00:00:00.000Z', 'KEY_EXPIRED'],
    ['once it is revoked', { revoked }, NOW, 'KEY_REVOKED'],
    ['once it is revoked, even for a time before that', { revoked }, '2026-01-15T00:00:00.000Z', 'KEY_REVOKED'],
  ])('judges a key %s', (_, changes, at, code) => {
    const check = () => checkValidity(aKeyRecord(key, changes), new Date(at));
    if (code) expect(check).toThrow(refusal(code));
    else expect(check).not.toThrow();
  });
});

describe('checkAuthority', () => {
  const key = newKey();
  const training = aKeyRecord(key, { role: 'training', stages: ['training'] });
  const officer = aKeyRecord(key, {
    role: 'privacy-officer',
    stages: [],
    predicate_types: [Predicate.scai],
    scai_attributes: ['PRIVACY_REVIEWED'],
  });
  const scai = async (...attributes: string[]): Promise<Content> =>
    (await parseSubmission(signedStatement(aScaiReport(attributes), key), 'attestations')).content;

  it('lets each key state what it has authority for', async () => {
    const content = await contentOf();
    const review = await scai('PRIVACY_REVIEWED', 'PRIVACY_REVIEWED');
    expect(() => checkAuthority(training, content, true)).not.toThrow();
    expect(() => checkAuthority(officer, review, true)).not.toThrow();
  });

  it.each<[name: string, record: KeyRecord, content: Promise<Content>, pointer: string]>([
    ['a training key signing a privacy review', training, scai('PRIVACY_REVIEWED'), '/predicateType'],
    ['a privacy officer signing a training', officer, contentOf(), '/predicateType'],
    ['a training key signing an evaluation', training, contentOf({ stage: 'evaluation' }), '/predicate/stage'],
    ['a privacy officer asserting consent', officer, scai('DATASET_CONSENT'), '/predicate/attributes'],
    [
      'a privacy officer asserting consent beside the review',
      officer,
      scai('PRIVACY_REVIEWED', 'PRIVACY_REVIEWED', 'DATASET_CONSENT'),
      '/predicate/attributes',
    ],
    ['an attribute in another spelling', officer, scai('privacy_reviewed'), '/predicate/attributes'],
    ['a key without any authority', aKeyRecord(key, { predicate_types: [] }), contentOf(), '/predicateType'],
  ])('refuses %s', async (_, record, content, pointer) => {
    const said = await content;
    expect(() => checkAuthority(record, said, true)).toThrow(refusal('KEY_NOT_AUTHORIZED', pointer));
  });

  it('points into a plain manifest where that is what was sent', async () => {
    const content = await contentOf({ stage: 'serving' });
    expect(() => checkAuthority(training, content, false)).toThrow(refusal('KEY_NOT_AUTHORIZED', '/stage'));
    expect(() => checkAuthority(officer, content, false)).toThrow(refusal('KEY_NOT_AUTHORIZED', ''));
  });
});

describe('checkPrincipal', () => {
  const principal = aPrincipal([]);
  it.each([principal.name, principal.arn])('accepts a manifest that names %s', async (name) => {
    const content = await contentOf({ principal: name });
    expect(() => checkPrincipal(principal, content, true)).not.toThrow();
  });

  it.each([
    'another-pipeline',
    principal.unique_id,
    `arn:aws:sts::111122223333:assumed-role/${principal.name}/session`,
    'arn:aws:iam::444455556666:role/training-pipeline',
    principal.name.toUpperCase(),
  ])('refuses one that names %s', async (name) => {
    const content = await contentOf({ principal: name });
    expect(() => checkPrincipal(principal, content, true)).toThrow(
      refusal('PRINCIPAL_MISMATCH', '/predicate/principal'),
    );
    expect(() => checkPrincipal(principal, content, false)).toThrow(refusal('PRINCIPAL_MISMATCH', '/principal'));
  });
});

describe('judgeTimestamp', () => {
  const at = (milliseconds: number): string => new Date(Date.parse(NOW) + milliseconds).toISOString();
  const day = 24 * 60 * 60 * 1000;

  it.each([
    ['now', NOW, []],
    ['now, by another offset', '2026-02-21T13:34:56+01:00', []],
    ['as far ahead as clocks differ', at(MAX_CLOCK_SKEW_MS), []],
    ['a day ago', at(-day), []],
    ['more than a day ago', at(-day - 1), ['late']],
    ['in 1970', '1970-01-01T00:00:00Z', ['late']],
    ['in the year 0', '0000-01-01T00:00:00Z', ['late']],
  ])('flags a timestamp of %s as %j', async (_, timestamp, flags) => {
    expect(judgeTimestamp(await contentOf({ timestamp }), new Date(NOW), true)).toEqual(flags);
  });

  it.each([
    at(MAX_CLOCK_SKEW_MS + 1),
    '9999-12-31T23:59:59Z',
    '9999-12-31T23:59:59-23:59',
    '2026-02-21T12:34:56-01:00',
  ])('refuses %s, which lies in the future', async (timestamp) => {
    const content = await contentOf({ timestamp });
    expect(() => judgeTimestamp(content, new Date(NOW), true)).toThrow(
      refusal('TIMESTAMP_IN_FUTURE', '/predicate/timestamp'),
    );
    expect(() => judgeTimestamp(content, new Date(NOW), false)).toThrow(refusal('TIMESTAMP_IN_FUTURE', '/timestamp'));
  });
});

describe('withKey', () => {
  const revoked = { recorded_at: NOW, effective_at: NOW, reason: 'lost' };
  const keys = Array.from({ length: MAX_KEYS_PER_PRINCIPAL }, (_, i) => ({
    ...aKeyRecord(newKey()),
    keyid: `key ${i}`,
  }));
  const another = aKeyRecord(newKey());

  it('adds a key, and replaces the record of a known one', () => {
    const [known] = keys;
    if (!known) throw new Error('no key');
    const changed = { ...known, revision: 2 };
    expect(withKey(aPrincipal([known]), another)).toEqual([known, another]);
    expect(withKey(aPrincipal(keys), changed)).toEqual([...keys.slice(1), changed]);
  });

  it('refuses one key too many', () => {
    expect(() => withKey(aPrincipal(keys), another)).toThrow(refusal('REQUEST_INVALID', '/public_key'));
  });

  it('makes room by dropping the oldest revoked key', () => {
    const some = keys.map((key, i) => (i === 3 || i === 7 ? { ...key, revoked } : key));
    expect(withKey(aPrincipal(some), another)).toEqual([...some.filter((_, i) => i !== 3), another]);
  });
});
