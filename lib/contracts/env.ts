/**
 * Names of the environment variables that the template sets and the handlers read.
 * Constructs and handlers both use these constants, so a typo does not compile.
 */
export const Env = {
  /** Stage of the deployment, such as `dev` or `prod`. */
  STAGE: 'COUNTERSIGN_STAGE',
  EVIDENCE_BUCKET: 'EVIDENCE_BUCKET',
  STAGING_BUCKET: 'STAGING_BUCKET',
  EVIDENCE_TABLE: 'EVIDENCE_TABLE',
  REGISTRY_TABLE: 'REGISTRY_TABLE',
  WORKFLOW_TABLE: 'WORKFLOW_TABLE',
  /** ARN of the KMS key that countersigns (ECC_NIST_P256, SIGN_VERIFY). */
  EVIDENCE_KEY_ARN: 'EVIDENCE_KEY_ARN',
  /** JSON of {@link RetentionPolicy}. */
  RETENTION: 'RETENTION',
  /** Comma-separated pipeline stages whose unsigned manifests are stored and flagged. Empty: none. */
  UNSIGNED_STAGES: 'UNSIGNED_STAGES',
  /** Largest artifact in bytes that one presigned PUT may carry; larger ones go through staging. */
  SINGLE_PUT_MAX_BYTES: 'SINGLE_PUT_MAX_BYTES',
  /** Name of the function that verifies staged uploads; the artifacts function invokes it. */
  ARTIFACT_VERIFIER: 'ARTIFACT_VERIFIER',
  /** ARN of the state machine that simulates policies; the policies function starts it. */
  SIMULATION_MACHINE_ARN: 'SIMULATION_MACHINE_ARN',
  /** ARN of the state machine that promotes models. */
  PROMOTION_MACHINE_ARN: 'PROMOTION_MACHINE_ARN',
  /** ARN of the KMS key that encrypts what is kept secret: task tokens, secrets of webhooks. */
  DATA_KEY_ARN: 'DATA_KEY_ARN',
  /** Base of the public pages, with a slash at its end. */
  PAGES_URL: 'PAGES_URL',
  /** Address that mails come from. */
  MAIL_FROM: 'MAIL_FROM',
  /** SES configuration set that mails are sent with. */
  MAIL_CONFIGURATION_SET: 'MAIL_CONFIGURATION_SET',
  /** JSON of {@link SignInConfig}. Absent: whoever approves proves who they are by a code. */
  SIGN_IN: 'SIGN_IN',
  /** Seconds until somebody who has not answered is reminded, and how often. */
  REMINDER_SECONDS: 'REMINDER_SECONDS',
  REMINDERS: 'REMINDERS',
  /** After how many reminders those on standby are asked too. */
  ESCALATE_AFTER: 'ESCALATE_AFTER',
  /** Seconds that an endpoint stays a promotion's without a sign of life. */
  LEASE_SECONDS: 'LEASE_SECONDS',
  /** After so many seconds whoever waits for an endpoint looks by itself. */
  ENDPOINT_WAIT_SECONDS: 'ENDPOINT_WAIT_SECONDS',
  /** `allowed` where webhooks may lead to this machine. */
  WEBHOOK_LOOPBACK: 'WEBHOOK_LOOPBACK',
  /** JSON of {@link SamplingRates}. */
  GATE_SAMPLING: 'GATE_SAMPLING',
  /** ARN of the role that models run as on SageMaker. */
  SERVING_ROLE_ARN: 'SERVING_ROLE_ARN',
  /** Comma-separated environments whose deployments may move all traffic at once. Empty: none. */
  ALL_AT_ONCE_IN: 'ALL_AT_ONCE_IN',
  /** What the names of our groups in SageMaker's Model Registry begin with. */
  PACKAGE_GROUP_PREFIX: 'PACKAGE_GROUP_PREFIX',
} as const;

export type EnvName = (typeof Env)[keyof typeof Env];

/** How long evidence stays locked, by the environment that it speaks for. */
export interface RetentionPolicy {
  /** S3 Object Lock mode. COMPLIANCE: nobody can shorten it. GOVERNANCE: the break-glass role can. */
  readonly mode: 'COMPLIANCE' | 'GOVERNANCE';
  /** Days from receipt, at least 1. */
  readonly days: { readonly experimental: number; readonly staging: number; readonly production: number };
}

/** The OpenID provider that approvers sign in at, and what we are to it. */
export interface SignInConfig {
  /** As its tokens name it, to the letter. */
  readonly issuer: string;
  /** Of a public client that is ours alone. */
  readonly clientId: string;
}

/** Share of the runs whose models a gate checks, 0 to 1. Production, and what is a release candidate, is always checked. */
export interface SamplingRates {
  readonly experimental: number;
  readonly staging: number;
}
