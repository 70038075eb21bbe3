import type { PromotionKind } from '../../contracts/promotion.ts';
import type { Ask, Promotion } from '../../core/promotion.ts';
import type { RecordedRelease } from '../../core/release.ts';
import type { GateRows } from '../gate/record.ts';
import type { Log } from '../ports.ts';

/** The promotions of the workflow table. */
export interface Promotions {
  /** A promotion and what is asked of people in it, in one consistent read. */
  find(id: string): Promise<{ readonly promotion: Promotion; readonly asks: readonly Ask[] } | undefined>;
  /**
   * Writes a promotion on condition that it stands at the revision before.
   * @returns false when it does not; nothing was written then
   */
  save(promotion: Promotion): Promise<boolean>;
  /**
   * Promotions that have not ended, the first request first; one that changed this second may be told as it was. One that cannot
   * be read is left out, so that it holds up no other, and is told to the log as INTEGRITY_FAILURE.
   */
  open(log: Log): Promise<readonly Promotion[]>;
  /** Those of an endpoint that ended, newest first, as old as an index is; without those that cannot be read, as above. */
  ended(endpoint: string, limit: number, log: Log): Promise<readonly Promotion[]>;
}

/** Promotions whose change is evidence: both are written in one transaction, or neither. Evidence that is there already stays. */
export interface StatedPromotions {
  /** @returns false, having written nothing, when the promotion does not stand at the revision before */
  save(promotion: Promotion, evidence: GateRows): Promise<boolean>;
  /**
   * The same with the release that ends it.
   * @param model - that serves, or that was removed
   */
  seal(promotion: Promotion, evidence: GateRows, release: RecordedRelease, model: string): Promise<boolean>;
}

/** What one role is asked. */
export interface Asks {
  /** Writes an ask on condition that it stands at the revision before; false when it does not. */
  save(ask: Ask): Promise<boolean>;
  /** Those that nobody has answered, the first asked first, in the way of {@link Promotions.open}. */
  open(log: Log): Promise<readonly Ask[]>;
  /** Approvals whose givers hear with their next digest that nothing was released, in the same way. */
  untold(log: Log): Promise<readonly Ask[]>;
}

/** Whose an endpoint is. */
export interface Lease {
  readonly endpoint: string;
  readonly promotion: string;
  /** After this it may be taken by another. */
  readonly until: string;
  readonly revision: number;
}

export interface Waiting {
  readonly promotion: string;
  readonly kind: PromotionKind;
  readonly requested_at: string;
  /** After this its place in the line is nobody's, unless it has taken it anew. */
  readonly until: string;
  /** Encrypted for the promotion; null when it does not wait at this moment. */
  readonly token: string | null;
}

/**
 * One promotion at a time has an endpoint. A lease that nobody renews, as a deployment does when it is told something, runs out, so that no crash keeps an endpoint for ever.
 */
export interface Endpoints {
  /** Whose it is, and who waits, the first request first, in one consistent read. */
  find(endpoint: string): Promise<{ readonly lease: Lease | undefined; readonly waiting: readonly Waiting[] }>;
  /** On condition that it stands as it was read (undefined: is not there). @returns false when it does not */
  take(lease: Lease, before: Lease | undefined): Promise<boolean>;
  /** Keeps it for the promotion at least until then. One write, which never shortens it. @returns false, having written nothing, when it is not the promotion's */
  renew(endpoint: string, promotion: string, until: string): Promise<boolean>;
  /** Gives it back if it is still the promotion's. */
  giveBack(endpoint: string, promotion: string): Promise<void>;
  enqueue(endpoint: string, waiting: Waiting): Promise<void>;
  dequeue(endpoint: string, waiting: Pick<Waiting, 'promotion' | 'requested_at'>): Promise<void>;
}

/** Task tokens, kept encrypted: whoever reads the table cannot answer for somebody. */
export interface Tokens {
  /** @param context - what it is for: the same is needed to open it */
  seal(token: string, context: Readonly<Record<string, string>>): Promise<string>;
  open(sealed: string, context: Readonly<Record<string, string>>): Promise<string>;
}

/** Ends a wait of the state machine. */
export interface Waits {
  /** @returns false when nobody waits by that token any more */
  succeed(token: string, output: object): Promise<boolean>;
  fail(token: string, error: string): Promise<boolean>;
}
