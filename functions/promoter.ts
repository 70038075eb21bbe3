import { promoter, promoterDeps } from '../lib/runtime/promoter.ts';

/** Invoked by the state machine that promotes models; nobody else may. */
export const handler = promoter(promoterDeps());
