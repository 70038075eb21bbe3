import * as z from 'zod/mini';
import { ENVIRONMENTS, OwnPredicate } from '../../contracts/predicates.ts';
import { canonicalBytes } from '../canonical.ts';
import { Sha256Schema, sha256 } from '../digest.ts';
import { DomainError } from '../errors.ts';
import type { GateApproval } from '../gate/input.ts';
import { parseWith } from '../schema.ts';
import { type Statement, statementJson } from '../statement.ts';

/** Characters of a role, which is a part of object keys. */
const ROLE = /^[a-z][a-z0-9-]{0,63}$/;

const Role = z.string().check(z.regex(ROLE));
const Round = z.int().check(z.positive());

/**
 * How the person proved who they are. A code shows that somebody reads their mail; an ID token, whose nonce is of
 * {@link approvalNonce}, is the word of their identity provider for this very approval.
 */
const MethodSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('code'), strength: z.literal('weaker') }),
  z.strictObject({
    kind: z.literal('oidc'),
    strength: z.literal('stronger'),
    issuer: z.string(),
    /** Artifact with the ID token and the provider's keys, as they were then. */
    proof_sha256: Sha256Schema,
  }),
]);
export type ApprovalMethod = z.output<typeof MethodSchema>;

const asked = {
  promotion: Sha256Schema,
  round: Round,
  role: Role,
  environment: z.enum(ENVIRONMENTS),
  /** Stable id; name and address lie in the directory only. */
  person: z.string(),
};

export const GivenSchema = z.strictObject({
  ...asked,
  decision: z.enum(['approved', 'rejected']),
  endpoint: z.string(),
  /** `sha256:<hex>` */
  image_digest: z.string(),
  /** The gate's decision that the person saw, and the facts that it rests on. */
  gate: z.strictObject({ decision: Sha256Schema, input: Sha256Schema }),
  /** Ids of the absent people for whom the person stood in. */
  deputy_for: z.array(z.string()),
  comment: z.string(),
  method: MethodSchema,
  decided_at: z.string(),
});

/** What one person decided when they were asked. */
export type GivenApproval = z.output<typeof GivenSchema>;

const EndedSchema = z.strictObject({
  ...asked,
  /** `withdrawn` by its giver; `fallen`: what it approved is otherwise now, and the role is asked again. */
  decision: z.enum(['withdrawn', 'fallen']),
  /** Evidence of the approval that ends. */
  approval: Sha256Schema,
  method: z.nullable(MethodSchema),
  ended_at: z.string(),
});

/** That an approval counts no more. */
export type EndedApproval = z.output<typeof EndedSchema>;

export type ApprovalBody = GivenApproval | EndedApproval;

const BodySchema: z.ZodMiniType<ApprovalBody> = z.union([GivenSchema, EndedSchema]);

export function isRole(role: string): boolean {
  return ROLE.test(role);
}

export function isGiven(body: ApprovalBody): body is GivenApproval {
  return body.decision === 'approved' || body.decision === 'rejected';
}

export function timeOf(body: ApprovalBody): string {
  return isGiven(body) ? body.decided_at : body.ended_at;
}

/** The statement, canonical, ready to be signed; its subject is the model. */
export function approvalPayload(model: string, body: ApprovalBody): Buffer {
  return canonicalBytes(statementJson([{ name: 'model', digest: { sha256: model } }], OwnPredicate.approval, body));
}

/** What an ID token is bound to: all that is decided, but for the proof of who decides. */
export function approvalNonce(model: string, { method: _method, ...decided }: GivenApproval): string {
  return sha256(canonicalBytes({ ...decided, model })).toString('base64url');
}

/**
 * Whether the evidence key signed it is for the caller to have checked.
 *
 * @throws DomainError PREDICATE_INVALID
 */
export function parseApproval(statement: Statement): { readonly model: string; readonly body: ApprovalBody } {
  const [model, ...others] = statement.subject;
  if (statement.predicateType !== OwnPredicate.approval || !model || others.length > 0) {
    throw new DomainError('PREDICATE_INVALID', 'the statement is no approval', { pointer: '/predicateType' });
  }
  const body = parseWith(BodySchema, statement.predicate, 'PREDICATE_INVALID', '/predicate');
  return { model: model.digest.sha256, body };
}

/** A row of the workflow table. It is no proof: its statements are. */
export interface RecordedApproval extends GateApproval {
  /** In which the person was asked. */
  readonly round: number;
  /** Since when it counts no more, and by which statement; null while it stands. */
  readonly ended_at: string | null;
  readonly end: string | null;
}

export function recordedApproval(model: string, evidence: string, body: GivenApproval): RecordedApproval {
  const { role, person, decision, environment, endpoint, image_digest, promotion, decided_at, round } = body;
  const said = { evidence, role, person, decision, model, environment, endpoint, image_digest, promotion, decided_at };
  return { ...said, round, ended_at: null, end: null };
}
