import * as z from 'zod/mini';
import { Predicate } from '../contracts/predicates.ts';
import { parseBundle } from './bundle.ts';
import { canonicalBytes } from './canonical.ts';
import { sha256Hex } from './digest.ts';
import { preAuthEncoding } from './dsse.ts';
import { DomainError } from './errors.ts';
import { type JsonObject, parseStrictJson } from './json.ts';
import { type PublicKey, verifySignature } from './keys.ts';
import { parseWith } from './schema.ts';
import { parseStatement, statementJson } from './statement.ts';

const KeyProofSchema = z.strictObject({ principal: z.string() });

/** What the owner of a private key signs to show that it has it: "this key is for this principal". */
export function keyProofPayload(keyid: string, principal: string): Buffer {
  return canonicalBytes(
    statementJson([{ name: 'public-key', digest: { sha256: keyid } }], Predicate.keyProof, { principal }),
  );
}

/**
 * Proof of possession. It binds the key to the principal's name, so that nobody's proof serves to register the key elsewhere.
 *
 * @returns digest of the proof's canonical bytes
 * @throws DomainError KEY_PROOF_INVALID
 */
export function checkKeyProof(proof: JsonObject, key: PublicKey, principal: string): string {
  const refuse = (what: string, cause?: unknown): never => {
    throw new DomainError('KEY_PROOF_INVALID', what, {
      pointer: '/proof',
      hint: 'the owner of the private key makes the proof with `countersign keys prove`',
      cause,
    });
  };
  try {
    const signed = parseBundle(proof);
    const statement = parseStatement(parseStrictJson(signed.payload));
    if (verifySignature(key, preAuthEncoding(signed.payloadType, signed.payload), signed.signature) !== 'valid') {
      refuse('the proof is not signed by the key that is registered');
    }
    if (statement.predicateType !== Predicate.keyProof)
      refuse(`the proof's predicate type must be ${Predicate.keyProof}`);
    if (statement.subject.length !== 1 || statement.subject[0]?.digest.sha256 !== key.keyid) {
      refuse(`the proof's subject must be the keyid ${key.keyid}`);
    }
    if (parseWith(KeyProofSchema, statement.predicate, 'PREDICATE_INVALID').principal !== principal) {
      refuse(`the proof names another principal than ${JSON.stringify(principal)}`);
    }
  } catch (error) {
    if (error instanceof DomainError && error.code !== 'KEY_PROOF_INVALID')
      refuse(`the proof is not valid: ${error.message}`, error);
    throw error;
  }
  return sha256Hex(canonicalBytes(proof));
}
