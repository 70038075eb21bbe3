import { describe, expect, it } from 'vitest';
import { MAX_DIGESTS, parseStatement } from '../../../lib/core/statement.ts';
import { aStatement, digestOf } from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';

const subject = (changes: object = {}) => [{ name: 'model', digest: { sha256: digestOf('model') }, ...changes }];
const many = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ digest: { sha256: digestOf(`file ${i}`) } }));

describe('parseStatement', () => {
  it('gives subjects, predicate type and predicate', () => {
    expect(parseStatement(aStatement())).toMatchObject({
      subject: [{ name: 'classifier', digest: { sha256: digestOf('classifier') } }],
      predicateType: 'https://countersign.dev/manifest/v1',
      predicate: { run_id: 'run-1' },
    });
  });

  it.each<[name: string, changes: object]>([
    [
      'every field of a resource descriptor',
      { uri: 'pkg:x', content: '', downloadLocation: 'https://x', mediaType: 'a/b', annotations: { a: 1 } },
    ],
    [
      'digests by other algorithms beside sha256',
      { digest: { sha256: digestOf('m'), sha512: 'ab', gitCommit: '0'.repeat(40) } },
    ],
    ['no name', { name: undefined }],
  ])('takes a subject with %s', (_, changes) => {
    expect(parseStatement({ ...aStatement(), subject: subject(changes) })).toBeDefined();
  });

  it('takes as many subjects as can be indexed', () => {
    expect(parseStatement({ ...aStatement(), subject: many(MAX_DIGESTS) }).subject).toHaveLength(64);
  });

  it.each<[name: string, changes: object, pointer: string]>([
    ['Statement v0.1', { _type: 'https://in-toto.io/Statement/v0.1' }, '/_type'],
    ['no type', { _type: undefined }, '/_type'],
    ['no subjects', { subject: [] }, '/subject'],
    ['more subjects than can be indexed', { subject: many(MAX_DIGESTS + 1) }, '/subject'],
    ['subjects that are no list', { subject: {} }, '/subject'],
    ['a subject without a digest', { subject: subject({ digest: undefined }) }, '/subject/0/digest'],
    [
      'a subject with another digest only',
      { subject: [...subject(), { digest: { sha512: 'ab' } }] },
      '/subject/1/digest/sha256',
    ],
    ['an unknown field in a subject', { subject: subject({ size: 1 }) }, '/subject/0'],
    ['a name that is no text', { subject: subject({ name: 1 }) }, '/subject/0/name'],
    [
      'a digest by another algorithm in upper case',
      { subject: subject({ digest: { sha256: digestOf('m'), sha1: 'AB' } }) },
      '/subject/0/digest/sha1',
    ],
    [
      'a digest by another algorithm that is a number',
      { subject: subject({ digest: { sha256: digestOf('m'), sha1: 1 } }) },
      '/subject/0/digest/sha1',
    ],
    ['no predicate type', { predicateType: '' }, '/predicateType'],
    ['no predicate', { predicate: undefined }, '/predicate'],
    ['a predicate that is no object', { predicate: [] }, '/predicate'],
    ['an unknown field', { extra: 1 }, ''],
  ])('refuses %s', (_, changes, pointer) => {
    expect(() => parseStatement({ ...aStatement(), ...changes })).toThrow(refusal('STATEMENT_INVALID', pointer));
  });

  it.each([
    ['upper case', digestOf('m').toUpperCase()],
    ['63 characters', digestOf('m').slice(1)],
    ['65 characters', `${digestOf('m')}0`],
    ['a prefix', `sha256:${digestOf('m')}`],
    ['other characters', 'g'.repeat(64)],
    ['nothing', ''],
    ['a line break at the end', `${digestOf('m')}\n`],
  ])('refuses a sha256 with %s by a code of its own', (_, sha256) => {
    expect(() => parseStatement({ ...aStatement(), subject: subject({ digest: { sha256 } }) })).toThrow(
      refusal('DIGEST_INVALID', '/subject/0/digest/sha256'),
    );
  });
});
