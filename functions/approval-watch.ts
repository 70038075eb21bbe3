import { approvalWatch, approvalWatchDeps } from '../lib/runtime/approval-watch.ts';

/** Started by the stream of the evidence table, by rules, and by nobody else. */
export const handler = approvalWatch(approvalWatchDeps());
