import type { EvidenceKey } from '../../core/evidence-key.ts';
import { type Decision, resultOfAll } from '../../core/gate/decision.ts';
import { parseStrictJson } from '../../core/json.ts';
import { type Approvable, type StatedFacts, StatedFactsSchema } from '../../core/promotion/changes.ts';
import type { DecisionRef } from '../../core/promotion.ts';
import { parseWith } from '../../core/schema.ts';
import { readSigned, type SignedDeps } from './decided.ts';

/**
 * What people approve on, read again from the decision that they were shown.
 *
 * @param active - as {@link readSigned} takes it
 * @throws DomainError INTEGRITY_FAILURE as it does
 */
export async function approvedFacts(
  deps: SignedDeps,
  ref: DecisionRef,
  active: EvidenceKey | undefined,
): Promise<Approvable & StatedFacts> {
  const { decision, facts } = await readSigned(deps, ref, active);
  return {
    ...parseWith(StatedFactsSchema, parseStrictJson(facts), 'INTEGRITY_FAILURE'),
    result: resultOfAll(decision),
    policies: policiesOf(decision),
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
