import * as z from 'zod/mini';
import type { Environment } from '../contracts/predicates.ts';
import { Predicate } from '../contracts/predicates.ts';
import { DomainError } from './errors.ts';
import {
  hintNames,
  KEY_ALGORITHMS,
  type KeyAlgorithm,
  type PublicKey,
  parsePublicKey,
  verifySignature,
} from './keys.ts';
import type { Content, Submission } from './submission.ts';

/** What a key may state. Possession of the private key gives none of this; only the key-admin role does. */
export interface KeyAuthority {
  /** The part that its owner plays, such as `producer` or `privacy-officer`. */
  readonly role: string;
  /** Pipeline stages whose manifests it may sign. */
  readonly stages: readonly string[];
  readonly predicate_types: readonly string[];
  /** SCAI attributes that it may assert. */
  readonly scai_attributes: readonly string[];
  /** Inclusive start and exclusive end of validity, RFC 3339 in UTC. */
  readonly not_before: string;
  readonly not_after: string;
}

export interface Revocation {
  /** When the control plane recorded it. */
  readonly recorded_at: string;
  /** From when on signatures are not to be trusted; earlier than recorded_at after a compromise. */
  readonly effective_at: string;
  readonly reason: string;
}

export interface KeyRecord extends KeyAuthority {
  readonly keyid: string;
  readonly public_key: string;
  readonly algorithm: KeyAlgorithm;
  readonly principal: string;
  /** Counts the changes of this key, from 1. */
  readonly revision: number;
  readonly registered_at: string;
  readonly revoked?: Revocation;
}

/** Records are parsed wherever they are read back: from the table, and from the events. */
export const KeyRecordSchema: z.ZodMiniType<KeyRecord> = z.object({
  keyid: z.string(),
  public_key: z.string(),
  algorithm: z.enum(KEY_ALGORITHMS),
  principal: z.string(),
  role: z.string(),
  stages: z.array(z.string()),
  predicate_types: z.array(z.string()),
  scai_attributes: z.array(z.string()),
  not_before: z.string(),
  not_after: z.string(),
  revision: z.number(),
  registered_at: z.string(),
  revoked: z.exactOptional(z.object({ recorded_at: z.string(), effective_at: z.string(), reason: z.string() })),
});

/** An AWS role by its unique id, under a name of its own, with the keys that it may sign with. */
export interface Principal {
  readonly name: string;
  /** Unique id of the role (AROA…) or user (AIDA…): it cannot be recreated under the same name. */
  readonly unique_id: string;
  readonly arn: string;
  readonly account: string;
  /** Counts the changes of the principal or any of its keys; a commit is conditional on it. */
  readonly revision: number;
  readonly keys: readonly KeyRecord[];
}

/** Keys kept with a principal; each submission may try all of them. */
export const MAX_KEYS_PER_PRINCIPAL = 20;

/**
 * Largest record of a key in bytes of JSON, its revocation aside. A principal lies with all its keys in one DynamoDB item of
 * at most 400 KB, and a change that does not fit would stop its stream of events for ever: 20 of these fit, each revoked with
 * the longest reason.
 */
export const MAX_KEY_BYTES = 10_000;

/** A timestamp this far ahead of our clock is refused: clocks differ by seconds, not minutes. */
export const MAX_CLOCK_SKEW_MS = 2 * 60 * 1000;

/** A timestamp older than this is stored and flagged. */
export const LATE_AFTER_MS = 24 * 60 * 60 * 1000;

export type Flag = 'late' | 'unsigned';

/** Parsing a PEM costs more than verifying with it; a principal's records live as long as the key cache does. */
const parsedKeys = new WeakMap<KeyRecord, PublicKey>();

function publicKeyOf(record: KeyRecord): PublicKey {
  const known = parsedKeys.get(record);
  if (known) return known;
  const key = parsePublicKey(record.public_key);
  parsedKeys.set(record, key);
  return key;
}

/**
 * Finds the one of the principal's keys that made the signature. The hint only orders the attempts: it is not signed, and a
 * changed hint must not change the answer.
 *
 * @returns undefined when no key of this principal made it and the hint names a key that is none of them
 * @throws DomainError SIGNATURE_MALFORMED or SIGNATURE_INVALID
 */
export function findSigner(
  principal: Principal,
  signature: NonNullable<Submission['signature']>,
): KeyRecord | undefined {
  const candidates = principal.keys.map((record) => ({ record, key: publicKeyOf(record) }));
  const named = candidates.find(({ key }) => hintNames(signature.keyHint, key));
  const ordered = named ? [named, ...candidates.filter((candidate) => candidate !== named)] : candidates;
  const verdicts = new Set<string>();
  for (const { record, key } of ordered) {
    const verdict = verifySignature(key, signature.message, signature.bytes);
    if (verdict === 'valid') return record;
    verdicts.add(verdict);
  }
  if (signature.keyHint && !named) return undefined;
  if (verdicts.has('malformed') && !verdicts.has('invalid')) {
    throw new DomainError(
      'SIGNATURE_MALFORMED',
      'the signature is not in the encoding of any key that is registered for the caller',
      {
        hint: 'ECDSA: ASN.1 DER, minimal, as openssl, cosign and KMS write it; Ed25519: 64 bytes',
      },
    );
  }
  throw new DomainError(
    'SIGNATURE_INVALID',
    `the signature verifies with none of the ${candidates.length} keys of ${principal.name}`,
    {
      hint: 'the signed bytes and the sent bytes differ, or another private key signed',
    },
  );
}

/** Whether one key made a signature, whatever the hint says. */
export function isSignedBy(record: KeyRecord, { message, bytes }: NonNullable<Submission['signature']>): boolean {
  return verifySignature(publicKeyOf(record), message, bytes) === 'valid';
}

/** @throws DomainError KEY_NOT_YET_VALID, KEY_EXPIRED or KEY_REVOKED */
export function checkValidity(key: KeyRecord, at: Date): void {
  const now = at.toISOString();
  if (key.revoked) {
    throw new DomainError('KEY_REVOKED', `key ${key.keyid} was revoked on ${key.revoked.recorded_at}`, {
      hint: 'sign with another key of this principal, or have one registered',
    });
  }
  if (now < key.not_before) {
    throw new DomainError('KEY_NOT_YET_VALID', `key ${key.keyid} is valid from ${key.not_before}`);
  }
  if (now >= key.not_after) {
    throw new DomainError('KEY_EXPIRED', `key ${key.keyid} expired on ${key.not_after}`, {
      hint: 'have a new key registered by the key admin',
    });
  }
}

/** @throws DomainError KEY_NOT_AUTHORIZED, the pointer being inside the statement or plain manifest */
export function checkAuthority(
  key: KeyAuthority & { readonly keyid: string },
  content: Content,
  enveloped: boolean,
): void {
  const refuse = (what: string, pointer: string): never => {
    throw new DomainError('KEY_NOT_AUTHORIZED', `key ${key.keyid} (role ${key.role}) may not ${what}`, {
      pointer,
      hint: 'the key admin can register a key with this authority',
    });
  };
  if (!key.predicate_types.includes(content.predicateType))
    refuse(`sign ${content.predicateType}`, enveloped ? '/predicateType' : '');
  if (content.manifest && !key.stages.includes(content.manifest.stage)) {
    refuse(`sign for the stage ${content.manifest.stage}`, enveloped ? '/predicate/stage' : '/stage');
  }
  if (content.predicateType !== Predicate.scai) return;
  // The attributes of the content hold no duplicates, so their order there is not that of the predicate.
  for (const attribute of content.attributes) {
    if (!key.scai_attributes.includes(attribute)) {
      refuse(`assert ${JSON.stringify(attribute)}`, '/predicate/attributes');
    }
  }
}

/** A manifest names the caller: by its registered name, or by the ARN of its role. */
export function checkPrincipal(principal: Pick<Principal, 'name' | 'arn'>, content: Content, enveloped: boolean): void {
  const claimed = content.manifest?.principal;
  if (claimed === undefined || claimed === principal.name || claimed === principal.arn) return;
  throw new DomainError(
    'PRINCIPAL_MISMATCH',
    `the manifest names ${JSON.stringify(claimed)}; the caller is ${JSON.stringify(principal.name)}`,
    {
      pointer: enveloped ? '/predicate/principal' : '/principal',
      hint: `write ${JSON.stringify(principal.name)} or ${JSON.stringify(principal.arn)}`,
    },
  );
}

/**
 * Holds the producer's own time against ours. It stays a claim: rules rely on received_at.
 *
 * @throws DomainError TIMESTAMP_IN_FUTURE
 */
export function judgeTimestamp(content: Content, receivedAt: Date, enveloped: boolean): Flag[] {
  const claimed = content.manifest && Date.parse(content.manifest.timestamp);
  if (claimed === undefined) return [];
  if (claimed > receivedAt.getTime() + MAX_CLOCK_SKEW_MS) {
    throw new DomainError(
      'TIMESTAMP_IN_FUTURE',
      `the timestamp lies after ${receivedAt.toISOString()}, when it was received`,
      {
        pointer: enveloped ? '/predicate/timestamp' : '/timestamp',
        hint: 'set the clock of the machine that signs',
      },
    );
  }
  return claimed < receivedAt.getTime() - LATE_AFTER_MS ? ['late'] : [];
}

/** The environment that the evidence speaks for decides how long it is kept. */
export function environmentOf(content: Content): Environment {
  return content.manifest?.environment ?? 'experimental';
}

/** @throws DomainError BODY_TOO_LARGE when the record of a key is too large to be kept with its principal */
export function checkKeySize({ revoked: _revoked, ...record }: KeyRecord): void {
  const size = Buffer.byteLength(JSON.stringify(record));
  if (size <= MAX_KEY_BYTES) return;
  throw new DomainError('BODY_TOO_LARGE', `the key's record has ${size} bytes; at most ${MAX_KEY_BYTES} are kept`, {
    pointer: '/scai_attributes',
    hint: 'give it fewer or shorter scai_attributes, or register a second key for the rest',
  });
}

/** Makes room by dropping revoked keys, oldest first: their history stays under the key itself. */
export function withKey(principal: Principal, record: KeyRecord): readonly KeyRecord[] {
  const others = principal.keys.filter(({ keyid }) => keyid !== record.keyid);
  const surplus = others.length + 1 - MAX_KEYS_PER_PRINCIPAL;
  const droppable = others.filter(({ revoked }) => revoked).slice(0, Math.max(0, surplus));
  if (droppable.length < surplus) {
    throw new DomainError('REQUEST_INVALID', `${principal.name} has ${others.length} keys in use; revoke one first`, {
      pointer: '/public_key',
    });
  }
  return [...others.filter((key) => !droppable.includes(key)), record];
}
