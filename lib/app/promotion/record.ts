import { DomainError } from '../../core/errors.ts';
import type { PromotionEvent } from '../../core/events.ts';
import { CONTROL_PLANE } from '../../core/layout.ts';
import { isBeforeDeployment, type Promotion } from '../../core/promotion.ts';
import { type CountersignDeps, requireEvidenceKey } from '../countersign.ts';
import type { GateRows } from '../gate/record.ts';
import type { Ledger, Registry } from '../ports.ts';
import { storeEvent } from '../record-event.ts';
import { changePromotion, type PromotionStateDeps } from './state.ts';

export interface RecordDeps extends CountersignDeps {
  readonly ledger: Pick<Ledger, 'commit'>;
  readonly registry: Pick<Registry, 'evidenceKey' | 'evidenceKeys'>;
}

type Actor = PromotionEvent['by'];

/** Who acts where no person does. */
const OURSELVES: Actor = { arn: CONTROL_PLANE, unique_id: CONTROL_PLANE, account: '' };

/** A change of a promotion that is evidence. */
export interface StatedChange {
  readonly action: PromotionEvent['action'];
  /** The promotion as it stands with the change; `events` is the number of the event. */
  readonly promotion: Promotion;
  /** @default - the control plane itself */
  readonly by?: Actor;
}

/**
 * Signs an event of a promotion, stores it under its number and puts it where it is found.
 *
 * @returns what is stated under that number: another's event, where a run that died, or that races with this one, was first
 */
export async function statePromotion(
  deps: RecordDeps,
  change: StatedChange,
): Promise<{ readonly stated: PromotionEvent; readonly evidence: string }> {
  const { stated, record, entries } = await signPromotion(deps, change);
  // A second commit of the same event writes nothing.
  await deps.ledger.commit(record, entries, undefined);
  return { stated, evidence: record.sha256 };
}

/** The same for who commits the rows. */
export async function signPromotion(
  deps: Omit<RecordDeps, 'ledger'>,
  { action, promotion, by = OURSELVES }: StatedChange,
): Promise<GateRows & { readonly stated: PromotionEvent }> {
  const key = requireEvidenceKey(await deps.registry.evidenceKey(), deps.signer);
  const body: PromotionEvent = {
    at: deps.clock().toISOString(),
    by,
    action,
    revision: promotion.events,
    promotion,
  };
  const event = await storeEvent(deps, body, promotion.model, key);
  if (!('promotion' in event.body))
    throw new DomainError('INTEGRITY_FAILURE', 'another event lies among the promotions');
  return { stated: event.body, record: event.record, entries: event.entries };
}

/**
 * Makes a change of a promotion that is evidence: the event first, then the record.
 *
 * Crash in between: an event whose change is not made yet. Whoever changes the promotion next meets it under its number, and
 * makes that change first.
 *
 * @param change - what becomes of a promotion that stands so; undefined leaves it
 * @throws DomainError REVISION_CONFLICT, worth a retry, when another change came first
 */
export async function changeByEvent(
  deps: RecordDeps & PromotionStateDeps,
  standing: Promotion,
  action: PromotionEvent['action'],
  change: Partial<Promotion>,
  by?: Actor,
): Promise<Promotion> {
  const promotion = { ...standing, ...change, events: standing.events + 1 };
  const { stated } = await statePromotion(deps, { action, promotion, ...(by ? { by } : {}) });
  return await applyStated(deps, standing, action, stated);
}

/**
 * Makes the change that an event states, the second half of {@link changeByEvent}.
 *
 * @param wanted - what was to be stated under its number
 * @throws DomainError REVISION_CONFLICT, worth a retry, when another change came first; that one is made
 */
export async function applyStated(
  deps: PromotionStateDeps,
  standing: Promotion,
  wanted: PromotionEvent['action'],
  stated: PromotionEvent,
): Promise<Promotion> {
  const after = await changePromotion(deps, standing, (now) =>
    now.events >= stated.revision ? undefined : { ...madeBy(stated, now), events: stated.revision },
  );
  if (stated.action === wanted) return after;
  throw new DomainError('REVISION_CONFLICT', `${stated.action} came first`, { retryAfterMs: 1000 });
}

/** What an event makes of the record as it stands by then. What else changed meanwhile stays. */
function madeBy({ action, promotion }: PromotionEvent, now: Promotion): Partial<Promotion> {
  const { confirmed_by, state, round, changes, failure, ended_at } = promotion;
  switch (action) {
    case 'promotion-requested':
      return {};
    case 'promotion-confirmed':
      return { confirmed_by };
    case 'promotion-reopened':
      // Stated before the deployment began, and met by whoever ends it: nobody is asked any more.
      return isBeforeDeployment(now) ? { state, round, changes, release_decision: null } : {};
    case 'promotion-ended':
      return { state, failure, ended_at };
  }
}
