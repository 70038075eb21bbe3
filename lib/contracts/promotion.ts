/**
 * Promotion: what the state machine `statemachines/promote-model.asl.json` and the functions behind its states say to each
 * other. Payloads carry ids and digests, never documents: what is large lies in the workflow table and the evidence bucket.
 */

/**
 * - `promotion`: gates and people decide.
 * - `break_glass`: two people of the break-glass promoters decide; the gate's answer is recorded, and reviewed afterwards.
 * - `rollback`: puts back what served before, at once; reviewed afterwards.
 */
export const PROMOTION_KINDS = ['promotion', 'break_glass', 'rollback'] as const;
export type PromotionKind = (typeof PROMOTION_KINDS)[number];

/** Input of an execution, which is named by the promotion's id. */
export interface PromotionInput {
  /** 64 hexadecimal digits. */
  readonly promotion: string;
  /** `recovery`: takes back what an execution that was stopped had begun to deploy. */
  readonly kind: PromotionKind | 'recovery';
}

/** How a promotion ends. Only `released` leaves the model serving. */
export const PROMOTION_ENDS = [
  'released',
  /** The gate does not let it through. */
  'refused',
  /** A person rejected it. */
  'rejected',
  /** Nobody answered in time. */
  'expired',
  'cancelled',
  /** A newer one for the same endpoint took its place. */
  'superseded',
  /** The deployment was taken back, and what served before serves. */
  'rolled_back',
  /** Something broke, or the execution was stopped, before anything was deployed. */
  'failed',
  /** The deployment could not be taken back: a person must. */
  'rollback_failed',
] as const;
export type PromotionEnd = (typeof PROMOTION_ENDS)[number];

/** `purpose` in the encryption context of every task token that is kept. */
export const TOKEN_PURPOSE = 'task-token';

/** Asks the `promoter` function: where the promotion stands. */
export type PromoterTask = PromotionInput &
  (
    | { readonly task: 'take-endpoint' }
    /** Its answer comes by the token, when the endpoint is free; the wait also ends by itself, to look again. */
    | { readonly task: 'await-endpoint'; readonly token: string }
    /** Ends it: the lease is given back, the end is evidence, whoever wants to know is told. */
    | { readonly task: 'end'; readonly end: PromotionEnd; readonly failure: CaughtFailure | null }
    | { readonly task: 'announce-release' }
  );

/** Event of EventBridge, of which this is used ("Step Functions Execution Status Change"): an execution that ended by no state of ours. */
export interface ExecutionEnded {
  readonly source: 'aws.states';
  readonly detail: {
    /** Of the execution. */
    readonly name: string;
    readonly status: 'ABORTED' | 'FAILED' | 'TIMED_OUT';
  };
}

/** What the state machine caught; null where it took a way of its own. */
export interface CaughtFailure {
  readonly Error: string;
  readonly Cause?: string;
}

/** Whether the endpoint is this promotion's. */
export interface Taken {
  readonly taken: 'yes' | 'no';
}

/** Asks the `promotion-gate` function. */
export type PromotionGateTask = PromotionInput &
  (
    | { readonly task: 'verify-artifact' }
    | { readonly task: 'evaluate-request' }
    | { readonly task: 'evaluate-release' }
  );

/** What a gate came to. `ask_again`: what people approved has changed since. */
export interface GateOutcome {
  readonly outcome: 'passed' | 'refused' | 'ask_again';
  /** Roles whose approvals the policy wants, each once; those that stand already are asked for no more. */
  readonly roles: readonly string[];
  /** Counts how often people were asked, from 1. */
  readonly round: number;
}

/** Asks the `approval-desk` function: one role's approval, whose answer comes by the token. */
export type ApprovalDeskTask = PromotionInput & {
  readonly task: 'ask';
  readonly role: string;
  readonly round: number;
  /** Counts the times that this role was reminded in this round; 0 asks for the first time. */
  readonly reminder: number;
  readonly token: string;
};

/** Asks the `deployer` function. */
export type DeployerTask = PromotionInput &
  /** Refuses what would not canary, before anybody is asked about it. */
  (
    | { readonly task: 'preflight' }
    /** Makes model and endpoint configuration, and refuses what would not canary. */
    | { readonly task: 'prepare' }
    /** Tells SageMaker to deploy, or finds that it was told. */
    | { readonly task: 'deploy' }
    /** One poll of a running deployment. */
    | { readonly task: 'watch' }
    /** Compares every variant with what was approved. */
    | { readonly task: 'check-integrity' }
    /** Puts back what served before; of a first deployment, removes the endpoint. */
    | { readonly task: 'roll-back' }
    /** One poll of a running rollback. */
    | { readonly task: 'watch-rollback' }
    /** One look at what a way back that failed has left, once its promotion is over. */
    | { readonly task: 'clean-up' }
  );

export interface Watched {
  readonly state: /** Goes on. */
    | 'moving'
    /** The new fleet serves all traffic. */
    | 'in_service'
    /** SageMaker, or we by our alarm, took it back: what served before serves. */
    | 'rolled_back'
    /** It stands still with something else than what served before. */
    | 'failed'
    /** What served before cannot be put back by itself. */
    | 'rollback_failed';
}

/** Asks the `releaser` function. */
export type ReleaserTask = PromotionInput &
  /** A part of the lineage closure at a time. Answered with {@link Retained}. */
  ({ readonly task: 'extend-retention'; readonly cursor: string | null } | { readonly task: 'seal' });

export interface Retained {
  /** Where to go on; null when everything is kept for long enough. */
  readonly cursor: string | null;
}

/** Failure of a promotion that the rules do not let through. */
export const GATE_CLOSED = 'GATE_CLOSED';

/**
 * Names of errors that the state machine acts on. With SendTaskFailure they end a wait; thrown, they end a step. TransientError
 * of lib/contracts/simulation.ts is the one that is worth a retry.
 */
export const PromotionError = {
  /** A person rejected. */
  rejected: 'ApprovalRejected',
  /** What was asked for changed while people decided: they are asked again. */
  changed: 'FactsChanged',
  /** Everybody who holds a role has another duty in this promotion, or nobody holds it. */
  nobody: 'NobodyToAsk',
  /** SES takes no mail at present: worth hours of retries. */
  mailDown: 'MailUnavailable',
  /** Nobody answered in time. */
  expired: 'ApprovalExpired',
  /** What people approve changed in more rounds than they are asked in. */
  unsettled: 'ApprovalsUnsettled',
  cancelled: 'PromotionCancelled',
  superseded: 'PromotionSuperseded',
  /** The preflight refuses a deployment that would not canary. */
  deploymentRefused: 'DeploymentRefused',
  /** Bytes or images are not what was approved. */
  integrity: 'IntegrityFailure',
  /** It is released: nothing is taken back for a step that could not say so. */
  sealed: 'ReleaseSealed',
  /** An execution that we did not start: it is of another kind than the promotion that it names. */
  foreign: 'ForeignExecution',
} as const;
export type PromotionErrorName = (typeof PromotionError)[keyof typeof PromotionError];
