import type { GateOutcome, PromotionGateTask } from '../../contracts/promotion.ts';
import { evaluateRelease, evaluateRequest, type PromotionGateDeps } from './gate.ts';
import { type VerifyModelDeps, verifyModel } from './verify-model.ts';

export type RunPromotionGateDeps = PromotionGateDeps & VerifyModelDeps;

/** Does what the state machine asks for before anything is deployed. */
export async function runPromotionGate(
  deps: RunPromotionGateDeps,
  { task, promotion }: PromotionGateTask,
): Promise<GateOutcome | object> {
  switch (task) {
    case 'verify-artifact':
      await verifyModel(deps, promotion);
      return {};
    case 'evaluate-request':
      return await evaluateRequest(deps, promotion);
    case 'evaluate-release':
      return await evaluateRelease(deps, promotion);
  }
}
