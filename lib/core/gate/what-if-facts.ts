import * as z from 'zod/mini';
import { parseStrictJson } from '../json.ts';
import { parseWith } from '../schema.ts';

const FactsSchema = z.object({
  attestations: z.array(
    z.object({
      principal: z.string(),
      stage: z.nullable(z.string()),
      outputs: z.array(z.string()),
      signature: z.object({ state: z.string() }),
      predicate: z.unknown(),
    }),
  ),
});

const NamedModelSchema = z.object({ model: z.object({ id: z.string(), sha256: z.string() }) });

/** Whose model it is: what the training calls it, and the registered name of who trained it. Null is what no training tells. */
export interface WhoseModel {
  readonly model_name: string | null;
  readonly producer: string | null;
}

/**
 * The first verified training counts: whoever states later to have made the same model does not take it over.
 *
 * @param facts - what a decision was made on: canonical JSON of a `GateInput`
 * @param model - SHA-256
 * @throws DomainError INTEGRITY_FAILURE when they are no facts
 */
export function whoseModel(facts: Buffer, model: string): WhoseModel {
  const { attestations } = parseWith(FactsSchema, parseStrictJson(facts), 'INTEGRITY_FAILURE');
  const training = attestations.find(
    ({ stage, signature, outputs }) =>
      stage === 'training' && signature.state === 'verified' && outputs.includes(model),
  );
  const named = NamedModelSchema.safeParse(training?.predicate).data?.model;
  return { model_name: named?.sha256 === model ? named.id : null, producer: training?.principal ?? null };
}
