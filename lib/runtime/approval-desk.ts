import { type AskDeps, askApproval } from '../app/approvals/ask.ts';
import { incidentOpener } from '../app/incidents/manage-incidents.ts';
import { Env } from '../contracts/env.ts';
import type { ApprovalDeskTask } from '../contracts/promotion.ts';
import { approvalDeps } from './approval-deps.ts';
import { tableConfig } from './composition.ts';
import { required } from './environment.ts';
import { incidentDeps } from './incident-deps.ts';
import { stateTasks } from './state-tasks.ts';

export function approvalDeskDeps(): AskDeps {
  const deps = approvalDeps();
  return {
    ...deps,
    incidents: incidentOpener(incidentDeps(deps, tableConfig())),
    settings: {
      reminderSeconds: Number(required(Env.REMINDER_SECONDS)),
      reminders: Number(required(Env.REMINDERS)),
      escalateAfter: Number(required(Env.ESCALATE_AFTER)),
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
