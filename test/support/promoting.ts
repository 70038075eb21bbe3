import { tokenContext } from '../../lib/app/approvals/record.ts';
import type { GateFacts } from '../../lib/app/gate/ports.ts';
import type { EmergencyDeps } from '../../lib/app/promotion/emergency.ts';
import type { PromotionGateDeps } from '../../lib/app/promotion/gate.ts';
import type { PromoterDeps } from '../../lib/app/promotion/run-promoter.ts';
import { requestPromotion } from '../../lib/app/promotion/start.ts';
import type { GateApproval, RuleVerdict } from '../../lib/core/gate/input.ts';
import type { IncidentFacts } from '../../lib/core/incident.ts';
import { incidentId } from '../../lib/core/incident.ts';
import { type RequestPromotion, RequestPromotionSchema } from '../../lib/core/promotion/requests.ts';
import type { Ask, Promotion } from '../../lib/core/promotion.ts';
import type { RecordedRelease } from '../../lib/core/release.ts';
import type { CloudEvent } from '../../lib/core/waiver-ending.ts';
import { type ControlPlane, caller, enrol } from './control-plane.ts';
import { NO_FACTS } from './gates.ts';
import { newKey } from './keys.ts';
import { digestOf } from './manifests.ts';
import {
  MemoryEndpoints,
  MemoryPromotions,
  MemoryStatedPromotions,
  MemoryWaits,
  memoryTokens,
} from './memory/promotions.ts';
import { MemoryReleases } from './memory/releases.ts';
import { MemoryExecutions } from './memory/simulations.ts';

export const PROMOTER = caller('promoter');
export const MODEL = digestOf('model.tar.gz');
export const LEASE_SECONDS = 1000;
export const ENDPOINT_WAIT_SECONDS = 60;

export const verdictOf = (changes: Partial<RuleVerdict> & Pick<RuleVerdict, 'rule'>): RuleVerdict => ({
  verdict: 'pass',
  severity: 'high',
  controls: [],
  effective_on: '2026-01-01T00:00:00.000Z',
  reasons: [],
  waiver: null,
  ...changes,
});

/** What a request for a promotion says unless told otherwise. */
export const wanted = (changes: Partial<RequestPromotion> = {}): RequestPromotion =>
  RequestPromotionSchema.parse({
    model: MODEL,
    image: `registry.example/serving@sha256:${digestOf('image')}`,
    endpoint: 'credit',
    environment: 'production',
    request: 'build-1',
    reason: 'retrained',
    ...changes,
  });

/** A control plane in memory with all that promotions need, and a policy that says what the test wants. */
export async function promoting(plane: ControlPlane) {
  await enrol(plane, 'promoter', newKey());
  const { steps } = plane;
  const promotions = new MemoryPromotions(steps);
  const releases = new MemoryReleases(steps);
  const endpoints = new MemoryEndpoints(steps);
  const waits = new MemoryWaits(steps);
  const executions = new MemoryExecutions(steps);
  const announced: CloudEvent[] = [];
  const incidents: IncidentFacts[] = [];
  const approvals: GateApproval[] = [];
  const facts: GateFacts = { ...NO_FACTS, approvals: async () => ({ known: true, items: approvals }) };
  const said = {
    /** The digest of the policy in force. */
    policy: digestOf('policy'),
    /** What it says of a phase. */
    verdicts: (_phase: unknown): readonly RuleVerdict[] => [verdictOf({ rule: 'signed' })],
  };
  const base = {
    ...plane.submitDeps,
    ledger: plane.ledger,
    promotions,
    stated: new MemoryStatedPromotions(steps, promotions, plane.ledger, releases),
    asks: promotions.asks,
    endpoints,
    tokens: memoryTokens,
    waits,
    executions,
    releases,
    announcer: {
      announce: (events: readonly CloudEvent[]) => steps.take('announce', () => void announced.push(...events)),
    },
    incidents: {
      open: (one: IncidentFacts) =>
        steps.take('open-incident', () => {
          if (!incidents.some((other) => incidentId(other) === incidentId(one))) incidents.push(one);
          return incidentId(one);
        }),
    },
  };
  const promoterDeps: PromoterDeps & EmergencyDeps = {
    ...base,
    leaseSeconds: LEASE_SECONDS,
    endpointWaitSeconds: ENDPOINT_WAIT_SECONDS,
  };
  const gateDeps: PromotionGateDeps = {
    ...base,
    directory: plane.registry.directory,
    facts,
    policies: {
      inForce: async () => ({
        main: {
          sha256: said.policy,
          revision: 'r1',
          entrypoint: 'countersign/gate/result',
          evaluate: async (input) => ({
            verdicts: JSON.parse(JSON.stringify(said.verdicts(JSON.parse(Buffer.from(input).toString()).phase))),
            warnings: [],
          }),
        },
        enforced: [],
        shadows: [],
      }),
    },
  };

  const requested = async (changes: Partial<RequestPromotion> = {}): Promise<Promotion> => {
    const { promotion } = await requestPromotion(promoterDeps, wanted(changes), PROMOTER, 'promotion');
    return promotion;
  };
  const standing = (id: string): Promotion => {
    const promotion = promotions.promotions.get(id);
    if (!promotion) throw new Error(`there is no promotion ${id}`);
    return promotion;
  };
  /** Puts a promotion into a state, as another function would. */
  const set = (id: string, change: Partial<Promotion>): void => {
    const before = standing(id);
    promotions.promotions.set(id, { ...before, ...change, revision: before.revision + 1 });
  };
  /** Notes a promotion as the newest release of its endpoint. */
  const release = (id: string): RecordedRelease => {
    const { kind, model, image, endpoint, environment, requester, reason } = standing(id);
    const sealed: RecordedRelease = {
      ...{ kind, promotion: id, endpoint, environment, requested_by: requester, confirmed_by: null, reason },
      evidence: digestOf(`release of ${id}`),
      served: { model, image, card: null, model_name: 'm', endpoint_config: 'c' },
      ...{ request_decision: null, release_decision: null, policies: [], approvals: [], waivers: [] },
      previous: releases.rows.at(-1)?.release.evidence ?? null,
      ...{ way_back: null, restores: null, unreleased_config: null },
      released_at: plane.clock.now().toISOString(),
    };
    releases.rows.push({ release: sealed, model });
    set(id, { state: 'released', release: sealed.evidence, ended_at: sealed.released_at });
    return sealed;
  };
  /** Notes that a role is asked in the promotion's round, by a token. */
  const ask = async (id: string, role: string, changes: Partial<Ask> = {}): Promise<Ask> => {
    const token = await memoryTokens.seal(`token-${role}`, tokenContext({ promotion: id, role }));
    const asked: Ask = {
      promotion: id,
      role,
      round: standing(id).round,
      state: 'asked',
      people: [],
      asked_at: plane.clock.now().toISOString(),
      until: '2099-01-01T00:00:00.000Z',
      reminders: 0,
      mailed: [],
      token,
      deciding: null,
      decided: null,
      revision: 1,
      ...changes,
    };
    promotions.asked.set(`${id}/${role}`, asked);
    return asked;
  };

  return {
    ...{ promotions, endpoints, waits, executions, announced, incidents, approvals, said },
    ...{ promoterDeps, gateDeps, requested, standing, set, release, ask },
  };
}

export type Promoting = Awaited<ReturnType<typeof promoting>>;
