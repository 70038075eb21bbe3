import * as z from 'zod/mini';
import { parseWith } from '../schema.ts';
import type { Subject } from '../statement.ts';
import { facts, type ValidatedPredicate } from './facts.ts';
import { JsonMap, optional, ResourceDescriptor, StringMap, Text, Timestamp, Uri } from './fields.ts';

/** SLSA provenance v1 (spec 1.2, "Build: Provenance"); required is what SLSA Build L1 requires. */
const SlsaProvenance = z.looseObject({
  buildDefinition: z.looseObject({
    buildType: Uri,
    externalParameters: JsonMap,
    internalParameters: optional(JsonMap),
    resolvedDependencies: optional(z.array(ResourceDescriptor)),
  }),
  runDetails: z.looseObject({
    builder: z.looseObject({
      id: Uri,
      builderDependencies: optional(z.array(ResourceDescriptor)),
      version: optional(StringMap),
    }),
    metadata: optional(
      z.looseObject({
        invocationId: optional(Text),
        startedOn: optional(Timestamp),
        finishedOn: optional(Timestamp),
      }),
    ),
    byproducts: optional(z.array(ResourceDescriptor)),
  }),
});

/** What was built are the subjects, so the lineage leads from the dependencies to them; byproducts were made beside them. */
export function validateSlsaProvenance(predicate: unknown, subject: readonly Subject[]): ValidatedPredicate {
  const { buildDefinition, runDetails } = parseWith(SlsaProvenance, predicate, 'PREDICATE_INVALID', '/predicate');
  const said = facts({
    inputs: buildDefinition.resolvedDependencies,
    outputs: runDetails.byproducts,
    mentions: runDetails.builder.builderDependencies,
    runId: runDetails.metadata?.invocationId,
  });
  return { ...said, outputs: [...new Set([...subject.map(({ digest }) => digest.sha256), ...said.outputs])] };
}
