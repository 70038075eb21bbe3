import * as z from 'zod/mini';
import { OwnPredicate } from '../contracts/predicates.ts';
import { ApproverRecordSchema } from './approver.ts';
import { EvidenceKeySchema } from './evidence-key.ts';
import { IncidentSchema } from './incident.ts';
import { activationStream, approverStream, promotionStream } from './layout.ts';
import { ActivationSchema, PolicyRecordSchema } from './policy.ts';
import { PromotionSchema } from './promotion.ts';
import { KeyRecordSchema } from './registry.ts';
import { WaiverRecordSchema } from './waiver.ts';
import { SubscriptionSchema } from './webhooks/subscription.ts';

/**
 * What the control plane states about itself. Events of one subject form a stream, numbered from 1; each number exists once,
 * because its object is written once, so the bucket alone tells what happened in which order.
 */

const Actor = z.object({ arn: z.string(), unique_id: z.string(), account: z.string() });
const common = { at: z.string(), by: Actor, revision: z.int().check(z.positive()) };
const PrincipalName = z.object({ name: z.string(), unique_id: z.string() });

export const EventSchema = z.discriminatedUnion('action', [
  z.object({ ...common, action: z.literal('evidence-key-activated'), evidence_key: EvidenceKeySchema }),
  z.object({
    ...common,
    action: z.literal('principal-registered'),
    principal: z.extend(PrincipalName, { arn: z.string(), account: z.string() }),
  }),
  z.object({
    ...common,
    action: z.enum(['key-registered', 'key-changed', 'key-revoked']),
    key: KeyRecordSchema,
    principal: PrincipalName,
    /** Digest of the proof of possession; a revocation needs none. */
    proof_sha256: z.exactOptional(z.string()),
  }),
  z.object({
    ...common,
    action: z.enum(['policy-proposed', 'policy-tested', 'policy-simulated', 'policy-approved']),
    policy: PolicyRecordSchema,
  }),
  z.object({
    ...common,
    action: z.enum(['policy-activated', 'policy-rolled-back', 'policy-shadowed', 'policy-withdrawn']),
    activation: ActivationSchema,
  }),
  z.object({
    ...common,
    action: z.enum(['waiver-requested', 'waiver-approved', 'waiver-ended']),
    waiver: WaiverRecordSchema,
  }),
  z.object({
    ...common,
    action: z.enum(['approver-added', 'approver-changed', 'approver-erased']),
    approver: ApproverRecordSchema,
  }),
  z.object({
    ...common,
    action: z.enum(['promotion-requested', 'promotion-confirmed', 'promotion-reopened', 'promotion-ended']),
    /** As it stands with the event. */
    promotion: PromotionSchema,
  }),
  z.object({
    ...common,
    action: z.enum(['incident-opened', 'incident-acknowledged', 'incident-resolved']),
    /** As it stands with the event. */
    incident: IncidentSchema,
  }),
  z.object({
    ...common,
    action: z.enum(['webhook-added', 'webhook-changed', 'webhook-secret-rotated']),
    webhook: SubscriptionSchema,
  }),
  z.object({ ...common, action: z.enum(['hold-placed', 'hold-released']), sha256: z.string(), reason: z.string() }),
]);

export type EventBody = z.output<typeof EventSchema>;
export type HoldEvent = Extract<EventBody, { sha256: string }>;
export type ActivationEvent = Extract<EventBody, { activation: unknown }>;
export type WebhookEvent = Extract<EventBody, { webhook: unknown }>;
export type ApproverEvent = Extract<EventBody, { approver: unknown }>;
export type PromotionEvent = Extract<EventBody, { promotion: unknown }>;
export type IncidentEvent = Extract<EventBody, { incident: unknown }>;
export type RegistryEvent = Exclude<EventBody, HoldEvent | IncidentEvent | PromotionEvent>;

/** Whether an event changes the registry: who is who, what is in force, and who may be asked. */
export function isRegistryEvent(body: EventBody): body is RegistryEvent {
  return !('sha256' in body || 'incident' in body || 'promotion' in body);
}

/** The subject whose changes are numbered together. */
export function streamOf(body: EventBody): string {
  switch (body.action) {
    case 'evidence-key-activated':
      return 'evidence-key';
    case 'principal-registered':
    case 'key-registered':
    case 'key-changed':
    case 'key-revoked':
      return `principal/${body.principal.unique_id}`;
    case 'policy-proposed':
    case 'policy-tested':
    case 'policy-simulated':
    case 'policy-approved':
      return `policy/${body.policy.sha256}`;
    case 'policy-activated':
    case 'policy-rolled-back':
    case 'policy-shadowed':
    case 'policy-withdrawn':
      return activationStream(body.activation.slot?.name);
    case 'waiver-requested':
    case 'waiver-approved':
    case 'waiver-ended':
      return `waiver/${body.waiver.id}`;
    case 'approver-added':
    case 'approver-changed':
    case 'approver-erased':
      return approverStream(body.approver.id);
    case 'promotion-requested':
    case 'promotion-confirmed':
    case 'promotion-reopened':
    case 'promotion-ended':
      return promotionStream(body.promotion.id);
    case 'incident-opened':
    case 'incident-acknowledged':
    case 'incident-resolved':
      return `incident/${body.incident.id}`;
    case 'webhook-added':
    case 'webhook-changed':
    case 'webhook-secret-rotated':
      return `webhook/${body.webhook.id}`;
    case 'hold-placed':
    case 'hold-released':
      return `hold/${body.sha256}`;
  }
}

export function predicateTypeOf(body: EventBody): string {
  switch (body.action) {
    case 'principal-registered':
      return OwnPredicate.principalEvent;
    case 'hold-placed':
    case 'hold-released':
      return OwnPredicate.hold;
    case 'policy-proposed':
    case 'policy-tested':
    case 'policy-simulated':
    case 'policy-approved':
    case 'policy-activated':
    case 'policy-rolled-back':
    case 'policy-shadowed':
    case 'policy-withdrawn':
      return OwnPredicate.policyEvent;
    case 'waiver-requested':
    case 'waiver-approved':
    case 'waiver-ended':
      return OwnPredicate.waiver;
    case 'approver-added':
    case 'approver-changed':
    case 'approver-erased':
      return OwnPredicate.approverEvent;
    case 'promotion-requested':
    case 'promotion-confirmed':
    case 'promotion-reopened':
    case 'promotion-ended':
      return OwnPredicate.promotionEvent;
    case 'incident-opened':
    case 'incident-acknowledged':
    case 'incident-resolved':
      return OwnPredicate.incidentEvent;
    case 'webhook-added':
    case 'webhook-changed':
    case 'webhook-secret-rotated':
      return OwnPredicate.webhookEvent;
    default:
      return OwnPredicate.keyEvent;
  }
}
