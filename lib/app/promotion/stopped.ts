import { hasDeployed, isOver } from '../../core/promotion.ts';
import type { Executions } from '../simulate/ports.ts';
import { type EndDeps, EXECUTION_STOPPED, endPromotion, settleEnded } from './end.ts';
import { noteFailure } from './state.ts';

export interface StoppedDeps extends EndDeps {
  readonly executions: Executions;
}

/** Name of the execution that takes back what a stopped one had begun to deploy. */
const recoveryOf = (id: string): string => `${id}-recovery`;

/**
 * Settles a promotion whose execution ended without telling: somebody stopped it, or it ran out of time. Where something was
 * deployed, an execution of its own takes it back, and ends the promotion; a rollback it takes to its end. Otherwise it ends here.
 *
 * Crash anywhere: EventBridge's event is handled again; once what follows from the end is done there is nothing left to do.
 *
 * @param execution - name of the one that ended
 */
export async function settleStopped(deps: StoppedDeps, execution: string): Promise<void> {
  const id = execution.slice(0, PROMOTION_ID_LENGTH);
  // Somebody else's, who named it after one of ours.
  if (execution !== id && execution !== recoveryOf(id)) return;
  const standing = (await deps.promotions.find(id))?.promotion;
  if (!standing || standing.settled) return;
  if (isOver(standing)) return await settleEnded(deps, id);
  const message = 'the execution was stopped past the API, or ran out of time';
  const noted = await noteFailure(deps, standing, { code: EXECUTION_STOPPED, message });
  const failure = { Error: EXECUTION_STOPPED };
  if (!hasDeployed(noted)) await endPromotion(deps, id, 'failed', failure);
  // Stopped as well: a person must look at what serves now.
  else if (execution === recoveryOf(id)) await endPromotion(deps, id, 'rollback_failed', failure);
  else {
    // What a rollback puts back is released by it.
    const kind = noted.kind === 'rollback' ? 'rollback' : 'recovery';
    await deps.executions.start(recoveryOf(id), { promotion: id, kind });
  }
}

/** Of SHA-256, in hexadecimal digits. */
const PROMOTION_ID_LENGTH = 64;
