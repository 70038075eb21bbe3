import { DomainError } from '../../core/errors.ts';
import type { EvidenceKey } from '../../core/evidence-key.ts';
import { resultOfAll, type StoredDecision } from '../../core/gate/decision.ts';
import { approvalsIn, cardIn, type DecidedFacts, parseFacts } from '../../core/promotion/facts.ts';
import type { Promotion } from '../../core/promotion.ts';
import { type RecordedRelease, type Release, releaseTime, restoredBy, wayBackFrom } from '../../core/release.ts';
import { MAIN } from '../../core/slots.ts';
import type { Clock } from '../ports.ts';
import { readConfirmation } from './confirmed.ts';
import { readSigned, type SignedDeps } from './decided.ts';
import { gateOf, requireLetThrough } from './let-through.ts';

export interface DraftDeps extends SignedDeps {
  readonly clock: Clock;
}

export interface Draft {
  readonly release: Release;
  /** That serves, or that was removed. */
  readonly model: string;
}

/**
 * What a promotion put in place, as its record tells, and as the gate's signed decision bears out.
 *
 * @param earlier - releases of the endpoint, newest first
 * @param key - the active evidence key
 * @throws DomainError INTEGRITY_FAILURE where something of it is not to be had; PromotionFailure as
 *   {@link requireLetThrough}
 */
export async function draftRelease(
  deps: DraftDeps,
  promotion: Promotion,
  earlier: readonly RecordedRelease[],
  key: EvidenceKey,
): Promise<Draft> {
  const { id, kind, endpoint, environment, requester, confirmed_by, reason } = promotion;
  const [newest] = earlier;
  const common: Common = {
    kind,
    promotion: id,
    endpoint,
    environment,
    requested_by: requester,
    confirmed_by,
    reason,
    previous: newest?.evidence ?? null,
    released_at: releaseTime(deps.clock(), newest),
  };
  const { request_decision, release_decision, deployment } = promotion;
  if (kind === 'rollback') return restored(common, deployment?.previous_config ?? null, earlier);
  if (!gateOf(promotion) || !deployment) {
    throw new DomainError('INTEGRITY_FAILURE', `nothing let the promotion ${id} through, or it has deployed nothing`);
  }
  const signed = await requireLetThrough(
    { decided: (ref) => readSigned(deps, ref, key), confirmed: (of) => readConfirmation(deps, of) },
    promotion,
  );
  const facts = parseFacts(signed.facts);
  const release: Release = {
    ...common,
    served: {
      model: promotion.model,
      image: promotion.image,
      card: cardIn(facts, promotion.model),
      model_name: deployment.model_name,
      endpoint_config: deployment.endpoint_config,
    },
    request_decision,
    release_decision,
    ...restsOn(signed.decision, facts, id),
    way_back: wayBackFrom(newest),
    restores: null,
    unreleased_config: null,
  };
  return { release, model: promotion.model };
}

/** The policies that decided, the approvals that were given for it, and the waivers that were used. */
export function restsOn(
  decision: StoredDecision,
  facts: DecidedFacts,
  promotion: string,
): Pick<Release, 'policies' | 'approvals' | 'waivers'> {
  const used = resultOfAll(decision).verdicts.flatMap(({ waiver }) => waiver ?? []);
  return {
    policies: [
      { slot: MAIN, sha256: decision.policy.sha256 },
      ...decision.beside.map(({ slot, policy: { sha256 } }) => ({ slot, sha256 })),
    ],
    approvals: approvalsIn(facts, promotion).map(({ evidence, role, person, decided_at }) => ({
      evidence,
      role,
      person,
      decided_at,
    })),
    waivers: [...new Set(used)],
  };
}

/**
 * Nobody is asked about a rollback: what it restores was decided and approved then.
 *
 * @param config - that serves again; null: none does
 */
function restored(common: Common, config: string | null, earlier: readonly RecordedRelease[]): Draft {
  const target = restoredBy(config, earlier);
  if (target?.served && target.served.endpoint_config !== config) {
    throw new DomainError('INTEGRITY_FAILURE', `${config} serves again, which is not the release ${target.evidence}`);
  }
  const model = (target ?? earlier[0])?.served?.model;
  if (model === undefined) throw new DomainError('INTEGRITY_FAILURE', `${common.endpoint} has nothing to go back from`);
  return {
    model,
    release: {
      ...common,
      ...UNDECIDED,
      served: target?.served ?? null,
      way_back: target?.way_back ?? null,
      restores: target?.evidence ?? null,
      unreleased_config: target ? null : config,
    },
  };
}

const UNDECIDED = { request_decision: null, release_decision: null, policies: [], approvals: [], waivers: [] };

/** What every release tells alike. */
type Common = Omit<Release, keyof typeof UNDECIDED | 'served' | 'way_back' | 'restores' | 'unreleased_config'>;
