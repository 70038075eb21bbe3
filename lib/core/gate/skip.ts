import * as z from 'zod/mini';
import { ENVIRONMENTS, OwnPredicate } from '../../contracts/predicates.ts';
import { canonicalBytes } from '../canonical.ts';
import { Sha256Schema } from '../digest.ts';
import { DomainError } from '../errors.ts';
import { parseWith } from '../schema.ts';
import { type Statement, statementJson } from '../statement.ts';
import { GATE_PHASES } from './input.ts';

const SkipSchema = z.strictObject({
  /** Neither PASSED nor FAILED: nobody looked. */
  result: z.literal('SKIPPED'),
  environment: z.enum(ENVIRONMENTS).check(z.refine((name) => name !== 'production', 'production is never skipped')),
  phase: z.enum(GATE_PHASES),
  endpoint: z.nullable(z.string()),
  image_digest: z.nullable(z.string()),
  /** Registered name of who asked. */
  requester: z.nullable(z.string()),
  skipped_at: z.string(),
  /** As it was configured. */
  rate: z.number().check(z.minimum(0), z.maximum(1)),
  /** Runs that made the model, none of which the rate chooses. */
  run_ids: z.array(z.string()).check(z.minLength(1)),
  /** Evidence of the verified manifests that say so. */
  manifests: z.array(Sha256Schema).check(z.minLength(1)),
});

/** The fact that a gate did not check a model, because its run was not chosen. */
export type Skip = z.output<typeof SkipSchema>;

/** The statement, canonical, ready to be signed; its subject is the model. */
export function skipPayload(model: string, skip: Skip): Buffer {
  return canonicalBytes(statementJson([{ name: 'model', digest: { sha256: model } }], OwnPredicate.gateSkip, skip));
}

/**
 * Whether the evidence key signed it is for the caller to have checked.
 *
 * @throws DomainError PREDICATE_INVALID
 */
export function parseSkip(statement: Statement): { readonly model: string; readonly skip: Skip } {
  const [model, ...others] = statement.subject;
  if (statement.predicateType !== OwnPredicate.gateSkip || !model || others.length > 0) {
    throw new DomainError('PREDICATE_INVALID', 'the statement is not that a gate was skipped', {
      pointer: '/predicateType',
    });
  }
  return {
    model: model.digest.sha256,
    skip: parseWith(SkipSchema, statement.predicate, 'PREDICATE_INVALID', '/predicate'),
  };
}
