import { openCountersigned } from '../../core/countersigned.ts';
import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import type { EvidenceKey } from '../../core/evidence-key.ts';
import { parseDecision, type StoredDecision } from '../../core/gate/decision.ts';
import { objectKey } from '../../core/layout.ts';
import type { DecisionRef } from '../../core/promotion.ts';
import { ownKeys } from '../gate/judge.ts';
import type { GateLedger } from '../gate/ports.ts';
import type { EvidenceStore, Registry, StoredObject } from '../ports.ts';
import { storedBytes } from '../stored-bytes.ts';

export interface SignedDeps {
  readonly ledger: Pick<GateLedger, 'findMany'>;
  readonly store: Pick<EvidenceStore, 'read'>;
  readonly registry: Pick<Registry, 'evidenceKeys'>;
}

export interface FactsObject {
  readonly key: string;
  readonly object: StoredObject;
}

/**
 * The facts that a gate decided on, by their digest.
 *
 * @throws DomainError INTEGRITY_FAILURE when they are gone, or are others
 */
export async function readFacts(
  store: SignedDeps['store'],
  { input }: Pick<DecisionRef, 'input'>,
): Promise<FactsObject> {
  const key = objectKey.gateInput(input);
  const object = await store.read(key);
  if (object && sha256Hex(object.bytes) === input) return { key, object };
  throw new DomainError('INTEGRITY_FAILURE', `the facts ${input} that a gate decided on are not to be had`);
}

/** A decision of ours and the facts that it rests on. */
export interface Signed {
  readonly decision: StoredDecision;
  /** Canonical JSON. */
  readonly facts: Buffer;
}

/**
 * A decision of the gate, believed by its signature.
 *
 * @param active - the evidence key that signed nearly everything: where it signed this too, the others are not read
 * @throws DomainError INTEGRITY_FAILURE when it is gone, or is another
 */
export async function readDecision(
  { ledger, store, registry }: SignedDeps,
  { evidence, input }: Pick<DecisionRef, 'evidence' | 'input'>,
  active: EvidenceKey | undefined,
): Promise<StoredDecision> {
  const record = (await ledger.findMany([evidence])).get(evidence);
  const bytes = record && (await storedBytes(store, record));
  if (!record || !bytes || sha256Hex(bytes) !== evidence) {
    throw new DomainError('INTEGRITY_FAILURE', `the decision ${evidence} is not to be had`);
  }
  const keyOf = await ownKeys(registry, active)([record]);
  const decision = parseDecision(openCountersigned(bytes, keyOf).statement);
  if (decision.inputSha256 === input) return decision;
  throw new DomainError('INTEGRITY_FAILURE', `the decision ${evidence} rests on other facts than ${input}`);
}

/** The same with the facts that it rests on, by their digest. */
export async function readSigned(
  deps: SignedDeps,
  ref: Pick<DecisionRef, 'evidence' | 'input'>,
  active: EvidenceKey | undefined,
): Promise<Signed> {
  const [decision, { object }] = await Promise.all([readDecision(deps, ref, active), readFacts(deps.store, ref)]);
  return { decision, facts: object.bytes };
}
