import { Announcement } from '../../contracts/announcements.ts';
import type { PromotionInput, PromotionKind } from '../../contracts/promotion.ts';
import { promotionEvent } from '../../core/announcement.ts';
import { DomainError } from '../../core/errors.ts';
import type { RequestPromotion } from '../../core/promotion/requests.ts';
import { isOver, type Promotion, promotionId, type Requester } from '../../core/promotion.ts';
import type { Announcer } from '../announce-waivers.ts';
import { originOf, personOf } from '../origin.ts';
import type { Registry } from '../ports.ts';
import type { Executions } from '../simulate/ports.ts';
import type { Caller } from '../submit-evidence.ts';
import type { Promotions, StatedPromotions } from './ports.ts';
import { type RecordDeps, signPromotion } from './record.ts';
import { requirePromotion } from './state.ts';

export interface StartDeps extends RecordDeps {
  readonly promotions: Promotions;
  readonly stated: Pick<StatedPromotions, 'save'>;
  readonly executions: Executions;
  readonly announcer: Announcer;
  readonly registry: Pick<Registry, 'context' | 'evidenceKey' | 'evidenceKeys'>;
}

/**
 * Asks for a promotion. The same question is the same promotion, however often it is asked.
 *
 * Crash after the event's put: a request without a record; the same request meets it under its number and goes on from there. Crash
 * after the record's save, which is that of the event's rows: a promotion that runs nowhere; the same request starts it.
 *
 * @throws DomainError PRINCIPAL_UNKNOWN; PROMOTION_STATE_CONFLICT when the same was asked for in another form
 */
export async function requestPromotion(
  deps: StartDeps,
  request: RequestPromotion,
  caller: Caller,
  kind: Exclude<PromotionKind, 'rollback'>,
): Promise<{ readonly created: boolean; readonly promotion: Promotion }> {
  const requester = await requireRequester(deps, caller);
  const id = promotionId(request);
  const standing = (await deps.promotions.find(id))?.promotion;
  if (standing) {
    requireSame(standing, request, kind);
    await goOn(deps, standing);
    return { created: false, promotion: standing };
  }
  const promotion = newPromotion(id, { ...request, kind, requester, requested_at: requester.at });
  // The event of a run that died before the record may state the same request in another form.
  return await begin(deps, promotion, originOf(deps, caller).by, (stated) => requireSame(stated, request, kind));
}

/**
 * Makes a promotion that nobody knows yet: the event, the record, the execution.
 *
 * @param check - throws for what is stated under its number and is not what was asked for
 */
export async function begin(
  deps: StartDeps,
  wanted: Promotion,
  by: ReturnType<typeof originOf>['by'],
  check: (stated: Promotion) => void,
): Promise<{ readonly created: boolean; readonly promotion: Promotion }> {
  const { stated, ...evidence } = await signPromotion(deps, { action: 'promotion-requested', promotion: wanted, by });
  try {
    check(stated.promotion);
  } catch (error) {
    // It is stated all the same, and found.
    await deps.ledger.commit(evidence.record, evidence.entries, undefined);
    throw error;
  }
  const created = await deps.stated.save(stated.promotion, evidence);
  const promotion = created ? stated.promotion : await requirePromotion(deps.promotions, wanted.id);
  await goOn(deps, promotion);
  return { created, promotion };
}

/** Starts what runs nowhere. An execution of that name that is there already is the one that is meant. */
export async function goOn(deps: StartDeps, promotion: Promotion): Promise<void> {
  const { id, kind, confirmed_by } = promotion;
  if (isOver(promotion) || (kind === 'break_glass' && !confirmed_by)) return;
  const input: PromotionInput = { promotion: id, kind };
  await deps.executions.start(id, input);
  const told = { stage: deps.stage, time: promotion.requested_at };
  await deps.announcer.announce([promotionEvent(Announcement.promotionRequested, promotion, told)]);
}

/** @throws DomainError PRINCIPAL_UNKNOWN: who asks must be somebody whom the rules can name */
export async function requireRequester(
  deps: Pick<StartDeps, 'registry' | 'clock'>,
  caller: Caller,
): Promise<Requester> {
  const { principal } = await deps.registry.context(caller.uniqueId);
  if (principal) return { ...personOf(deps, caller), principal: principal.name };
  throw new DomainError('PRINCIPAL_UNKNOWN', `the role ${caller.uniqueId} is not registered`, {
    hint: 'the key admin runs `countersign principals register`: approvers may not be who asked, so it must be known who did',
  });
}

type Asked = Pick<Promotion, keyof RequestPromotion | 'kind' | 'requester' | 'requested_at'>;

/** A promotion before its first step. */
export function newPromotion(id: string, asked: Asked): Promotion {
  return {
    id,
    kind: asked.kind,
    model: asked.model,
    image: asked.image,
    endpoint: asked.endpoint,
    environment: asked.environment,
    request: asked.request,
    reason: asked.reason,
    on_busy: asked.on_busy,
    instance_type: asked.instance_type,
    instance_count: asked.instance_count,
    canary_percent: asked.canary_percent,
    bake_seconds: asked.bake_seconds,
    alarms: asked.alarms,
    requested_at: asked.requested_at,
    requester: asked.requester,
    confirmed_by: null,
    state: 'requested',
    round: 0,
    roles: [],
    request_decision: null,
    release_decision: null,
    changes: [],
    deployment: null,
    abort: null,
    release: null,
    failure: null,
    incident: null,
    ended_at: null,
    settled: false,
    updated_at: asked.requested_at,
    events: 1,
    revision: 1,
  };
}

const FORM = ['image', 'instance_type', 'instance_count', 'canary_percent', 'bake_seconds', 'alarms'] as const;

function requireSame(standing: Promotion, request: RequestPromotion, kind: PromotionKind): void {
  // As JSON, because the name of an alarm may hold a comma.
  const differs = FORM.find((field) => JSON.stringify(standing[field]) !== JSON.stringify(request[field]));
  if (!differs && standing.kind === kind) return;
  throw new DomainError(
    'PROMOTION_STATE_CONFLICT',
    `the request ${JSON.stringify(request.request)} is there already, with another ${differs ?? 'kind'}`,
    { pointer: '/request', hint: `another \`request\` makes another promotion; this one is ${standing.id}` },
  );
}
