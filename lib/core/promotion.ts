import * as z from 'zod/mini';
import { ENVIRONMENTS, type Environment } from '../contracts/predicates.ts';
import { PROMOTION_ENDS, PROMOTION_KINDS, type PromotionKind } from '../contracts/promotion.ts';
import { canonicalBytes } from './canonical.ts';
import { sha256Hex } from './digest.ts';
import { type Person, PersonSchema } from './person.ts';

/** What is asked for: that this model serves on this endpoint. */
export interface PromotionQuestion {
  /** SHA-256 of the model.tar.gz. */
  readonly model: string;
  readonly endpoint: string;
  readonly environment: Environment;
  /** The requester's own name for the request, such as the id of the pipeline run: the same again is the same promotion. */
  readonly request: string;
}

/** How the model is to be served. */
export interface Serving {
  /** `registry/repository@sha256:<hex>`: SageMaker pulls by digest. */
  readonly image: string;
  readonly instance_type: string;
  readonly instance_count: number;
  /** Share of the traffic in percent that the canary takes, and seconds that it is watched for. */
  readonly canary_percent: number;
  readonly bake_seconds: number;
  /** Names of CloudWatch alarms that take the deployment back, besides ours. */
  readonly alarms: readonly string[];
}

/** Where a promotion stands; an end is final. */
export const PROMOTION_STATES = [
  'requested',
  'waiting_for_endpoint',
  'evaluating',
  'awaiting_approval',
  'deploying',
  'rolling_back',
  ...PROMOTION_ENDS,
] as const;
export type PromotionState = (typeof PROMOTION_STATES)[number];

const ENDS: ReadonlySet<string> = new Set(PROMOTION_ENDS);

export function isOver({ state }: Pick<Promotion, 'state'>): boolean {
  return ENDS.has(state);
}

/** Whether people may still take back what they said: nothing is deployed yet. */
export function isBeforeDeployment({ state }: Pick<Promotion, 'state'>): boolean {
  return ['requested', 'waiting_for_endpoint', 'evaluating', 'awaiting_approval'].includes(state);
}

/** Whether its end must wait for what was begun on the endpoint: to be sealed, or to be taken back. */
export function hasDeployed({ state, deployment }: Pick<Promotion, 'state' | 'deployment'>): boolean {
  return deployment !== null && (state === 'deploying' || state === 'rolling_back');
}

/** A promotion, as the workflow table has it. */
export interface Promotion extends PromotionQuestion, Serving {
  /** Of {@link promotionId}. */
  readonly id: string;
  readonly kind: PromotionKind;
  readonly reason: string;
  /** What becomes of it while another has the endpoint. */
  readonly on_busy: 'wait' | 'supersede';
  readonly requested_at: string;
  readonly requester: Requester;
  /** The second person of a break-glass promotion, and why. */
  readonly confirmed_by: (Requester & { readonly reason: string }) | null;
  readonly state: PromotionState;
  /** Counts how often people were asked. */
  readonly round: number;
  /** Roles that are asked, once the gate has said which. */
  readonly roles: readonly string[];
  /** Evidence of the gate's decisions, and the digests of the facts that they rest on. */
  readonly request_decision: DecisionRef | null;
  readonly release_decision: DecisionRef | null;
  /** Why people are asked again, in codes with parameters; empty in the first round. */
  readonly changes: readonly Change[];
  readonly deployment: Deployment | null;
  /** Why it shall not go on: acted on at the next step, or poll. The first stays. */
  readonly abort: Abort | null;
  /** Evidence of the release; null until it is sealed. */
  readonly release: string | null;
  readonly failure: { readonly code: string; readonly detail: string } | null;
  readonly incident: string | null;
  /** Of what is deployed, noted before its end is signed: from then on no release is sealed. */
  readonly ended_at: string | null;
  /** Whether what follows from the end is done: asks closed, endpoint given back, incident opened, told. */
  readonly settled: boolean;
  readonly updated_at: string;
  /** Events of it that are evidence, from 1. */
  readonly events: number;
  /** Counts the changes of this record, from 1. */
  readonly revision: number;
}

/** A role by its unique id, and the name that it is registered by; null for one that is not. */
export interface Requester extends Person {
  readonly principal: string | null;
}

export interface DecisionRef {
  /** Digest of the signed decision. */
  readonly evidence: string;
  /** Digest of the facts. */
  readonly input: string;
  readonly passed: boolean;
}

/** Something that people had relied on and that is otherwise now. */
export interface Change {
  readonly code:
    | 'attestation_gone'
    | 'signature_changed'
    | 'attestation_superseded'
    | 'consent_or_review_changed'
    | 'policy_changed'
    | 'verdict_changed'
    | 'approval_withdrawn'
    | 'approver_left';
  /** Evidence, policy, rule or role that it is about. */
  readonly about: string;
}

/** What is put on an endpoint; of a rollback what is taken off it again. */
export interface Deployment {
  /** Names that SageMaker knows. */
  readonly model_name: string;
  readonly endpoint_config: string;
  /** Configuration that served before; null of a first deployment, whose way back is removal. */
  readonly previous_config: string | null;
  readonly started_at: string | null;
  /**
   * Since when a first deployment serves and is watched by the named alarms, and those of them that rang already, for nothing may
   * have served. Absent before that, and of what SageMaker watches by itself.
   */
  readonly bake?: { readonly since: string; readonly ringing: readonly string[] };
  /** Since when, and how often, SageMaker was told to put back what served before. */
  readonly way_back: { readonly started_at: string; readonly told: number } | null;
}

export interface Abort {
  readonly cause: 'cancelled' | 'superseded' | 'emergency_rollback' | 'integrity';
  readonly by: Requester | null;
  readonly reason: string;
  readonly at: string;
}

const RequesterSchema = z.extend(PersonSchema, { principal: z.nullable(z.string()) });
const Decision = z.object({ evidence: z.string(), input: z.string(), passed: z.boolean() });

export const PromotionSchema: z.ZodMiniType<Promotion> = z.object({
  id: z.string(),
  kind: z.enum(PROMOTION_KINDS),
  model: z.string(),
  endpoint: z.string(),
  environment: z.enum(ENVIRONMENTS),
  request: z.string(),
  image: z.string(),
  instance_type: z.string(),
  instance_count: z.number(),
  canary_percent: z.number(),
  bake_seconds: z.number(),
  alarms: z.array(z.string()),
  reason: z.string(),
  on_busy: z.enum(['wait', 'supersede']),
  requested_at: z.string(),
  requester: RequesterSchema,
  confirmed_by: z.nullable(z.extend(RequesterSchema, { reason: z.string() })),
  state: z.enum(PROMOTION_STATES),
  round: z.number(),
  roles: z.array(z.string()),
  request_decision: z.nullable(Decision),
  release_decision: z.nullable(Decision),
  changes: z.array(
    z.object({
      code: z.enum([
        'attestation_gone',
        'signature_changed',
        'attestation_superseded',
        'consent_or_review_changed',
        'policy_changed',
        'verdict_changed',
        'approval_withdrawn',
        'approver_left',
      ]),
      about: z.string(),
    }),
  ),
  deployment: z.nullable(
    z.object({
      model_name: z.string(),
      endpoint_config: z.string(),
      previous_config: z.nullable(z.string()),
      started_at: z.nullable(z.string()),
      bake: z.exactOptional(z.object({ since: z.string(), ringing: z.array(z.string()) })),
      way_back: z.nullable(z.object({ started_at: z.string(), told: z.number() })),
    }),
  ),
  abort: z.nullable(
    z.object({
      cause: z.enum(['cancelled', 'superseded', 'emergency_rollback', 'integrity']),
      by: z.nullable(RequesterSchema),
      reason: z.string(),
      at: z.string(),
    }),
  ),
  release: z.nullable(z.string()),
  failure: z.nullable(z.object({ code: z.string(), detail: z.string() })),
  incident: z.nullable(z.string()),
  ended_at: z.nullable(z.string()),
  settled: z.boolean(),
  updated_at: z.string(),
  events: z.int().check(z.positive()),
  revision: z.number(),
});

/** The same question is the same promotion. It is also the name of the execution. */
export function promotionId({ model, endpoint, environment, request }: PromotionQuestion): string {
  return sha256Hex(canonicalBytes({ model, endpoint, environment, request }));
}

/** `sha256:<hex>` of an image that is named by its digest. */
export function imageDigestOf({ image }: Pick<Serving, 'image'>): string {
  return image.slice(image.indexOf('@') + 1);
}

/** One role's approval as it is asked for, in the newest round. */
export interface Ask {
  readonly promotion: string;
  readonly role: string;
  readonly round: number;
  readonly state: 'asked' | 'approved' | 'rejected' | 'closed';
  /** Who was asked, and for which absent people. */
  readonly people: readonly { readonly person: string; readonly deputy_for: readonly string[] }[];
  readonly asked_at: string;
  /** When nobody's answer counts any more. */
  readonly until: string;
  readonly reminders: number;
  /** Ids of those who have the mail of the newest reminder. */
  readonly mailed: readonly string[];
  /** Since when the others of {@link people} could not be mailed; null or absent: mails are taken. */
  readonly mail_down_since?: string | null;
  /** Task token, encrypted with KMS for this promotion and role, base64; null when nobody waits. */
  readonly token: string | null;
  /** Whose decision is being recorded, and the link that holds it: nobody else's can come before it. */
  readonly deciding: { readonly link: string; readonly person: string } | null;
  /** Evidence of the approval that was given, by whom and when. */
  readonly decided: {
    readonly evidence: string;
    readonly person: string;
    readonly at: string;
    /** How they proved who they are; absent of what was decided before it was noted here. Its statement is the proof. */
    readonly method?: 'code' | 'oidc';
  } | null;
  /** Whether whoever approved was told that nothing was released, or is with their next digest; absent: there is nothing to tell yet. */
  readonly end_told?: 'yes' | 'with_digest';
  readonly revision: number;
}

/** An ask that nobody's answer counts for any more. */
export function closed(ask: Ask): Ask {
  return { ...ask, state: 'closed', token: null, revision: ask.revision + 1 };
}

export const AskSchema = z.object({
  promotion: z.string(),
  role: z.string(),
  round: z.number(),
  state: z.enum(['asked', 'approved', 'rejected', 'closed']),
  people: z.array(z.object({ person: z.string(), deputy_for: z.array(z.string()) })),
  asked_at: z.string(),
  until: z.string(),
  reminders: z.number(),
  mailed: z.array(z.string()),
  mail_down_since: z.exactOptional(z.nullable(z.string())),
  token: z.nullable(z.string()),
  deciding: z.nullable(z.object({ link: z.string(), person: z.string() })),
  decided: z.nullable(
    z.object({
      evidence: z.string(),
      person: z.string(),
      at: z.string(),
      method: z.exactOptional(z.enum(['code', 'oidc'])),
    }),
  ),
  end_told: z.exactOptional(z.enum(['yes', 'with_digest'])),
  revision: z.number(),
});
