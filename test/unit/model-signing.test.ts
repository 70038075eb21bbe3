import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Predicate } from '../../lib/contracts/predicates.ts';
import { parseBundle } from '../../lib/core/bundle.ts';
import { sha256Hex } from '../../lib/core/digest.ts';
import { preAuthEncoding } from '../../lib/core/dsse.ts';
import { parseStrictJson } from '../../lib/core/json.ts';
import { parsePublicKey, verifySignature } from '../../lib/core/keys.ts';
import { modelSigningStatement, rootDigest, validateModelSigning } from '../../lib/core/model-signing.ts';
import { NO_FACTS } from '../../lib/core/predicates/facts.ts';
import { validatePredicate } from '../../lib/core/predicates/index.ts';
import { parseStatement, type Statement } from '../../lib/core/statement.ts';
import { withValue } from './predicates/refusals.ts';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/model-signing/${name}`, import.meta.url));

function reference(name: string): Statement {
  const signed = parseBundle(parseStrictJson(fixture(name)));
  const message = preAuthEncoding(signed.payloadType, signed.payload);
  expect(verifySignature(parsePublicKey(fixture('key.pub').toString()), message, signed.signature)).toBe('valid');
  return parseStatement(parseStrictJson(signed.payload));
}

const files = [
  { path: 'é.txt', sha256: sha256Hex('5') },
  { path: 'sub/w.bin', sha256: sha256Hex('33') },
  { path: 'a/b', sha256: sha256Hex('1') },
  { path: 'a-b', sha256: sha256Hex('2') },
];

const made = parseStatement(modelSigningStatement('model', files));

/** What is said of the statement when one value of its predicate is another. */
function refusalOf(pointer: string, value: unknown): unknown {
  try {
    validateModelSigning(withValue(made.predicate, pointer, value), made.subject);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('signatures of the reference implementation', () => {
  it.each(['files.sig', 'shards.sig'])('%s is read and its root digest computes', async (name) => {
    const { predicateType, predicate, subject } = reference(name);
    expect(await validatePredicate(predicateType, predicate, subject)).toEqual(NO_FACTS);
  });
});

describe('modelSigningStatement', () => {
  it('lists files in the order of code points and signs their root', () => {
    const { resources } = Object(made.predicate);
    expect(resources.map(({ name }: { name: string }) => name)).toEqual(['a-b', 'a/b', 'sub/w.bin', 'é.txt']);
    expect(made).toMatchObject({
      predicateType: Predicate.modelSigning,
      subject: [
        { name: 'model', digest: { sha256: rootDigest(['2', '1', '33', '5'].map((text) => sha256Hex(text))) } },
      ],
      predicate: {
        serialization: {
          method: 'files',
          hash_type: 'sha256',
          allow_symlinks: false,
          ignore_paths: ['.git', '.gitattributes', '.github', '.gitignore'],
        },
      },
    });
  });

  it('orders beyond the basic plane by code point and not by UTF-16 unit', () => {
    const sha256 = sha256Hex('');
    const { predicate } = parseStatement(
      modelSigningStatement('m', [
        { path: '\u{1f600}', sha256 },
        { path: '\uff01', sha256 },
      ]),
    );
    expect(predicate).toMatchObject({ resources: [{ name: '\uff01' }, { name: '\u{1f600}' }] });
  });

  it('gives the root of the digests as raw bytes', () => {
    const digests = [sha256Hex('1'), sha256Hex('2')];
    expect(rootDigest(digests)).toBe(sha256Hex(Buffer.from(digests.join(''), 'hex')));
  });

  it.each([
    ['no files', [], { pointer: '/predicate/resources' }],
    ['an absolute path', [{ path: '/a', sha256: sha256Hex('') }], { pointer: '/predicate/resources/0/name' }],
    ['a digest of another form', [{ path: 'a', sha256: 'ab' }], { code: 'DIGEST_INVALID' }],
    ['a file that a verifier ignores', [{ path: '.git/config', sha256: sha256Hex('') }], { code: 'PREDICATE_INVALID' }],
  ])('refuses %s', (_, some, error) => {
    expect(() => modelSigningStatement('model', some)).toThrow(expect.objectContaining(error));
  });
});

describe('a model signing predicate', () => {
  it('may say more of a resource, as its specification allows', () => {
    expect(refusalOf('/resources/0/mediaType', 'text/plain')).toBeUndefined();
  });

  it.each([
    ['/extra', 1, '/predicate'],
    ['/serialization/extra', 1, '/predicate/serialization'],
    ['/resources', [], '/predicate/resources'],
    ['/resources/1/name', '', '/predicate/resources/1/name'],
    ['/resources/1/name', './a', '/predicate/resources/1/name'],
    ['/resources/1/name', 'a/../b', '/predicate/resources/1/name'],
    ['/resources/1/name', 'a//b', '/predicate/resources/1/name'],
    ['/resources/1/name', 'a/', '/predicate/resources/1/name'],
    ['/resources/1/name', 'a-b', '/predicate/resources/1/name'],
    ['/resources/1/algorithm', 'md5', '/predicate/resources/1/algorithm'],
    ['/resources/1/algorithm', 'blake3', '/predicate/resources/1/algorithm'],
    ['/serialization/method', 'zip', '/predicate/serialization/method'],
    ['/serialization/method', 'shards', '/predicate/serialization/shard_size'],
    ['/serialization/shard_size', 10, '/predicate/serialization/shard_size'],
    ['/serialization/allow_symlinks', 'no', '/predicate/serialization/allow_symlinks'],
    ['/serialization/ignore_paths', [''], '/predicate/serialization/ignore_paths/0'],
  ])('is refused when %s is %j', (pointer, value, named) => {
    expect(refusalOf(pointer, value)).toMatchObject({ code: 'PREDICATE_INVALID', pointer: named });
  });

  it('is refused when a digest has another form', () => {
    for (const digest of [sha256Hex('').toUpperCase(), 'ab', `${sha256Hex('')}0`]) {
      expect(refusalOf('/resources/0/digest', digest)).toMatchObject({
        code: 'DIGEST_INVALID',
        pointer: '/predicate/resources/0/digest',
      });
    }
  });

  it('is refused when the subject is not its root', () => {
    expect(refusalOf('/resources/0/digest', sha256Hex('other bytes'))).toMatchObject({
      code: 'PREDICATE_INVALID',
      pointer: '/subject/0/digest/sha256',
    });
    const [subject] = made.subject;
    if (!subject) throw new Error('the statement has a subject');
    expect(() => validateModelSigning(made.predicate, [subject, subject])).toThrow(/exactly one subject/);
    expect(() => validateModelSigning(made.predicate, [{ digest: subject.digest }])).toThrow(/must name the model/);
  });

  it('reads the range of a shard after the last two colons, and holds it against the shard size', () => {
    const shard = (name: string) => () => {
      const digest = sha256Hex('');
      validateModelSigning(
        {
          resources: [{ name, digest, algorithm: 'sha256' }],
          serialization: { method: 'shards', hash_type: 'sha256', allow_symlinks: false, shard_size: 10 },
        },
        [{ name: 'm', digest: { sha256: rootDigest([digest]) } }],
      );
    };
    for (const name of ['a:0:10', 'a:10:15', 'a:b:c:20:30', 'a:1:2:0:5']) expect(shard(name), name).not.toThrow();
    for (const name of ['a', 'a:0', ':0:10', 'a:0:11', 'a:5:10', 'a:10:10', 'a:0:x', '../a:0:10']) {
      expect(shard(name), name).toThrow(expect.objectContaining({ pointer: '/predicate/resources/0/name' }));
    }
  });
});
