import type { Outcome, PromotionSummary } from '../pages/model.ts';

/**
 * What mails say. Every string may be hostile, unless its comment says that it is ours; times are RFC 3339 in UTC. A mail has
 * one link at most but for a digest, and never a code together with a link.
 */

/** What the gate said, in short. */
export interface GateSummary {
  readonly passed: number;
  readonly waived: number;
  readonly notApplicable: number;
  readonly failed: number;
  readonly undetermined: number;
}

/** A question to one approver. */
export interface ApprovalQuestion {
  readonly summary: PromotionSummary;
  readonly role: string;
  /** Ids of those in whose place the reader is asked. */
  readonly deputyFor: string | null;
  readonly gate: GateSummary;
  /** What changes against what runs now, as sentences; empty for a first deployment. */
  readonly changes: readonly string[];
  readonly until: string;
  /** Ours. */
  readonly link: string;
}

/** How a promotion came out. */
export interface EndNotice {
  readonly summary: PromotionSummary;
  readonly outcome: Outcome | 'rejected';
  /** Who did it, by id; null for the workflow itself. */
  readonly by: string | null;
  readonly at: string;
  /** Why, as sentences. */
  readonly because: readonly string[];
}

export type MailContent =
  | (ApprovalQuestion & { readonly kind: 'approval_asked' })
  | (ApprovalQuestion & { readonly kind: 'reminder'; readonly askedAt: string })
  /** To whoever is asked later than others, who did not answer. */
  | (ApprovalQuestion & { readonly kind: 'escalation'; readonly askedAt: string })
  | (ApprovalQuestion & { readonly kind: 'asked_again'; readonly changed: readonly string[] })
  | {
      readonly kind: 'code';
      readonly summary: PromotionSummary;
      /** Digits; ours. */
      readonly code: string;
      readonly validMinutes: number;
    }
  /** Everything that waits for one person, and what came to nothing that they had approved. */
  | {
      readonly kind: 'digest';
      readonly questions: readonly Pick<ApprovalQuestion, 'summary' | 'role' | 'deputyFor' | 'until' | 'link'>[];
      readonly ended: readonly EndNotice[];
    }
  /** How it came out, to those who were asked. */
  | (EndNotice & { readonly kind: 'notice' });

export interface RenderedMail {
  /** One line, without control characters. */
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}
