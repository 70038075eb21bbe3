/** What a person must handle. Each kind has an article in docs/runbook.md, which bears its name with dashes. */
export const INCIDENTS = {
  /** Stored bytes, or what serves, are not what was approved. Open, it closes the gates of the model and the endpoint. */
  tampered_artifact: { severity: 'critical', title: 'Bytes are not what was approved' },
  deployment_failed: { severity: 'high', title: 'A deployment failed and was taken back' },
  rollback_failed: { severity: 'critical', title: 'What served before could not be put back' },
  /** An execution was stopped past the API, or ran out of time. */
  promotion_stopped: { severity: 'high', title: 'A promotion was stopped from outside' },
  unauthorised_promotion: { severity: 'critical', title: 'Something serves that no release put there' },
  break_glass_review: { severity: 'high', title: 'A model was released past its gate: to be reviewed' },
  emergency_rollback_review: { severity: 'medium', title: 'An emergency rollback: to be reviewed' },
  mail_undeliverable: { severity: 'medium', title: 'An approver cannot be reached by mail' },
  mail_down: { severity: 'high', title: 'No approver can be mailed' },
  telemetry_outage: { severity: 'high', title: 'What serves cannot be observed' },
  kms_anomaly: { severity: 'critical', title: 'A key was used or changed as nobody planned' },
  model_drift: { severity: 'high', title: 'A model no longer behaves as it was evaluated' },
} as const satisfies Record<string, { readonly severity: 'medium' | 'high' | 'critical'; readonly title: string }>;

export type IncidentKind = keyof typeof INCIDENTS;
export const INCIDENT_KINDS = Object.keys(INCIDENTS) as [IncidentKind, ...IncidentKind[]];

export const INCIDENT_STATES = ['open', 'acknowledged', 'resolved'] as const;
export type IncidentState = (typeof INCIDENT_STATES)[number];

/** Anchor of the kind's article in docs/runbook.md. */
export function runbookArticle(kind: IncidentKind): string {
  return kind.replaceAll('_', '-');
}
