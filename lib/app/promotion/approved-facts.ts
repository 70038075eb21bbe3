import { openCountersigned } from '../../core/countersigned.ts';
import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import { type Decision, parseDecision, resultOfAll } from '../../core/gate/decision.ts';
import { parseStrictJson } from '../../core/json.ts';
import { objectKey } from '../../core/layout.ts';
import { type Approvable, type StatedFacts, StatedFactsSchema } from '../../core/promotion/changes.ts';
import type { DecisionRef } from '../../core/promotion.ts';
import { parseWith } from '../../core/schema.ts';
import { ownKeys } from '../gate/judge.ts';
import type { GateLedger } from '../gate/ports.ts';
import type { EvidenceStore, Registry } from '../ports.ts';
import { storedBytes } from '../stored-bytes.ts';

export interface ApprovedDeps {
  readonly ledger: Pick<GateLedger, 'findMany'>;
  readonly registry: Pick<Registry, 'evidenceKeys'>;
  readonly store: Pick<EvidenceStore, 'read'>;
}

/**
 * What people approve on, read again from the decision that they were shown: by its digest and signature, and its facts by
 * theirs.
 *
 * @throws DomainError INTEGRITY_FAILURE when either is gone or is another
 */
export async function approvedFacts(
  deps: ApprovedDeps,
  { evidence, input }: DecisionRef,
): Promise<Approvable & StatedFacts> {
  const [record, facts, keyOf] = await Promise.all([
    deps.ledger.findMany([evidence]).then((found) => found.get(evidence)),
    deps.store.read(objectKey.gateInput(input)),
    ownKeys(deps.registry, undefined)([]),
  ]);
  const bytes = record && (await storedBytes(deps.store, record));
  requireDigest(bytes, evidence);
  requireDigest(facts?.bytes, input);
  const stored = parseDecision(openCountersigned(bytes, keyOf).statement);
  if (stored.inputSha256 !== input) {
    throw new DomainError('INTEGRITY_FAILURE', `the decision ${evidence} rests on other facts than ${input}`);
  }
  return {
    ...parseWith(StatedFactsSchema, parseStrictJson(facts.bytes), 'INTEGRITY_FAILURE'),
    result: resultOfAll(stored),
    policies: policiesOf(stored),
  };
}

/** The same of a decision that was just made. */
export function approvable(decision: Pick<Decision, 'input' | 'result' | 'beside' | 'policy'>): Approvable {
  return {
    attestations: decision.input.attestations,
    result: resultOfAll(decision),
    policies: policiesOf(decision),
  };
}

function policiesOf({
  policy,
  beside,
}: {
  readonly policy: { readonly sha256: string };
  readonly beside: readonly { readonly policy: { readonly sha256: string } }[];
}): readonly string[] {
  return [policy.sha256, ...beside.map((one) => one.policy.sha256)];
}

function requireDigest(bytes: Buffer | undefined, sha256: string): asserts bytes is Buffer {
  if (bytes && sha256Hex(bytes) === sha256) return;
  throw new DomainError('INTEGRITY_FAILURE', `the stored bytes of ${sha256} are gone or others`);
}
