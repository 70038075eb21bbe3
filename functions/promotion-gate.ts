import { promotionGate, promotionGateDeps } from '../lib/runtime/promotion-gate.ts';

/** Invoked by the state machine that promotes models; nobody else may. */
export const handler = promotionGate(promotionGateDeps());
