import { Announcement, type AnnouncementType } from '../../contracts/announcements.ts';
import type { IncidentKind } from '../../contracts/incidents.ts';
import { type CaughtFailure, type PromotionEnd, PromotionError } from '../../contracts/promotion.ts';
import { promotionEvent } from '../../core/announcement.ts';
import { DECISION_DIFFERS, ENDPOINT_CHANGED, INTEGRITY_CODES } from '../../core/deployment-progress.ts';
import { DomainError } from '../../core/errors.ts';
import { type Ask, closed, hasDeployed, isOver, type Promotion } from '../../core/promotion.ts';
import type { Announcer } from '../announce-waivers.ts';
import { type Incidents, openReviews } from './incidents.ts';
import { type LeaseDeps, leaveEndpoint } from './lease.ts';
import type { Asks } from './ports.ts';
import { changeByEvent, type RecordDeps } from './record.ts';
import { changePromotion, requirePromotion, requireStanding } from './state.ts';

export interface EndDeps extends LeaseDeps, RecordDeps {
  readonly asks: Pick<Asks, 'save'>;
  readonly announcer: Announcer;
  readonly incidents: Incidents;
}

/**
 * Ends a promotion that releases nothing: the end is evidence, what was asked is closed, the endpoint is given back, a person is
 * told where one must act, and so is whoever wants to know.
 *
 * Crash anywhere: the same call goes on where it stopped; each step finds what it did.
 */
export async function endPromotion(
  deps: EndDeps,
  id: string,
  end: PromotionEnd,
  failure: CaughtFailure | null,
): Promise<void> {
  const read = await requirePromotion(deps.promotions, id);
  const standing = hasDeployed(read) ? await noteEnd(deps, read) : read;
  if (!isOver(standing)) {
    const state = endOf(standing, end);
    await changeByEvent(deps, standing, 'promotion-ended', {
      state,
      failure: standing.failure ?? abortOf(standing, state) ?? failureOf(failure),
      ended_at: deps.clock().toISOString(),
    });
  }
  await settleEnded(deps, id);
}

/**
 * Of what is deployed a step that was given up may be sealing the release. Either that is first, or the end is: what is signed as
 * both would be released here, and not after a reindex.
 */
async function noteEnd(deps: EndDeps, read: Promotion): Promise<Promotion> {
  const ended_at = deps.clock().toISOString();
  return await changePromotion(deps, read, (now) => (now.ended_at === null ? { ended_at } : undefined));
}

/** Where a way back could not even begin, a person must look at what serves. */
function endOf(promotion: Promotion, end: PromotionEnd): PromotionEnd {
  if (hasDeployed(promotion) && (end === 'failed' || end === 'cancelled')) return 'rollback_failed';
  return promotion.abort?.cause === 'superseded' && end === 'cancelled' ? 'superseded' : end;
}

/** Does what follows from an end that stands, be it a release. It may be done again. */
export async function settleEnded(deps: EndDeps, id: string): Promise<void> {
  // Read after the end: what was asked before it is here, and whoever asks later finds the promotion over.
  const { promotion: ended, asks } = await requireStanding(deps.promotions, id);
  await closeAsks(deps, id, asks);
  await leaveEndpoint(deps, ended);
  await openReviews(deps.incidents, ended);
  let incident: string | null = null;
  for (const kind of incidentsOf(ended)) {
    const { id, endpoint, model, failure, release } = ended;
    const opened = await deps.incidents.open({
      kind,
      subject: id,
      endpoint,
      model,
      detail: failure?.detail ?? `the promotion is ${ended.state}`,
      evidence: release === null ? [] : [release],
    });
    incident ??= opened;
  }
  const told = { ...ended, incident: ended.incident ?? incident };
  const time = told.ended_at ?? deps.clock().toISOString();
  await deps.announcer.announce([promotionEvent(announcementOf(told), told, { stage: deps.stage, time })]);
  await changePromotion(deps, ended, (now) =>
    now.settled ? undefined : { settled: true, incident: now.incident ?? incident },
  );
}

/** What is asked changes with each mail that goes out, and each answer. */
const ATTEMPTS = 5;

/**
 * Closes what is asked: nobody's answer counts any more. One that is decided this moment keeps its decision.
 *
 * @throws DomainError REVISION_CONFLICT, worth a retry, when what is asked changes all the time
 */
async function closeAsks(
  { asks, promotions }: Pick<EndDeps, 'asks' | 'promotions'>,
  id: string,
  read: readonly Ask[],
): Promise<void> {
  let standing = read;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    let lost = 0;
    for (const ask of standing) {
      if (ask.state === 'asked' && !(await asks.save(closed(ask)))) lost++;
    }
    if (lost === 0) return;
    standing = (await requireStanding(promotions, id)).asks;
  }
  const message = `what the promotion ${id} asks changes all the time`;
  throw new DomainError('REVISION_CONFLICT', message, { retryAfterMs: 1000 });
}

/** Ends that follow from a note that it shall not go on. */
const STOPPED: ReadonlySet<PromotionEnd> = new Set(['cancelled', 'superseded', 'rolled_back', 'rollback_failed']);

/** Who stopped it said why, which no name of an error tells. */
function abortOf({ abort }: Promotion, end: PromotionEnd): Promotion['failure'] {
  return abort && STOPPED.has(end) ? { code: abort.cause, detail: abort.reason } : null;
}

/** Of ends that are no fault of a step. */
const WHY: Readonly<Record<string, string>> = {
  [PromotionError.rejected]: 'an approver rejected it',
  [PromotionError.expired]: 'nobody answered in time',
  [PromotionError.unsettled]: 'what people approve changed faster than they could approve it',
};

/** Step Functions tells the name of an error; what it says in sentences stays in the log of who threw it. */
function failureOf(failure: CaughtFailure | null): Promotion['failure'] {
  if (!failure) return null;
  const code = failure.Error.slice(0, 100);
  return { code, detail: WHY[code] ?? `a step ended with ${code}` };
}

/** What went wrong and a person must look at, the most urgent first. */
function incidentsOf({ state, failure, abort }: Promotion): readonly IncidentKind[] {
  const code = failure?.code ?? '';
  const isTampered = code === PromotionError.integrity || INTEGRITY_CODES.has(code) || abort?.cause === 'integrity';
  // That it could not be taken back opens no gate to what was tampered with.
  const tampered = isTampered ? (['tampered_artifact'] as const) : [];
  if (state === 'rollback_failed') return ['rollback_failed', ...tampered];
  if (isTampered) return tampered;
  if (code === ENDPOINT_CHANGED || code === DECISION_DIFFERS) return ['unauthorised_promotion'];
  if (code === EXECUTION_STOPPED) return ['promotion_stopped'];
  return state === 'rolled_back' ? ['deployment_failed'] : [];
}

/** Code of a promotion whose execution somebody stopped, or that ran out of time. */
export const EXECUTION_STOPPED = 'EXECUTION_STOPPED';

function announcementOf({ state, kind }: Promotion): AnnouncementType {
  switch (state) {
    case 'released':
      return kind === 'rollback' ? Announcement.rolledBack : Announcement.released;
    case 'refused':
      return Announcement.promotionRefused;
    case 'rejected':
      return Announcement.promotionRejected;
    case 'rolled_back':
      return Announcement.rolledBack;
    default:
      return Announcement.promotionEnded;
  }
}
