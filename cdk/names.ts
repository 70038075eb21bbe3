import type { Role } from '../lib/contracts/roles.ts';
import { EVENT_STREAMS, type EventStream, eventPrefixes, Prefix } from '../lib/contracts/storage.ts';

/** The Lambdas of promotions. Their template is cdk/stacks/promotion.ts. */
export const PROMOTION_FUNCTION_NAMES = ['promotions', 'promoter', 'promotion-gate', 'deployer'] as const;
export type PromotionFunctionName = (typeof PROMOTION_FUNCTION_NAMES)[number];

/** Those that seal releases and handle incidents. Their template is cdk/stacks/release-functions.ts. */
export const RELEASE_FUNCTION_NAMES = ['releaser', 'incidents'] as const;
export type ReleaseFunctionName = (typeof RELEASE_FUNCTION_NAMES)[number];
/** The Lambdas that ask people and hear them. Their template is cdk/stacks/approvals.ts. */
export const APPROVAL_FUNCTION_NAMES = ['approval-desk', 'pages', 'approval-watch'] as const;
export type ApprovalFunctionName = (typeof APPROVAL_FUNCTION_NAMES)[number];
/** The Lambdas of webhooks. Their template is cdk/stacks/webhooks.ts. */
export const WEBHOOK_FUNCTION_NAMES = ['webhooks', 'webhook-sender'] as const;
export type WebhookFunctionName = (typeof WEBHOOK_FUNCTION_NAMES)[number];

/** The Lambda that tells the SageMaker Model Registry. Its template is cdk/stacks/model-mirror.ts; only some stages have it. */
export const MIRROR_FUNCTION_NAMES = ['model-mirror'] as const;
export type MirrorFunctionName = (typeof MIRROR_FUNCTION_NAMES)[number];

/** Every Lambda of a deployment: one per route group, and those that something else than the API starts. */
export const FUNCTION_NAMES = [
  'intake',
  'artifacts',
  'artifact-verifier',
  'reader',
  'registry',
  'holds',
  'gates',
  'policies',
  'approvers',
  'simulator',
  'waiver-watch',
  ...PROMOTION_FUNCTION_NAMES,
  ...RELEASE_FUNCTION_NAMES,
  ...APPROVAL_FUNCTION_NAMES,
  ...WEBHOOK_FUNCTION_NAMES,
  ...MIRROR_FUNCTION_NAMES,
] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** The functions that countersign. The evidence key's policy lets these execution roles sign, and nobody else. */
export const SIGNERS = [
  'intake',
  'artifacts',
  'artifact-verifier',
  'registry',
  'holds',
  'gates',
  'policies',
  'approvers',
  'simulator',
  'promotions',
  'promoter',
  'promotion-gate',
  ...RELEASE_FUNCTION_NAMES,
  ...APPROVAL_FUNCTION_NAMES,
  'webhooks',
] as const satisfies readonly FunctionName[];

/** The functions that announce what happened. The policy of the announcements' bus takes events from these execution roles only. */
export const ANNOUNCERS = [
  'waiver-watch',
  'promotions',
  'promoter',
  'promotion-gate',
  'incidents',
  ...APPROVAL_FUNCTION_NAMES,
] as const satisfies readonly FunctionName[];

/** Which functions state events, by the streams. Who decides for people on a page gives nobody a right by an event. */
const EVENT_WRITERS: Readonly<Record<EventStream, readonly FunctionName[]>> = {
  approver: ['approvers'],
  'evidence-key': ['registry'],
  hold: ['holds'],
  incident: ['promotions', 'promoter', 'incidents', 'approval-desk', 'approval-watch'],
  policy: ['policies', 'simulator'],
  'policy-activation': ['policies'],
  principal: ['registry'],
  promotion: ['promotions', 'promoter', 'promotion-gate', 'approval-desk', 'pages', 'approval-watch'],
  waiver: ['policies'],
  webhook: ['webhooks'],
};

/** Which functions create objects under which prefix of the evidence bucket. Its policy refuses it to everybody else. */
export const WRITERS: Readonly<Record<string, readonly FunctionName[]>> = {
  [Prefix.attestations]: ['intake'],
  ...Object.fromEntries(
    EVENT_STREAMS.flatMap((stream) => eventPrefixes(stream).map((prefix) => [prefix, EVENT_WRITERS[stream]])),
  ),
  [Prefix.artifacts]: ['artifacts', 'artifact-verifier'],
  [Prefix.receipts]: ['intake', 'artifacts', 'artifact-verifier'],
  [Prefix.policies]: ['policies'],
  [Prefix.gates]: ['gates', 'promotion-gate'],
  [Prefix.approvals]: ['approval-desk', 'pages'],
  [Prefix.releases]: ['releaser'],
  [Prefix.simulations]: ['simulator'],
  [Prefix.keys]: ['registry'],
};

/** Physical name of a function. Fixed, so that runbooks and log queries can name it. */
export function functionName(stage: string, name: FunctionName): string {
  return `countersign-${stage}-${name}`;
}

/**
 * Physical name of a function's execution role. Fixed, because the policies of keys, buckets and tables in the data stack name
 * the roles before the stacks of the functions create them.
 */
export function functionRoleName(stage: string, name: FunctionName): string {
  return `countersign-${stage}-fn-${name}`;
}

/** Every state machine, by its file in statemachines/. */
export const STATE_MACHINE_NAMES = ['simulate-policy', 'promote-model'] as const;
export type StateMachineName = (typeof STATE_MACHINE_NAMES)[number];

/** Physical name of a state machine. Fixed, because its own policy names it. */
export function stateMachineName(stage: string, name: StateMachineName): string {
  return `countersign-${stage}-${name}`;
}

/** Physical name of a state machine's execution role. */
export function stateMachineRoleName(stage: string, name: StateMachineName): string {
  return `countersign-${stage}-sm-${name}`;
}

/** Physical name of the role that models run as on SageMaker. Fixed: models keep it for as long as they serve. */
export function servingRoleName(stage: string): string {
  return `countersign-${stage}-serving`;
}

/** Physical name of the managed policy of a role. */
export function rolePolicyName(stage: string, role: Role): string {
  return `countersign-${stage}-${role}`;
}

/**
 * The roles that the template makes as roles. Break-glass may bypass the evidence bucket's denials; the rebuilder may
 * write the tables past the functions.
 */
export const EMERGENCY_ROLES = ['break-glass', 'rebuilder'] as const satisfies readonly Role[];
export type EmergencyRoleName = (typeof EMERGENCY_ROLES)[number];

/** Physical name of an emergency role. Fixed, because policies and alarms name it. */
export function emergencyRoleName(stage: string, name: EmergencyRoleName): string {
  return `countersign-${stage}-${name}`;
}
