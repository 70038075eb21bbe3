import { promoter, promoterDeps } from '../lib/runtime/promoter.ts';

/** Invoked by the state machine that promotes models, and told when one of its executions ends by itself; nobody else may. */
export const handler = promoter(promoterDeps());
