import type * as z from 'zod/mini';
import { Predicate } from '../../../contracts/predicates.ts';
import type { GateAttestation } from '../../gate/input.ts';
import { type Manifest, ManifestSchema } from '../../manifest.ts';
import type { NamedDigest } from '../../pages/model.ts';

// Only what verifies is shown as said: the policy hears nothing else (policies/lib/evidence.rego).

/** A verified attestation whose predicate is of a form that we read. */
export interface Said<T> extends Omit<GateAttestation, 'predicate'> {
  readonly predicate: T;
}

/** Those of a type, in order of receipt. What is of another form than the schema says nothing. */
export function saidIn<S extends z.ZodMiniType>(
  attestations: readonly GateAttestation[],
  type: string,
  schema: S,
): readonly Said<z.output<S>>[] {
  return attestations.flatMap((attestation) => {
    if (attestation.predicate_type !== type || attestation.signature.state !== 'verified') return [];
    const read = schema.safeParse(attestation.predicate);
    return read.success ? [{ ...attestation, predicate: read.data }] : [];
  });
}

export function manifestsIn(attestations: readonly GateAttestation[]): readonly Said<Manifest>[] {
  return saidIn(attestations, Predicate.manifest, ManifestSchema);
}

/** What producers call a digest; the first to name it counts, so that nobody renames it later. */
export function namesIn(manifests: readonly Said<Manifest>[]): (sha256: string) => NamedDigest {
  const names = new Map<string, string>();
  for (const { predicate } of manifests) {
    const { model, dataset, datasets = [], inputs = [], outputs = [] } = predicate;
    const things = [model, dataset, ...datasets].flatMap((thing) =>
      thing ? [{ name: thing.id, sha256: thing.sha256 }] : [],
    );
    for (const { name, sha256 } of [...things, ...outputs, ...inputs]) if (!names.has(sha256)) names.set(sha256, name);
  }
  return (sha256) => ({ name: names.get(sha256) ?? null, sha256 });
}
