import type { CollectDeps } from '../../lib/app/gate/collect.ts';
import { type Decided, evaluateGate, type GateDeps } from '../../lib/app/gate/evaluate.ts';
import { listedReleases } from '../../lib/app/gate/releases.ts';
import { type SealDeps, sealRelease } from '../../lib/app/promotion/seal.ts';
import type { PromotionKind } from '../../lib/contracts/promotion.ts';
import type { GateApproval } from '../../lib/core/gate/input.ts';
import { type DecisionRef, imageDigestOf, type Promotion, promotionId } from '../../lib/core/promotion.ts';
import { type RecordedRelease, wayBack } from '../../lib/core/release.ts';
import { type ControlPlane, caller } from './control-plane.ts';
import { asked, NO_FACTS } from './gates.ts';
import { digestOf, PIPELINE } from './manifests.ts';
import { MemoryPromotions, MemoryStatedPromotions } from './memory/promotions.ts';
import { MemoryReleases } from './memory/releases.ts';
import { aPromotion } from './promotions.ts';

export const ENDPOINT = 'fraud';
export const MODEL = digestOf('classifier');

/** Of the one rule that the policy of these stories has. */
export const PASSED = {
  rule: 'signed',
  verdict: 'pass',
  severity: 'critical',
  controls: ['A.8.24'],
  effective_on: '2026-01-01T00:00:00.000Z',
  reasons: [],
  waiver: null,
};

/** A control plane in memory on which promotions reach their seal: their gates pass, their deployments are told to have happened. */
export function releasing(plane: ControlPlane) {
  const promotions = new MemoryPromotions(plane.steps);
  const releases = new MemoryReleases(plane.steps);
  const stated = new MemoryStatedPromotions(plane.steps, promotions, plane.ledger, releases);
  const approvals: GateApproval[] = [];
  const sealDeps: SealDeps = { ...plane.submitDeps, ledger: plane.ledger, promotions, releases, stated };
  const facts: CollectDeps['facts'] = {
    ...NO_FACTS,
    approvals: async () => ({ known: true, items: approvals }),
    releases: (endpoint, notAfter) => listedReleases(releases, endpoint, notAfter),
  };
  const gateDeps: GateDeps = {
    ...plane.submitDeps,
    ledger: plane.ledger,
    facts,
    policies: {
      inForce: async () => ({
        main: {
          sha256: digestOf('policy'),
          revision: 'r1',
          entrypoint: 'countersign/gate/result',
          evaluate: async () => ({ verdicts: [PASSED], warnings: [] }),
        },
        enforced: [],
        shadows: [],
      }),
    },
  };

  const decide = (promotion: Promotion, phase: 'request' | 'release'): Promise<Decided> => {
    const { id, endpoint } = promotion;
    const asking = { id, approvals: new Set(approvals.map(({ evidence }) => evidence)) };
    const question = asked(MODEL, { phase, endpoint, imageDigest: imageDigestOf(promotion), promotion: asking });
    return evaluateGate(gateDeps, question, caller(PIPELINE));
  };
  const refOf = ({ evidence, inputSha256, passed }: Decided): DecisionRef => ({ evidence, input: inputSha256, passed });

  const configBefore = async (): Promise<string | null> => {
    const { items } = await releases.list(ENDPOINT, { limit: 100 });
    return items[0]?.served ? (wayBack(items)?.served?.endpoint_config ?? null) : null;
  };

  /** A promotion that is deployed and waits to be sealed; a rollback has asked no gate and made nothing of its own. */
  async function deployed(request: string, kind: PromotionKind = 'promotion'): Promise<Promotion> {
    const question = { model: MODEL, endpoint: ENDPOINT, environment: 'production', request } as const;
    const id = promotionId(question);
    const at = plane.clock.now().toISOString();
    const { arn, uniqueId } = caller('promoter');
    approvals.push({
      // Any statement that is stored stands for it.
      evidence: [...plane.ledger.records.keys()][0] ?? '',
      role: 'privacy-officer',
      person: 'p-1',
      decision: 'approved',
      model: MODEL,
      environment: 'production',
      endpoint: ENDPOINT,
      image_digest: null,
      promotion: id,
      decided_at: at,
    });
    const isRollback = kind === 'rollback';
    const decided: Promotion = { ...aPromotion(at), ...question, id };
    const promotion: Promotion = {
      ...decided,
      kind,
      state: isRollback ? 'rolling_back' : 'deploying',
      reason: `because of ${request}`,
      requester: { arn, unique_id: uniqueId, at, principal: 'promoter' },
      request_decision: isRollback ? null : refOf(await decide(decided, 'request')),
      release_decision: isRollback ? null : refOf(await decide(decided, 'release')),
      deployment: {
        model_name: `m-${request}`,
        endpoint_config: `c-${request}`,
        previous_config: isRollback ? await configBefore() : null,
        started_at: isRollback ? null : at,
        way_back: isRollback ? { started_at: at, told: 1 } : null,
      },
    };
    await promotions.save(promotion);
    return promotion;
  }

  /** A release of its own, a minute after what was before. @returns its row */
  async function released(request: string, kind: PromotionKind = 'promotion'): Promise<RecordedRelease> {
    const { id } = await deployed(request, kind);
    plane.clock.advance(60_000);
    await sealRelease(sealDeps, id);
    const row = releases.rows.find(({ release }) => release.promotion === id);
    if (!row) throw new Error(`the release ${request} has no row`);
    return row.release;
  }

  return { promotions, releases, sealDeps, gateDeps, deployed, released };
}
