import { describe, expect, it } from 'vitest';
import { OwnPredicate, Predicate, SUBMITTABLE, VERDICTS_FIELD } from '../../../lib/contracts/predicates.ts';
import type { ProblemCode } from '../../../lib/contracts/problems.ts';
import { canonicalBytes } from '../../../lib/core/canonical.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import { MAX_SUBMISSION_BYTES, parseSubmission, statementIdentity } from '../../../lib/core/submission.ts';
import { newKey, signedPayload } from '../../support/keys.ts';
import {
  aManifest,
  aScaiReport,
  aStatement,
  bytesOf,
  digestOf,
  manifestStatement,
  messageOf,
  signedBundle,
  signedEnvelope,
  signedPlain,
  signedStatement,
  twinsOf,
} from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';

const key = newKey();
const bundle = signedBundle(aManifest(), key);

describe('parseSubmission', () => {
  it.each([
    ['a Sigstore bundle', bundle, 'sigstore-bundle', 'application/vnd.dev.sigstore.bundle.v0.3+json'],
    ['a bare DSSE envelope', signedEnvelope(aManifest(), key), 'dsse', 'application/vnd.dsse.envelope.v1+json'],
    ["the seed's plain manifest", signedPlain(aManifest(), key), 'manifest', 'application/json'],
    ['a plain manifest without a signature', bytesOf(aManifest()), 'unsigned', 'application/json'],
  ])('takes %s, and keeps its bytes', async (_, bytes, form, mediaType) => {
    const submission = await parseSubmission(bytes, 'manifests');
    expect(submission).toMatchObject({ form, mediaType, bytes, sha256: sha256Hex(bytes) });
    expect(submission.content).toMatchObject({
      predicateType: Predicate.manifest,
      subjects: [{ digest: { sha256: digestOf('classifier') } }],
      inputs: [digestOf('iris')],
      outputs: [digestOf('classifier')],
      commits: [aManifest().commit_sha],
      runIds: ['run-1'],
    });
  });

  it('signs a plain manifest over its canonical JSON without the signature, whatever its order and spaces', async () => {
    const { signature, ...rest } = JSON.parse(signedPlain(aManifest(), key).toString());
    const reordered = Object.fromEntries(Object.entries({ signature, ...rest }).reverse());
    const submission = await parseSubmission(Buffer.from(JSON.stringify(reordered, null, 1)), 'manifests');
    expect(submission.signature?.message).toEqual(canonicalBytes(aManifest()));
  });

  it('takes every accepted predicate at the attestation endpoint, a manifest too', async () => {
    await expect(parseSubmission(bundle, 'attestations')).resolves.toBeDefined();
    const scai = await parseSubmission(signedStatement(aScaiReport(['DATASET_CONSENT']), key), 'attestations');
    expect(scai.content).toMatchObject({
      predicateType: Predicate.scai,
      attributes: ['DATASET_CONSENT'],
      manifest: undefined,
    });
  });

  const payload = (text: string) => signedPayload(Buffer.from(text), key);
  const plain = (changes: Parameters<typeof aManifest>[0]) => bytesOf(aManifest(changes));

  it.each<[name: string, bytes: Buffer, code: ProblemCode, pointer: string | undefined]>([
    ['nothing', Buffer.alloc(0), 'BODY_EMPTY', undefined],
    ['a byte too many', Buffer.alloc(MAX_SUBMISSION_BYTES + 1, ' '), 'BODY_TOO_LARGE', undefined],
    ['10 MB', Buffer.alloc(10 * 1024 * 1024, '['), 'BODY_TOO_LARGE', undefined],
    ['a bundle that is cut short', bundle.subarray(0, -10), 'JSON_INVALID', undefined],
    ['a list', Buffer.from('[]'), 'SCHEMA_INVALID', ''],
    ['a text', Buffer.from('"{}"'), 'SCHEMA_INVALID', ''],
    ['an empty object', Buffer.from('{}'), 'MANIFEST_INVALID', '/run_id'],
    ['a bundle without material', bytesOf({ mediaType: 'x' }), 'BUNDLE_INVALID', undefined],
    ['an envelope without signatures', bytesOf({ payloadType: 'x', payload: '' }), 'ENVELOPE_INVALID', '/signatures'],
    ['a payload that is no JSON', payload('run_id: 1'), 'JSON_INVALID', ''],
    ['an empty payload', payload(''), 'JSON_INVALID', ''],
    ['a payload with duplicate keys', payload('{"_type":1,"_type":2}'), 'JSON_INVALID', ''],
    ['a payload with a byte order mark', payload('\ufeff{}'), 'JSON_INVALID', ''],
    ['a payload nested 10,000 deep', payload('['.repeat(10_000)), 'JSON_INVALID', undefined],
    ['a payload that is no statement', payload('{}'), 'STATEMENT_INVALID', '/_type'],
    [
      'a manifest of another shape',
      signedStatement(aStatement({ predicate: aManifest({ stage: 'x' }) }), key),
      'MANIFEST_INVALID',
      '/predicate/stage',
    ],
    [
      'a digest in upper case',
      signedStatement(aStatement({ predicate: aManifest({ model: { id: 'm', sha256: 'A'.repeat(64) } }) }), key),
      'DIGEST_INVALID',
      '/predicate/model/sha256',
    ],
    [
      'a subject of another story',
      signedStatement(aStatement({ subject: [{ digest: { sha256: digestOf('x') } }] }), key),
      'STATEMENT_INVALID',
      '/subject/0/digest/sha256',
    ],
    ['a plain manifest with an unknown field', plain({ extra: 1 }), 'MANIFEST_INVALID', ''],
    [
      'a plain manifest whose signature has no prefix',
      plain({ signature: 'AQID' }),
      'SIGNATURE_MALFORMED',
      '/signature',
    ],
    [
      'a plain manifest whose signature is no base64',
      plain({ signature: 'cosign:?' }),
      'SIGNATURE_MALFORMED',
      '/signature',
    ],
    ['a plain manifest whose signature is empty', plain({ signature: 'cosign:' }), 'SIGNATURE_MALFORMED', '/signature'],
    ['a plain manifest whose signature is null', plain({ signature: null }), 'SIGNATURE_MALFORMED', '/signature'],
    ['another predicate', signedStatement(aScaiReport(['X']), key), 'PREDICATE_UNSUPPORTED', '/predicateType'],
  ])('refuses %s', async (_, bytes, code, pointer) => {
    await expect(parseSubmission(bytes, 'manifests')).rejects.toThrow(refusal(code, pointer));
  });

  it('takes exactly one megabyte', async () => {
    const whole = Buffer.concat([bundle, Buffer.alloc(MAX_SUBMISSION_BYTES - bundle.length, ' ')]);
    await expect(parseSubmission(whole, 'manifests')).resolves.toMatchObject({ form: 'sigstore-bundle' });
  });

  it.each(Object.entries(OwnPredicate))('refuses our own predicate %s from a producer', async (_, predicateType) => {
    const bytes = signedStatement(aStatement({ predicateType }), key);
    for (const endpoint of ['manifests', 'attestations', 'any'] as const) {
      await expect(parseSubmission(bytes, endpoint)).rejects.toThrow(
        refusal('PREDICATE_UNSUPPORTED', '/predicateType'),
      );
    }
  });

  it.each([Predicate.keyProof, 'https://example.com/mine/v1', 'toString', Predicate.manifest.toUpperCase()])(
    'refuses the predicate type %s, which is not in the list',
    async (predicateType) => {
      const bytes = signedStatement(aStatement({ predicateType }), key);
      await expect(parseSubmission(bytes, 'attestations')).rejects.toThrow(
        refusal('PREDICATE_UNSUPPORTED', '/predicateType'),
      );
    },
  );

  it('refuses a plain manifest at the attestation endpoint', async () => {
    await expect(parseSubmission(signedPlain(aManifest(), key), 'attestations')).rejects.toThrow(
      refusal('BUNDLE_INVALID', ''),
    );
  });

  it('lists in its hint what it accepts', async () => {
    const bytes = signedStatement(aStatement({ predicateType: 'x' }), key);
    await expect(parseSubmission(bytes, 'attestations')).rejects.toMatchObject({
      hint: `accepted: ${SUBMITTABLE.join(', ')}`,
    });
  });

  it.each<[name: string, attributes: readonly string[], says: RegExp]>([
    ['attributes', Array.from({ length: 65 }, (_, i) => `A${i}`), /65 attributes; at most 64/],
    ['characters in an attribute', ['a'.repeat(257)], /257 characters in an attribute/],
    ['bytes of attributes', Array.from({ length: 33 }, (_, i) => `${i}`.padEnd(250, '\u20ac')), /bytes of attributes/],
  ])('refuses more %s than are indexed', async (_, attributes, says) => {
    const bytes = signedStatement(aScaiReport(attributes), key);
    await expect(parseSubmission(bytes, 'attestations')).rejects.toThrow(refusal('PREDICATE_INVALID', '/predicate'));
    await expect(parseSubmission(bytes, 'attestations')).rejects.toThrow(says);
  });

  it('indexes whatever is mentioned, or refuses the whole and says what to do', async () => {
    const components = (count: number) =>
      Array.from({ length: count }, (_, i) => ({
        type: 'file',
        name: `file ${i}`,
        hashes: [{ alg: 'SHA-256', content: digestOf(`file ${i}`) }],
      }));
    const card = (count: number) =>
      signedStatement(
        aStatement({
          predicateType: Predicate.cyclonedx,
          predicate: { bomFormat: 'CycloneDX', specVersion: '1.7', components: components(count) },
        }),
        key,
      );
    const { content } = await parseSubmission(card(63), 'attestations');
    expect(content.mentions).toEqual([
      digestOf('classifier'),
      ...components(63).flatMap(({ hashes }) => hashes.map(({ content: digest }) => digest)),
    ]);
    await expect(parseSubmission(card(64), 'attestations')).rejects.toMatchObject({
      code: 'PREDICATE_INVALID',
      pointer: '/predicate',
      hint: expect.stringContaining('collection'),
    });
  });
});

describe('statementIdentity', () => {
  const identityOf = async (bytes: Buffer, keyid = key.keyid) => {
    const { signature } = await parseSubmission(bytes, 'manifests');
    return statementIdentity(signature?.message ?? Buffer.alloc(0), keyid);
  };

  it.each(twinsOf(bundle))('is the same for %s, whose evidence identity is another', async (_, twin) => {
    expect(sha256Hex(twin)).not.toBe(sha256Hex(bundle));
    expect(await identityOf(twin)).toBe(await identityOf(bundle));
  });

  it('is another one for another key, statement or spelling of the statement', async () => {
    const identities = [
      await identityOf(bundle),
      await identityOf(bundle, newKey().keyid),
      await identityOf(signedBundle(aManifest({ run_id: 'run-2' }), key)),
      await identityOf(signedPayload(Buffer.from(JSON.stringify(manifestStatement(aManifest()), null, 1)), key)),
      await identityOf(signedPlain(aManifest(), key)),
    ];
    expect(new Set(identities).size).toBe(identities.length);
  });

  it('is what docs/formats.md says: a digest that sha256sum can make', () => {
    const message = messageOf(bundle);
    expect(statementIdentity(message, key.keyid)).toBe(
      sha256Hex(`countersign-statement/v1\n${sha256Hex(message)}\n${key.keyid}\n`),
    );
  });

  it('refuses a verification summary that poses as a decision of a gate', async () => {
    const summary = { verifier: { id: 'https://ci.example' }, [VERDICTS_FIELD]: { verdicts: [] } };
    const statement = aStatement({ predicateType: Predicate.slsaVsa, predicate: summary });
    await expect(parseSubmission(signedStatement(statement, newKey()), 'attestations')).rejects.toThrow(
      refusal('PREDICATE_UNSUPPORTED', '/predicate/https:~1~1countersign.dev~1verdicts~1v1'),
    );
  });
});
