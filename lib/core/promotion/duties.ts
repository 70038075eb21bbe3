import { Predicate } from '../../contracts/predicates.ts';
import { dutyOf, plainName } from '../approvals/duties.ts';
import type { GateInput } from '../gate/input.ts';
import type { Requester } from '../promotion.ts';

/**
 * Why these people may not release the model past its gate: who made it, or its data, or committed its code, does not. The
 * rule of the policy asks the same of approvers, whom nobody asks here. So whoever handed in any manifest of it keeps away too:
 * what a manifest made cannot always be told.
 */
export function dutiesInConflict(
  { attestations, lineage }: Pick<GateInput, 'attestations' | 'lineage'>,
  people: readonly (Requester | null)[],
): { readonly code: string; readonly message: string } | undefined {
  const manifests = attestations.filter(({ predicate_type }) => predicate_type === Predicate.manifest);
  const producers = new Set(manifests.map(({ principal }) => plainName(principal)));
  const hasPart = (name: string) =>
    producers.has(plainName(name)) || dutyOf({ attestations, lineage, requester: null }, [name]) !== undefined;
  const conflicting = people.find((person) => person?.principal == null || hasPart(person.principal));
  if (conflicting === undefined) return undefined;
  return {
    code: 'DUTIES_NOT_SEPARATE',
    message: 'who made the model or its data, or committed its code, does not release it past its gate',
  };
}
