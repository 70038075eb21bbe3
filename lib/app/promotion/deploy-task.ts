import { type DeployerTask, PromotionError, type Watched } from '../../contracts/promotion.ts';
import { DomainError } from '../../core/errors.ts';
import { checkIntegrity } from './check-integrity.ts';
import { cleanUp } from './clean-up.ts';
import { type DeployDeps, requireDeployment } from './deploy-deps.ts';
import { PromotionFailure } from './failure.ts';
import { preflight, prepareDeployment } from './prepare-deployment.ts';
import { rollBack, watchRollback } from './roll-back.ts';
import { startDeployment } from './start-deployment.ts';
import { noteFailure, requirePromotion } from './state.ts';
import { watchDeployment } from './watch-deployment.ts';

/** Does what the state machine asks for. Why a step fails is kept in the record: the machine hands on the name alone. */
export async function runDeployerTask(deps: DeployDeps, task: DeployerTask): Promise<Watched | object> {
  const promotion = await requirePromotion(deps.promotions, task.promotion);
  try {
    switch (task.task) {
      case 'preflight':
        await preflight(deps, promotion);
        return {};
      case 'prepare':
        await prepareDeployment(deps, promotion);
        return {};
      case 'deploy':
        await startDeployment(deps, requireDeployment(promotion));
        return {};
      case 'watch':
        return await watchDeployment(deps, requireDeployment(promotion));
      case 'check-integrity':
        await checkIntegrity(deps, requireDeployment(promotion));
        return {};
      case 'roll-back':
        await rollBack(deps, promotion);
        return {};
      case 'watch-rollback':
        return await watchRollback(deps, requireDeployment(promotion));
      case 'clean-up':
        return await cleanUp(deps, promotion);
    }
  } catch (error) {
    if (isFinal(error)) await noteFailure(deps, promotion, error);
    throw error;
  }
}

/** Whether the same task would fail again, and the promotion with it. A defect of ours is none that people could act on: the log has it. */
function isFinal(error: unknown): error is PromotionFailure | DomainError {
  if (error instanceof PromotionFailure) return error.name !== PromotionError.changed;
  return error instanceof DomainError && error.retryAfterMs === undefined;
}
