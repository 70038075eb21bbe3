import { describe, expect, it } from 'vitest';
import { OwnPredicate, Predicate } from '../../../lib/contracts/predicates.ts';
import { canonicalBytes } from '../../../lib/core/canonical.ts';
import { sha256Hex } from '../../../lib/core/digest.ts';
import type { JsonObject } from '../../../lib/core/json.ts';
import { checkKeyProof } from '../../../lib/core/key-proof.ts';
import { parsePublicKey } from '../../../lib/core/keys.ts';
import { asObject, keyProof, newKey, signedPayload } from '../../support/keys.ts';
import { aStatement, bytesOf, digestOf } from '../../support/manifests.ts';
import { refusal } from '../../support/refusals.ts';

const key = newKey();
const publicKey = parsePublicKey(key.pem);
const statement = (changes: JsonObject = {}): JsonObject =>
  aStatement({
    subject: [{ name: 'public-key', digest: { sha256: key.keyid } }],
    predicateType: Predicate.keyProof,
    predicate: { principal: 'pipeline' },
    ...changes,
  });
const signed = (changes: JsonObject, by = key): JsonObject => asObject(signedPayload(bytesOf(statement(changes)), by));

describe('a proof of possession', () => {
  it.each(['ecdsa-p256-sha256', 'ecdsa-p384-sha384', 'ed25519'] as const)(
    'by %s holds, and has a digest',
    (algorithm) => {
      const one = newKey(algorithm);
      const proof = keyProof(one, 'pipeline');
      expect(checkKeyProof(proof, parsePublicKey(one.pem), 'pipeline')).toBe(sha256Hex(canonicalBytes(proof)));
    },
  );

  it.each<[name: string, proof: JsonObject, says: RegExp]>([
    ['an empty object', {}, /not valid/],
    ['the signature of another key', signed({}, newKey()), /not signed by the key/],
    ['the name of another principal', keyProof(key, 'another'), /another principal/],
    [
      'another key as its subject',
      signed({ subject: [{ digest: { sha256: newKey().keyid } }] }),
      /subject must be the keyid/,
    ],
    [
      'two subjects',
      signed({ subject: [{ digest: { sha256: key.keyid } }, { digest: { sha256: digestOf('x') } }] }),
      /subject must be the keyid/,
    ],
    ['another predicate type', signed({ predicateType: OwnPredicate.keyEvent }), /predicate type must be/],
    ['more in its predicate', signed({ predicate: { principal: 'pipeline', role: 'admin' } }), /unknown field/],
    ['a manifest of the same key', asObject(signedPayload(bytesOf(aStatement()), key)), /predicate type must be/],
    ['a payload that is no statement', asObject(signedPayload(Buffer.from('{}'), key)), /not valid/],
  ])('does not hold with %s', (_, proof, says) => {
    expect(() => checkKeyProof(proof, publicKey, 'pipeline')).toThrow(refusal('KEY_PROOF_INVALID', '/proof'));
    expect(() => checkKeyProof(proof, publicKey, 'pipeline')).toThrow(says);
  });
});
