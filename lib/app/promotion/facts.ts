import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import { objectKey } from '../../core/layout.ts';
import { type DecidedFacts, parseFacts } from '../../core/promotion/facts.ts';
import type { DecisionRef } from '../../core/promotion.ts';
import type { EvidenceStore, StoredObject } from '../ports.ts';

export interface ReadFacts {
  readonly facts: DecidedFacts;
  readonly object: StoredObject;
  readonly key: string;
}

/** @throws DomainError INTEGRITY_FAILURE when they are gone, or are others than the decision names */
export async function readFacts(
  store: Pick<EvidenceStore, 'read'>,
  { input }: Pick<DecisionRef, 'input'>,
): Promise<ReadFacts> {
  const key = objectKey.gateInput(input);
  const object = await store.read(key);
  if (!object || sha256Hex(object.bytes) !== input) {
    throw new DomainError('INTEGRITY_FAILURE', `the facts ${input} that a gate decided on are not to be had`);
  }
  return { facts: parseFacts(object.bytes), object, key };
}
