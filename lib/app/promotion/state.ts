import { PromotionError } from '../../contracts/promotion.ts';
import { DomainError } from '../../core/errors.ts';
import { isOver, type Promotion } from '../../core/promotion.ts';
import type { GateRows } from '../gate/record.ts';
import type { Clock, Ledger } from '../ports.ts';
import { PromotionFailure } from './failure.ts';
import type { Promotions, StatedPromotions } from './ports.ts';

export interface PromotionStateDeps {
  readonly promotions: Pick<Promotions, 'find' | 'save'>;
  readonly clock: Clock;
}

export interface ConcludeDeps extends Pick<PromotionStateDeps, 'clock'> {
  readonly stated: Pick<StatedPromotions, 'save'>;
  readonly ledger: Pick<Ledger, 'commit'>;
}

/** Changes of one record that meet are tried again this often; people and steps are not that many. */
const ATTEMPTS = 5;

/** A promotion with what is asked in it. */
export async function requireStanding(promotions: Pick<Promotions, 'find'>, id: string) {
  const standing = await promotions.find(id);
  if (standing) return standing;
  throw new DomainError('NOT_FOUND', `there is no promotion ${id}`);
}

export async function requirePromotion(promotions: Pick<Promotions, 'find'>, id: string): Promise<Promotion> {
  return (await requireStanding(promotions, id)).promotion;
}

/** All that may still be noted of a promotion that is over. */
const AFTER_THE_END: ReadonlySet<string> = new Set<keyof Promotion>(['incident', 'settled']);

/**
 * Changes a promotion, as often as it changed meanwhile from what it is by then.
 *
 * @param change - what becomes of a promotion that stands so; undefined leaves it. It may throw, and is asked again
 * @returns the promotion as it stands afterwards
 * @throws DomainError REVISION_CONFLICT, worth a retry, when others change it all the time; PROMOTION_STATE_CONFLICT when it is over:
 *   a step that the state machine gave up may still be at it
 */
export async function changePromotion(
  { promotions, clock }: PromotionStateDeps,
  read: Promotion,
  change: (standing: Promotion) => Partial<Promotion> | undefined,
): Promise<Promotion> {
  let standing = read;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const changed = change(standing);
    if (changed === undefined) return standing;
    if (isOver(standing) && !Object.keys(changed).every((name) => AFTER_THE_END.has(name))) throw conflict(standing);
    const after = { ...standing, ...changed, ...next({ clock }, standing) };
    if (await promotions.save(after)) return after;
    standing = await requirePromotion(promotions, read.id);
  }
  throw new DomainError('REVISION_CONFLICT', `the promotion ${read.id} changes all the time`, { retryAfterMs: 1000 });
}

/**
 * Notes what was concluded from a promotion, of nothing else than was read, and with it the evidence that says so.
 *
 * @throws DomainError REVISION_CONFLICT, worth a retry of the conclusion, when it changed meanwhile
 */
export async function conclude(
  { stated, ledger, clock }: ConcludeDeps,
  read: Promotion,
  changed: Partial<Promotion>,
  evidence: GateRows,
): Promise<Promotion> {
  const after = { ...read, ...changed, ...next({ clock }, read) };
  if (!isOver(read) && (await stated.save(after, evidence))) return after;
  // It came too late, and is signed all the same: a decision that belongs to no promotion.
  await ledger.commit(evidence.record, evidence.entries, undefined);
  if (isOver(read)) throw conflict(read);
  throw new DomainError('REVISION_CONFLICT', `the promotion ${read.id} changed meanwhile`, { retryAfterMs: 1000 });
}

function next({ clock }: Pick<PromotionStateDeps, 'clock'>, { revision }: Promotion) {
  return { updated_at: clock().toISOString(), revision: revision + 1 };
}

/** What was to be done to a promotion does not go with where it stands. */
export function conflict({ id, state }: Promotion): DomainError {
  return new DomainError('PROMOTION_STATE_CONFLICT', `the promotion ${id} is ${state}`);
}

/** @returns undefined where it does not go with where the promotion stands: see {@link conflict} */
export async function unlessConflict<T>(change: Promise<T>): Promise<T | undefined> {
  try {
    return await change;
  } catch (error) {
    if (error instanceof DomainError && error.code === 'PROMOTION_STATE_CONFLICT') return undefined;
    throw error;
  }
}

/** @throws PromotionFailure when somebody wants the promotion not to go on */
export function honourAbort({ abort }: Pick<Promotion, 'abort'>): void {
  if (!abort) return;
  const name = abort.cause === 'superseded' ? PromotionError.superseded : PromotionError.cancelled;
  throw new PromotionFailure(name, abort.cause, abort.reason);
}

/** Keeps why a promotion is about to end; the first reason stays, and what has ended gets none. */
export async function noteFailure(
  deps: PromotionStateDeps,
  read: Promotion,
  { code, message }: Pick<PromotionFailure, 'code' | 'message'>,
): Promise<Promotion> {
  return await changePromotion(deps, read, (standing) =>
    standing.failure || isOver(standing) ? undefined : { failure: { code, detail: message } },
  );
}
