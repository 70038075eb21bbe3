import type { Environment, Stage } from '../../contracts/predicates.ts';
import type { Json } from '../json.ts';
import type { Edge } from '../lineage.ts';

/**
 * What a gate decides on: the `input` document of the policy. It holds every fact with its provenance and nothing that would
 * have to be looked up, so that the same bytes give the same decision in any year and on any engine. It is canonicalised
 * (RFC 8785) and stored as evidence before its decision is signed. docs/formats.md describes it field by field.
 */
export interface GateInput {
  readonly version: 1;
  /** RFC 3339 in UTC, milliseconds: when the gate was asked, or the instant that `as_of` names. */
  readonly now: string;
  readonly phase: GatePhase;
  readonly environment: Environment;
  readonly model: { readonly sha256: string };
  /** `sha256:<hex>` of the serving image, when the asker names one. */
  readonly image_digest: string | null;
  /** SageMaker endpoint that the model is to serve on, when the asker names one. */
  readonly endpoint: string | null;
  /** Registered name of the asker; null for one that is not registered. */
  readonly requester: string | null;
  /** Id of the promotion that asks; null when the question belongs to none. */
  readonly promotion: string | null;
  /** Everything said about the model and about each digest in its lineage, in order of receipt. */
  readonly attestations: readonly GateAttestation[];
  /** How many scans were not looked at, because a newer one by the same signer with the same scanner takes their place. */
  readonly superseded: number;
  /** What the model was made from, step by step. */
  readonly lineage: GateLineage;
  readonly waivers: Known<GateWaiver>;
  readonly findings: Known<GateFinding>;
  readonly approvals: Known<GateApproval>;
  /** Releases on the endpoint, newest first; empty for a first deployment, whose way back is removal. */
  readonly releases: Known<GateRelease>;
}

/** request: people are asked afterwards. release: they have decided. */
export const GATE_PHASES = ['request', 'release'] as const;
export type GatePhase = (typeof GATE_PHASES)[number];

/** A list that was read whole (an empty one is then a fact), or could not be read, with the code of the reason. */
export type Known<T> =
  | { readonly known: true; readonly items: readonly T[] }
  | { readonly known: false; readonly code: string };

export interface GateAttestation {
  /** Digest of the stored bytes. */
  readonly evidence: string;
  readonly predicate_type: string;
  readonly received_at: string;
  /** Registered name of the producer. */
  readonly principal: string;
  readonly environment: Environment;
  readonly flags: readonly string[];
  /** What verification of the stored bytes came to, now: nothing is taken from the index. */
  readonly signature: GateSignature;
  readonly stage: Stage | null;
  readonly run_id: string | null;
  readonly subjects: readonly string[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly commits: readonly string[];
  /** The predicate as it was signed; null when the bytes could not be read or do not verify. */
  readonly predicate: Json;
}

/**
 * - `verified`: bytes, signature and receipt hold, and the key had authority when the evidence was received.
 * - `unsigned`: a stage allowed it; it never passes anything.
 * - `key_revoked`: verified, but by a key that is revoked as of a time before the evidence was received.
 * - `invalid`: the stored bytes do not verify. `unreadable`: they could not be had.
 */
export type SignatureState = 'verified' | 'unsigned' | 'key_revoked' | 'invalid' | 'unreadable';

export interface GateSignature {
  readonly state: SignatureState;
  /** Null when unsigned, invalid or unreadable. */
  readonly keyid: string | null;
  /** The role that the key was registered for, such as `privacy-officer`. */
  readonly role: string | null;
}

export interface GateLineage {
  /** False when it could not be followed to its end; `code` then says why (LINEAGE_TOO_LARGE). */
  readonly complete: boolean;
  readonly code: string | null;
  /** Digests, the model first, each once. */
  readonly nodes: readonly string[];
  /** From what went in to what came out, and by which evidence. */
  readonly edges: readonly Edge[];
  /** Digests along one cycle; null when there is none. */
  readonly cycle: readonly string[] | null;
}

/** An approved exception to one rule. A scope field that is null binds nothing; at least one binds. */
export interface GateWaiver {
  readonly evidence: string;
  readonly rule: string;
  readonly scope: {
    readonly model: string | null;
    readonly dataset: string | null;
    readonly endpoint: string | null;
    readonly environment: Environment | null;
  };
  readonly reason: string;
  readonly compensating_control: string;
  /** When it was approved, and the exclusive end. */
  readonly not_before: string;
  readonly not_after: string;
  readonly requester: string;
  readonly approver: { readonly principal: string; readonly role: string };
}

export interface GateFinding {
  readonly id: string;
  readonly severity: 'low' | 'medium' | 'high' | 'critical';
  /** A model or dataset digest, a keyid, or an endpoint's name. */
  readonly about: string;
  readonly opened_at: string;
}

/** What one person decided on one release. A field of it that is null was not named to them, and binds nothing. */
export interface GateApproval {
  readonly evidence: string;
  readonly role: string;
  /** Id of the person, which is also the name that their own role is registered by: else `requester` would be another. */
  readonly person: string;
  readonly decision: 'approved' | 'rejected';
  readonly model: string;
  readonly environment: Environment;
  readonly endpoint: string | null;
  /** `sha256:<hex>` */
  readonly image_digest: string | null;
  /** Id of the promotion that it was asked for in. */
  readonly promotion: string | null;
  readonly decided_at: string;
}

export interface GateRelease {
  readonly evidence: string;
  readonly endpoint: string;
  readonly model: string;
  readonly released_at: string;
}

/** One per rule. Only pass, not_applicable and waived let through. */
export const VERDICTS = ['pass', 'fail', 'not_applicable', 'waived', 'undetermined'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What the policy's entrypoint returns. */
export interface GateResult {
  readonly verdicts: readonly RuleVerdict[];
  /** Rules that will bite from a later time on, judged as if they did now. */
  readonly warnings: readonly RuleVerdict[];
}

export interface RuleVerdict {
  readonly rule: string;
  readonly verdict: Verdict;
  readonly severity: 'low' | 'medium' | 'high' | 'critical';
  /** Annex A controls of ISO/IEC 27001:2022 that the rule serves, such as `A.8.28`. */
  readonly controls: readonly string[];
  readonly effective_on: string;
  readonly reasons: readonly Reason[];
  /** Evidence of the waiver that was used; null when none was. */
  readonly waiver: string | null;
}

/** Turned into a sentence in one place; the policy writes no prose. */
export interface Reason {
  readonly code: string;
  readonly params: Readonly<Record<string, Json>>;
}
