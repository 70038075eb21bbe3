import * as z from 'zod/mini';
import { IdSchema } from '../manifest.ts';
import { parseWith } from '../schema.ts';
import { facts, type ValidatedPredicate } from './facts.ts';
import { JsonMap, optional, ResourceDescriptor, Text } from './fields.ts';

/** On the target of an assertion: name of the models that it is for. */
const MODEL_ANNOTATION = 'countersign.dev/model';

/** SCAI attribute report v0.3 (in-toto attestation, spec/predicates/scai.md): one or more assertions. */
const Scai = z.looseObject({
  attributes: z
    .array(
      z.looseObject({
        attribute: Text,
        target: optional(ResourceDescriptor),
        conditions: optional(JsonMap),
        evidence: optional(ResourceDescriptor),
      }),
    )
    .check(z.minLength(1, 'must hold at least one attribute'), z.maxLength(256, 'must hold at most 256 attributes')),
  producer: optional(ResourceDescriptor),
});

export function validateScai(predicate: unknown): ValidatedPredicate {
  const { attributes, producer } = parseWith(Scai, predicate, 'PREDICATE_INVALID', '/predicate');
  const read = facts({
    mentions: [...attributes.flatMap(({ target, evidence }) => [target, evidence]), producer],
    attributes: attributes.map(({ attribute }) => attribute),
  });
  const named = attributes.flatMap(({ target }) => modelNamed(target?.annotations?.[MODEL_ANNOTATION]));
  return { ...read, forModels: [...new Set(named)] };
}

/** A name that no manifest could give to a model is no use to the index. */
function modelNamed(name: unknown): string[] {
  const { success, data } = IdSchema.safeParse(name);
  return success ? [data] : [];
}
