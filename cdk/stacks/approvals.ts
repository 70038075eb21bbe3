import { CfnOutput, Duration, type Stack } from 'aws-cdk-lib';
import { Env } from '../../lib/contracts/env.ts';
import type { Alarms } from '../constructs/alarms.ts';
import { ApprovalMail } from '../constructs/approval-mail.ts';
import { ApprovalNews } from '../constructs/approval-news.ts';
import { FailedEvents } from '../constructs/failed-events.ts';
import { PagesApi } from '../constructs/pages-api.ts';
import { API_FUNCTION_TIMEOUT, ServiceFunction } from '../constructs/service-function.ts';
import { stateMachineArns } from '../constructs/state-machine-arns.ts';
import type { ApprovalFunctionName } from '../names.ts';
import { grantApprovalDesk, grantApprovalWatch, grantPages } from './approval-access.ts';
import { signingEnvironment } from './environments.ts';
import { PERIOD, watchFailedEvents } from './function-alarms.ts';
import { type PromotionProps, TASK_TIMEOUT } from './promotion.ts';

/** In MB, as the functions behind the API have it. */
const MEMORY = 1024;
/** Every promotion that waits is judged again where a policy changes. */
const WATCH_TIMEOUT = Duration.minutes(5);

/** Pages that fail in five minutes: who meets one tries once more and goes away. */
const PAGE_ERRORS = 2;

/** The line that a link's fifth wrong code leaves, and the fifth code that is sent for it. */
const LINK_DEAD = '{ $.message = "link-dead" }';

/** The functions that ask people and hear them, with their mail and their pages. */
export function approvalFunctions(
  stack: Stack,
  { config, data, codeOf }: PromotionProps,
): { readonly functions: Readonly<Record<ApprovalFunctionName, ServiceFunction>>; readonly pagesApi: PagesApi } {
  const machine = stateMachineArns(stack, config, 'promote-model');
  const mail = new ApprovalMail(stack, 'ApprovalMail', { config });
  const common = { config, codeOf, auditKey: data.auditKey.key, memorySize: MEMORY };
  const environment = {
    ...signingEnvironment(config, data),
    [Env.WORKFLOW_TABLE]: data.workflowTable.table.tableName,
    [Env.DATA_KEY_ARN]: data.dataKey.key.keyArn,
    ...mail.environment,
  };
  const pages = new ServiceFunction(stack, 'Pages', {
    ...common,
    name: 'pages',
    description: 'Shows approvers what they are asked, and hears what they decide',
    timeout: API_FUNCTION_TIMEOUT,
    // A trace would hold the path, and with it the secret of a link.
    isTraced: false,
    environment: {
      ...environment,
      ...(config.promotion.signIn && { [Env.SIGN_IN]: JSON.stringify(config.promotion.signIn) }),
    },
  });
  const pagesApi = new PagesApi(stack, 'PagesApi', { config, auditKey: data.auditKey.key, pages });
  const { url } = pagesApi;
  new CfnOutput(stack, 'PagesUrl', { value: url, description: 'Base of the pages that mails link to' });
  const { reminderHours, reminders, escalateAfter } = config.promotion;
  const desk = new ServiceFunction(stack, 'ApprovalDesk', {
    ...common,
    name: 'approval-desk',
    description: 'Asks people for their approval',
    timeout: TASK_TIMEOUT,
    environment: {
      ...environment,
      [Env.PAGES_URL]: url,
      [Env.REMINDER_SECONDS]: String(reminderHours * 3600),
      [Env.REMINDERS]: String(reminders),
      [Env.ESCALATE_AFTER]: String(escalateAfter),
    },
  });
  const watch = new ServiceFunction(stack, 'ApprovalWatch', {
    ...common,
    name: 'approval-watch',
    description: 'Asks people anew when what they approve changes, and hears what becomes of mails',
    timeout: WATCH_TIMEOUT,
    environment: { ...environment, [Env.PAGES_URL]: url },
  });
  grantApprovalWatch(watch, data, machine, mail);
  new ApprovalNews(stack, 'ApprovalNews', { config, data, watch });
  grantPages(pages, data, machine, mail);
  grantApprovalDesk(desk, data, machine, mail);
  return { functions: { 'approval-desk': desk, pages, 'approval-watch': watch }, pagesApi };
}

/** Tells that approvers cannot decide, that somebody else may have the mail of one, and of news that they did not get. */
export function watchApprovals(
  stack: Stack,
  {
    config,
    data,
    alarms,
    approvals: { functions, pagesApi },
  }: Pick<PromotionProps, 'config' | 'data'> & {
    readonly alarms: Alarms;
    readonly approvals: ReturnType<typeof approvalFunctions>;
  },
): void {
  const serverErrors = pagesApi.stage.metricServerError({ period: PERIOD });
  alarms.watch('api-server-errors', serverErrors, { reaches: PAGE_ERRORS }, 'pages');
  alarms.watchLogs('link-dead', [functions.pages.logGroup], LINK_DEAD, PERIOD);
  const { queue } = new FailedEvents(stack, 'FailedNews', {
    config,
    dataKey: data.dataKey,
    source: functions['approval-watch'],
    name: 'approval-watch',
    holds: 'Ends, returned mails and days that approvers were not told of',
  });
  watchFailedEvents(alarms, queue, 'approval-watch');
}
