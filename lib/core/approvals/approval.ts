import * as z from 'zod/mini';
import { ENVIRONMENTS, OwnPredicate } from '../../contracts/predicates.ts';
import { canonicalBytes } from '../canonical.ts';
import { Sha256Schema, sha256 } from '../digest.ts';
import { DomainError } from '../errors.ts';
import type { GateApproval } from '../gate/input.ts';
import { parseWith } from '../schema.ts';
import { type Statement, statementJson } from '../statement.ts';
import { type IdTokenClaims, MAX_ID_TOKEN, ProviderKeySchema, verifyIdToken } from './id-token.ts';

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
    /** Whom the provider made the token for. */
    client_id: z.string(),
    /** As the provider signed it. It says who signed in by a `sub` alone. */
    id_token: z.string().check(z.maxLength(MAX_ID_TOKEN)),
    /** Of the provider's keys, as they were then, the one that signed. */
    key: ProviderKeySchema,
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

/** What somebody decides, before it is proven who does: with a method it is an approval, or the end of one. */
export type GivenDraft = Omit<GivenApproval, 'method'>;
export type EndedDraft = Omit<EndedApproval, 'method'>;

const BodySchema: z.ZodMiniType<ApprovalBody> = z.union([GivenSchema, EndedSchema]);

export function isRole(role: string): boolean {
  return ROLE.test(role);
}

export function isGiven<G extends GivenDraft, E extends EndedDraft>(body: G | E): body is G {
  return body.decision === 'approved' || body.decision === 'rejected';
}

export function timeOf(body: GivenDraft | EndedDraft): string {
  return isGiven(body) ? body.decided_at : body.ended_at;
}

/** The statement, canonical, ready to be signed; its subject is the model. */
export function approvalPayload(model: string, body: ApprovalBody): Buffer {
  return canonicalBytes(statementJson([{ name: 'model', digest: { sha256: model } }], OwnPredicate.approval, body));
}

/** What an ID token is bound to: all that is decided, but for the proof of who decides. */
export function approvalNonce(model: string, decided: GivenDraft | EndedDraft): string {
  return sha256(canonicalBytes({ ...decided, model, method: undefined })).toString('base64url');
}

/** How long somebody may take to sign in for what they decided, and how far apart two clocks may be. */
export const SIGN_IN_MINUTES = 15;
const SKEW_MINUTES = 2;

/**
 * Who signed in for what is said: the signature of their provider over its very content, at its time. Nothing is asked of anybody.
 *
 * @returns undefined where it was proved otherwise
 * @throws DomainError SIGNATURE_INVALID or PREDICATE_INVALID when the token does not prove it
 */
export function verifySignIn(model: string, body: ApprovalBody): IdTokenClaims | undefined {
  if (body.method?.kind !== 'oidc') return undefined;
  const { issuer, client_id, id_token, key } = body.method;
  const claims = verifyIdToken(id_token, key, { issuer, client_id, nonce: approvalNonce(model, body) });
  const minutes = (claims.iat * 1000 - Date.parse(timeOf(body))) / 60_000;
  if (minutes >= -SKEW_MINUTES && minutes <= SIGN_IN_MINUTES + SKEW_MINUTES) return claims;
  throw new DomainError('PREDICATE_INVALID', 'the ID token was made at another time', { pointer: '/predicate/method' });
}

/**
 * Whether the evidence key signed it is for the caller to have checked. A sign-in is verified here: an approval whose proof does
 * not hold is none, whoever reads it.
 *
 * @throws DomainError PREDICATE_INVALID, SIGNATURE_INVALID
 */
export function parseApproval(statement: Statement): { readonly model: string; readonly body: ApprovalBody } {
  const [model, ...others] = statement.subject;
  if (statement.predicateType !== OwnPredicate.approval || !model || others.length > 0) {
    throw new DomainError('PREDICATE_INVALID', 'the statement is no approval', { pointer: '/predicateType' });
  }
  const body = parseWith(BodySchema, statement.predicate, 'PREDICATE_INVALID', '/predicate');
  verifySignIn(model.digest.sha256, body);
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
