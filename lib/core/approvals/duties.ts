import * as z from 'zod/mini';
import { Predicate } from '../../contracts/predicates.ts';
import type { GateAttestation, GateInput } from '../gate/input.ts';

/** Duties that keep a person from approving: policies/rules/separation_of_duties.rego judges by the same facts. */
export type Duty = 'producer' | 'committer' | 'requester';

/** Annotation of a commit in SLSA provenance. */
const COMMITTER = 'countersign.dev/committer';

const ProvenanceSchema = z.object({ buildDefinition: z.object({ resolvedDependencies: z.array(z.unknown()) }) });

const CommitSchema = z.object({ annotations: z.object({ [COMMITTER]: z.string() }) });

type Facts = Pick<GateInput, 'attestations' | 'lineage' | 'requester'>;

/**
 * The duty that keeps somebody from deciding on a model; undefined for none. Stricter than the rule, which believes what
 * verifies only: here also a claim of a part in the work keeps a person away from the decision.
 *
 * @param names - that the person goes by: their id, their address
 */
export function dutyOf({ attestations, lineage, requester }: Facts, names: readonly string[]): Duty | undefined {
  const person = new Set(names.map(plainName));
  const isPerson = (name: string) => person.has(plainName(name));
  const nodes = new Set(lineage.nodes);
  const makers = attestations.filter(({ outputs }) => outputs.some((digest) => nodes.has(digest)));
  if (makers.some(({ principal }) => isPerson(principal))) return 'producer';
  if (attestations.some((attestation) => committersOf(attestation).some(isPerson))) return 'committer';
  return requester !== null && isPerson(requester) ? 'requester' : undefined;
}

function committersOf({ predicate_type, predicate }: GateAttestation): string[] {
  if (predicate_type !== Predicate.slsaProvenance) return [];
  const { data } = ProvenanceSchema.safeParse(predicate);
  // One by one: a dependency that names nobody, or in a way of its own, hides no other.
  return (data?.buildDefinition.resolvedDependencies ?? []).flatMap((dependency) => {
    const commit = CommitSchema.safeParse(dependency);
    return commit.success ? [commit.data.annotations[COMMITTER]] : [];
  });
}

/** As policies/lib/people.rego compares names. */
export function plainName(name: string): string {
  return name.trim().toLowerCase();
}
