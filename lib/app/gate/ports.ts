import type { EvidenceRecord } from '../../core/evidence.ts';
import type { EvidenceKey } from '../../core/evidence-key.ts';
import type { PolicyIdentity } from '../../core/gate/decision.ts';
import type { GateApproval, GateFinding, Known } from '../../core/gate/input.ts';
import type { Json } from '../../core/json.ts';
import type { RecordedRelease } from '../../core/release.ts';
import type { RecordedWaiver } from '../../core/waiver.ts';
import type { Ledger } from '../ports.ts';

/** The evidence table as a gate reads it. Every read is consistent: what is not there is a fact. */
export interface GateLedger extends Pick<Ledger, 'list' | 'commit'> {
  /** One batch read per 100 digests. What is not there is left out. */
  findMany(sha256s: readonly string[]): Promise<ReadonlyMap<string, EvidenceRecord>>;
}

/** What is read for its absence. Each list is read whole and consistently, or is said not to be known. */
export interface GateFacts {
  /** Those whose time is not over at an instant, as the registry has them, which is no proof. */
  waivers(at: Date): Promise<Known<RecordedWaiver>>;
  /** Open findings about any of these: digests, keyids, an endpoint's name in whatever letters. */
  findings(about: readonly string[]): Promise<Known<GateFinding>>;
  /**
   * Those that stood at an instant, each as its signed statement says.
   *
   * @param active - the evidence key that signed nearly everything; undefined: all are read
   * @param ledger - has the statements
   */
  approvals(
    model: string,
    at: Date,
    active: EvidenceKey | undefined,
    ledger: Pick<GateLedger, 'findMany'>,
  ): Promise<Known<GateApproval>>;
  /**
   * The newest on an endpoint, newest first, as the workflow table has them, which is no proof.
   *
   * @param notAfter - an instant; undefined: all that are there
   */
  releases(endpoint: string, notAfter: Date | undefined): Promise<Known<RecordedRelease>>;
}

/** A policy that was loaded and may be asked. */
export interface LoadedPolicy extends PolicyIdentity {
  /**
   * @param input - canonical JSON, as it is stored
   * @returns what the entrypoint returned, whatever its shape; undefined when it was undefined
   * @throws DomainError POLICY_FAILED, POLICY_TIMED_OUT or POLICY_MEMORY_EXCEEDED
   */
  evaluate(input: Uint8Array): Promise<Json | undefined>;
}

/** A policy in a slot beside the main one. */
export interface PolicyBeside {
  readonly slot: string;
  readonly policy: LoadedPolicy;
}

/** What is asked, and decides nothing. */
export interface ShadowPolicy {
  readonly slot: string;
  /** SHA-256 of its bundle. */
  readonly sha256: string;
  /** Rejects when it cannot be had. */
  readonly policy: Promise<LoadedPolicy>;
}

export interface PoliciesInForce {
  readonly main: LoadedPolicy;
  readonly enforced: readonly PolicyBeside[];
  readonly shadows: readonly ShadowPolicy[];
}

export interface Policies {
  /**
   * The policies that are in force, or were at an instant. Nothing that was in force is left out: what cannot be had is refused.
   *
   * @param at - what was in force then, without shadows; what is now if left out
   * @throws DomainError POLICY_UNAVAILABLE or POLICY_INVALID
   */
  inForce(at?: Date): Promise<PoliciesInForce>;
}
