import * as z from 'zod/mini';
import { Predicate } from '../../contracts/predicates.ts';
import { GATE_PHASES, type GateInput } from '../gate/input.ts';
import { parseStrictJson } from '../json.ts';
import { parseWith } from '../schema.ts';

const Approval = z.object({
  evidence: z.string(),
  role: z.string(),
  person: z.string(),
  decision: z.string(),
  promotion: z.nullable(z.string()),
  decided_at: z.string(),
});

const FactsSchema = z.object({
  attestations: z.array(
    z.object({
      evidence: z.string(),
      predicate_type: z.string(),
      signature: z.object({ state: z.string() }),
      subjects: z.array(z.string()),
      inputs: z.array(z.string()),
      outputs: z.array(z.string()),
    }),
  ),
  lineage: z.object({ nodes: z.array(z.string()) }),
  approvals: z.object({ items: z.optional(z.array(Approval)) }),
});

/** What a gate was asked about. */
export type AskedFacts = Pick<GateInput, 'phase' | 'endpoint' | 'image_digest' | 'promotion'>;

const AskedSchema: z.ZodMiniType<AskedFacts> = z.object({
  phase: z.enum(GATE_PHASES),
  endpoint: z.nullable(z.string()),
  image_digest: z.nullable(z.string()),
  promotion: z.nullable(z.string()),
});

/** @throws DomainError INTEGRITY_FAILURE when they are no facts */
export function parseAsked(bytes: Buffer): AskedFacts {
  return parseWith(AskedSchema, parseStrictJson(bytes), 'INTEGRITY_FAILURE');
}

/** What a gate decided on, as far as a release tells of it. */
export type DecidedFacts = z.output<typeof FactsSchema>;

/** @throws DomainError INTEGRITY_FAILURE when they are no facts */
export function parseFacts(bytes: Buffer): DecidedFacts {
  return parseWith(FactsSchema, parseStrictJson(bytes), 'INTEGRITY_FAILURE');
}

/** Evidence of the newest verified model card of the model; null where the gate saw none. */
export function cardIn({ attestations }: DecidedFacts, model: string): string | null {
  const card = attestations.findLast(
    ({ predicate_type, signature, subjects }) =>
      predicate_type === Predicate.cyclonedx && signature.state === 'verified' && subjects.includes(model),
  );
  return card?.evidence ?? null;
}

/** The approvals that were given in a promotion. */
export function approvalsIn({ approvals }: DecidedFacts, promotion: string): readonly z.output<typeof Approval>[] {
  return (approvals.items ?? []).filter((one) => one.promotion === promotion && one.decision === 'approved');
}
