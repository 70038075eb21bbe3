import * as z from 'zod/mini';
import { Predicate } from '../../contracts/predicates.ts';
import type { GateInput } from '../gate/input.ts';
import type { Requester } from '../promotion.ts';

/** As provenance names committers: policies/lib/provenance.rego. */
const COMMITTER = 'countersign.dev/committer';

const Provenance = z.object({
  buildDefinition: z.object({
    resolvedDependencies: z.array(
      z.object({ annotations: z.optional(z.object({ [COMMITTER]: z.optional(z.string()) })) }),
    ),
  }),
});

/**
 * Why these people may not release the model past its gate: who made it, or its data, or committed its code, does not. The
 * rule of the policy asks the same of approvers, whom nobody asks here.
 */
export function dutiesInConflict(
  { attestations }: Pick<GateInput, 'attestations'>,
  people: readonly (Requester | null)[],
): { readonly code: string; readonly message: string } | undefined {
  const makers = new Set<string>();
  for (const { predicate_type, principal, predicate } of attestations) {
    if (predicate_type === Predicate.manifest) makers.add(nameOf(principal));
    const provenance = Provenance.safeParse(predicate);
    for (const { annotations } of provenance.data?.buildDefinition.resolvedDependencies ?? []) {
      const committer = annotations?.[COMMITTER];
      if (committer !== undefined) makers.add(nameOf(committer));
    }
  }
  const conflicting = people.find((person) => person?.principal == null || makers.has(nameOf(person.principal)));
  if (conflicting === undefined) return undefined;
  return {
    code: 'DUTIES_NOT_SEPARATE',
    message: 'who made the model or its data, or committed its code, does not release it past its gate',
  };
}

/** Who is `Ada` in one directory and `ada` in another is one person. */
const nameOf = (name: string): string => name.trim().toLowerCase();
