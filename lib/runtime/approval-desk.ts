import { type AskDeps, askApproval } from '../app/approvals/ask.ts';
import { Env } from '../contracts/env.ts';
import type { ApprovalDeskTask } from '../contracts/promotion.ts';
import { approvalDeps } from './approval-deps.ts';
import { required } from './environment.ts';
import { stateTasks } from './state-tasks.ts';

export function approvalDeskDeps(): AskDeps {
  return {
    ...approvalDeps(),
    settings: {
      reminderSeconds: Number(required(Env.REMINDER_SECONDS)),
      reminders: Number(required(Env.REMINDERS)),
      pagesUrl: required(Env.PAGES_URL),
    },
  };
}

export function approvalDesk(deps: AskDeps) {
  return stateTasks<ApprovalDeskTask>(
    async (task) => {
      await askApproval(deps, task);
      return {};
    },
    ({ promotion, role }) => ({ promotion, role }),
  );
}
