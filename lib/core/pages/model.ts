import type { Environment, Stage } from '../../contracts/predicates.ts';
import type { PolicyIdentity } from '../gate/decision.ts';
import type { GateWaiver, RuleVerdict } from '../gate/input.ts';
import type { Edge } from '../lineage.ts';

/**
 * What pages show: values in, HTML out. Every string may be hostile, unless its comment says that it is ours; times are RFC 3339
 * in UTC; digests are 64 lower-case hex digits unless they say `sha256:`.
 */

/** One form of a page. The names and values are ours. */
export interface Form {
  /** Path that it posts to, such as `/approve/SECRET/code`. */
  readonly action: string;
  /** Sent along unseen: the anti-forgery token and whatever the next step has to know. */
  readonly hidden: Readonly<Record<string, string>>;
}

/** Names of the fields that people fill in, as they are posted. */
export const FIELD = { code: 'code', decision: 'decision', comment: 'comment' } as const;

/** Values of {@link FIELD.decision}. */
export type Choice = 'approve' | 'reject';

/** Characters of a comment. */
export const MAX_COMMENT = 2000;

/** How an approver proved who they are; a code shows that somebody reads their mail, and is shown as the weaker one. */
export type ProofMethod = 'code' | 'oidc';

/** A thing by the name that its producer gave it, if any, and by its digest, which is what counts. */
export interface NamedDigest {
  readonly name: string | null;
  readonly sha256: string;
}

/** What is asked for: the same on the page, in its confirm step and in the mails. */
export interface PromotionSummary {
  readonly promotion: string;
  readonly endpoint: string;
  readonly environment: Environment;
  readonly model: NamedDigest;
  /** `sha256:<hex>` */
  readonly image: string | null;
  /** Registered name of who asks. */
  readonly requester: string;
  readonly requestedAt: string;
  /** Why, in the requester's words. */
  readonly reason: string;
  /** Break-glass: the rules were set aside for it. */
  readonly emergency: boolean;
}

/** What somebody asserted of a dataset. `unstated`: nobody said anything that verifies. */
export interface Assertion {
  readonly state: 'granted' | 'denied' | 'withdrawn' | 'unstated';
  /** Registered name of who said so. */
  readonly by: string | null;
  readonly at: string | null;
  readonly evidence: string | null;
}

export interface DatasetView extends NamedDigest {
  /** Null: nobody says. */
  readonly personalData: boolean | null;
  readonly consent: Assertion;
  readonly privacyReview: Assertion;
}

/** A digest of the lineage. */
export interface LineageNode extends NamedDigest {
  readonly kind: 'model' | 'dataset' | 'other';
  /** Stage whose manifest says that it came out; null for what was made from nothing else. */
  readonly stage: Stage | null;
}

export interface LineageView {
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly Pick<Edge, 'from' | 'to'>[];
  /** False when it could not be followed to its end. */
  readonly complete: boolean;
}

/** The gate's decision that the approval names. */
export interface GateView {
  /** Evidence of the decision. */
  readonly decision: string;
  readonly decidedAt: string;
  readonly passed: boolean;
  readonly policy: Pick<PolicyIdentity, 'sha256' | 'revision'>;
  /** Of all policies that decide: lib/core/gate/decision.ts, `resultOfAll`. */
  readonly verdicts: readonly RuleVerdict[];
  readonly warnings: readonly RuleVerdict[];
  /** Those that a verdict names by its evidence. */
  readonly waivers: readonly GateWaiver[];
}

/** What the endpoint runs before the promotion. */
export interface RunningView {
  readonly model: NamedDigest;
  readonly image: string | null;
  readonly policy: Pick<PolicyIdentity, 'sha256' | 'revision'> | null;
  readonly releasedAt: string;
}

/** A measured value of the model card, beside that of the running model's. */
export interface MetricView {
  readonly name: string;
  /** As the card has it; null where it does not state it. */
  readonly value: string | null;
  readonly running: string | null;
  /** Which way is better; null when no threshold says. */
  readonly better: 'higher' | 'lower' | null;
}

export interface CardView {
  /** Of the card; null when there is none. */
  readonly sha256: string | null;
  readonly metrics: readonly MetricView[];
  /** What it says of its use, such as `Technical limitations`. The headings are ours. */
  readonly sections: readonly { readonly heading: string; readonly texts: readonly string[] }[];
}

/** What one person decided. Evidence names people by id, and so do pages. */
export interface DecisionView {
  readonly person: string;
  readonly role: string;
  readonly decision: 'approved' | 'rejected';
  /** Null for one of another way, such as an attestation by the approver's own key. */
  readonly method: ProofMethod | null;
  readonly at: string;
  readonly comment: string;
  readonly evidence: string;
  /** Why it counts no longer: withdrawn by its giver, or what it approved changed. */
  readonly fallen: string | null;
}

/** Of the same model family, in promotions before. */
export interface EarlierDecision extends DecisionView {
  readonly model: NamedDigest;
  readonly environment: Environment;
}

/** Everything that an approver sees before they decide. */
export interface ApprovalFacts {
  readonly summary: PromotionSummary;
  /** Role that the reader is asked as. */
  readonly role: string;
  /** Person in whose place the reader is asked; null when they are asked themselves. */
  readonly deputyFor: string | null;
  /** When the link ends. */
  readonly until: string;
  /** Why the reader is asked again, as sentences; empty the first time. */
  readonly changed: readonly string[];
  readonly gate: GateView;
  /** Null: a first deployment, whose way back is removal. */
  readonly running: RunningView | null;
  readonly card: CardView;
  readonly datasets: readonly DatasetView[];
  readonly lineage: LineageView;
  /** Roles whose approvals stand in this promotion. */
  readonly approvedBy: readonly string[];
  /** In this promotion. */
  readonly decided: readonly DecisionView[];
  /** Newest first. */
  readonly earlier: readonly EarlierDecision[];
  /** What of these two is left out, as long as whoever has the link has proved nothing. */
  readonly withheld: Withheld;
  /** Evidence that the decision rests on, beside what is named above; `what` is ours, such as `Training manifest`. */
  readonly evidence: readonly { readonly what: string; readonly sha256: string }[];
}

/**
 * - `decisions`: all; they come with the code.
 * - `comments`: who signs in proves nothing before they have decided, and is to know how others did.
 */
export type Withheld =
  | { readonly what: 'decisions'; readonly count: number }
  | { readonly what: 'comments' }
  | { readonly what: 'nothing' };

/** How the reader is to prove who they are, and the form by which they begin. */
export type Proof =
  | { readonly method: 'code'; readonly form: Form }
  /** `provider` is the host of the provider's address, such as `login.example.com`. Ours. */
  | { readonly method: 'oidc'; readonly provider: string; readonly form: Form };

/** Steps of an approver whose link holds. */
export type ApprovalStep =
  /** What GET shows: all facts, and the first step of who proves by a code who they are. */
  | { readonly state: 'asked'; readonly facts: ApprovalFacts; readonly code: Form }
  /** A code is on its way. */
  | {
      readonly state: 'code';
      readonly facts: ApprovalFacts;
      readonly enter: Form;
      /** Sends another one. */
      readonly resend: Form;
      /** Tries that are left after a wrong code; undefined when none was entered yet. */
      readonly triesLeft: number | undefined;
    }
  /** They are who they should be; or it is the first step of who signs in for what they decide. */
  | {
      readonly state: 'decide';
      readonly facts: ApprovalFacts;
      /** Host of the provider at which they sign in afterwards; undefined for who entered a code. */
      readonly provider: string | undefined;
      readonly decide: Form;
      /** As it was typed, when the page comes back. */
      readonly comment: string;
      readonly problem: 'comment_missing' | 'comment_too_long' | 'choice_missing' | undefined;
    }
  /** Repeats what they sign in for. */
  | {
      readonly state: 'sign_in';
      readonly facts: ApprovalFacts;
      readonly choice: Choice | 'withdraw';
      readonly comment: string;
      readonly provider: string;
      /** At the provider. */
      readonly url: string;
      /** Path that leads back without deciding. */
      readonly back: string;
    }
  /** Repeats exactly what is decided. */
  | {
      readonly state: 'confirm';
      readonly facts: ApprovalFacts;
      readonly choice: Choice | 'withdraw';
      readonly comment: string;
      readonly method: ProofMethod;
      readonly confirm: Form;
      /** Path that leads back without deciding; undefined for who comes from their provider, and has to go on or leave. */
      readonly back: string | undefined;
    };

/** How a promotion came out. */
export type Outcome = 'released' | 'refused' | 'cancelled' | 'superseded' | 'rolled_back' | 'failed' | 'expired';

/** All that the link of a promotion shows once it is over. */
export interface Ended {
  /** Its id. */
  readonly promotion: string;
  readonly outcome: Outcome;
  readonly at: string;
}

/** What a link shows that decides nothing any more. */
export type LinkState =
  /** Guessed, truncated, or gone: whichever it is, the answer is the same to the byte. */
  | { readonly state: 'unknown' }
  | { readonly state: 'expired'; readonly until: string }
  /** For one decision, which was made; shown to whoever did not prove that they made it. */
  | { readonly state: 'used' }
  | { readonly state: 'revoked' }
  /**
   * Somebody came back from their provider, and it proves nothing. `unanswered`: the provider cannot be asked. `other_person`: who
   * signed in is not who was asked.
   */
  | {
      readonly state: 'sign_in_failed';
      readonly because: 'stale' | 'refused' | 'unanswered' | 'other_person';
      /** Path of the link's page; undefined where this browser is not known to have it. */
      readonly back: string | undefined;
    }
  | { readonly state: 'too_many_tries' }
  /** A code was asked for too soon after the one before; the link holds on. */
  | { readonly state: 'wait'; readonly until: string }
  /** All codes of the link were sent. */
  | { readonly state: 'no_more_codes' }
  /** The form was not from this page, or was sent before. `back` shows the page anew. */
  | { readonly state: 'stale_form'; readonly back: string }
  /** Somebody may not decide who is asked: producer, committer, requester, or decided in another role. */
  | { readonly state: 'barred'; readonly because: 'producer' | 'committer' | 'requester' | 'decided' | 'role' }
  | {
      readonly state: 'decided';
      /** What it is about; once the promotion is over, only that it is. */
      readonly about: PromotionSummary | Ended;
      readonly decision: DecisionView;
      /** First step of taking it back; undefined once the canary has started, or when it is taken back. */
      readonly withdraw: Proof | undefined;
    }
  | ({ readonly state: 'ended' } & Ended)
  /** Another mail with another link is on its way. */
  | { readonly state: 'changed'; readonly changed: readonly string[] };

export type ApprovalPage = ApprovalStep | LinkState;

/** What served on an endpoint, from `at` until the next entry. */
export interface ReleaseView {
  readonly kind: 'released' | 'rolled_back' | 'removed';
  readonly at: string;
  /** Null: nothing serves. */
  readonly model: NamedDigest | null;
  readonly image: string | null;
  readonly requester: string;
  /** Of who approved it, by id, with the role. */
  readonly approvedBy: readonly { readonly person: string; readonly role: string }[];
  /** Of the release record. */
  readonly evidence: string;
  /** Why it was rolled back, or its reason. */
  readonly reason: string;
  readonly emergency: boolean;
}

export interface TimelinePage {
  readonly endpoint: string;
  readonly environment: Environment | null;
  /** When it was looked up: the last release serves until then. */
  readonly at: string;
  /** Newest first. */
  readonly releases: readonly ReleaseView[];
  /** Whether there are older ones that were not read. */
  readonly more: boolean;
}

/** What an HTTP answer needs of a page. */
export interface RenderedPage {
  readonly html: string;
  /** Content-Type, the strict policy with the hash of its one style sheet, and those of every answer of its origin. */
  readonly headers: Readonly<Record<string, string>>;
}
