import * as z from 'zod/mini';
import { parseWith } from '../schema.ts';
import { facts, type ValidatedPredicate } from './facts.ts';
import { JsonMap, optional, ResourceDescriptor, Text } from './fields.ts';

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
  return facts({
    mentions: [...attributes.flatMap(({ target, evidence }) => [target, evidence]), producer],
    attributes: attributes.map(({ attribute }) => attribute),
  });
}
