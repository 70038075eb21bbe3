import { approvalDesk, approvalDeskDeps } from '../lib/runtime/approval-desk.ts';

/** Invoked by the state machine of promotions; nobody else may. */
export const handler = approvalDesk(approvalDeskDeps());
