import { Duration, type Stack } from 'aws-cdk-lib';
import { MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Env } from '../../lib/contracts/env.ts';
import type { StageConfig } from '../config.ts';
import type { Alarms } from '../constructs/alarms.ts';
import { FailedEvents } from '../constructs/failed-events.ts';
import { API_FUNCTION_TIMEOUT, functionArn, ServiceFunction } from '../constructs/service-function.ts';
import { StateMachine } from '../constructs/state-machine.ts';
import { stateMachineArns } from '../constructs/state-machine-arns.ts';
import type { FunctionName, PromotionFunctionName } from '../names.ts';
import type { DataStack } from './data-stack.ts';
import { grantDeployer } from './deployer-access.ts';
import { evidenceEnvironment, signingEnvironment } from './environments.ts';
import { PERIOD, watchFailedEvents } from './function-alarms.ts';
import { grantPromoteModel, grantPromoter, grantPromotionGate, grantPromotions } from './promotion-access.ts';

/** In MB, as the functions behind the API have it. */
const MEMORY = 1024;
/** One whole processor: it hashes models, and evaluates policies. */
const GATE_MEMORY = 1769;
/** What the state machine waits for, as `TimeoutSeconds` in its definition. */
export const TASK_TIMEOUT = Duration.seconds(55);
/** Lambda's own limit: a model of many gigabytes is read whole. */
const GATE_TIMEOUT = Duration.minutes(15);

export interface PromotionProps {
  readonly config: StageConfig;
  readonly data: DataStack;
  /** Gives the folder with a function's code. */
  readonly codeOf: (name: FunctionName) => string;
}

/** The functions behind promotions, each with what it may do. */
export function promotionFunctions(
  stack: Stack,
  { config, data, codeOf }: PromotionProps,
): { readonly functions: Readonly<Record<PromotionFunctionName, ServiceFunction>>; readonly failedStops: Queue } {
  const machine = stateMachineArns(stack, config, 'promote-model');
  const common = { config, codeOf, auditKey: data.auditKey.key, memorySize: MEMORY };
  const workflow = {
    ...signingEnvironment(config, data),
    [Env.WORKFLOW_TABLE]: data.workflowTable.table.tableName,
  };
  const waiting = {
    ...workflow,
    [Env.DATA_KEY_ARN]: data.dataKey.key.keyArn,
    [Env.PROMOTION_MACHINE_ARN]: machine.machine,
  };
  const functions = {
    promotions: new ServiceFunction(stack, 'Promotions', {
      ...common,
      name: 'promotions',
      description: 'Starts promotions and stops them',
      timeout: API_FUNCTION_TIMEOUT,
      environment: waiting,
    }),
    promoter: new ServiceFunction(stack, 'Promoter', {
      ...common,
      name: 'promoter',
      description: 'Gives endpoints to promotions, one at a time, and ends promotions',
      timeout: TASK_TIMEOUT,
      environment: {
        ...waiting,
        [Env.LEASE_SECONDS]: String(leaseSeconds(config)),
        [Env.ENDPOINT_WAIT_SECONDS]: String(config.promotion.endpointWaitSeconds),
      },
    }),
    'promotion-gate': new ServiceFunction(stack, 'PromotionGate', {
      ...common,
      name: 'promotion-gate',
      description: 'Verifies what a promotion would release, and asks the policies in force',
      memorySize: GATE_MEMORY,
      timeout: GATE_TIMEOUT,
      environment: workflow,
    }),
    deployer: new ServiceFunction(stack, 'Deployer', {
      ...common,
      name: 'deployer',
      description: 'Deploys models to SageMaker, watches them and takes them back',
      timeout: TASK_TIMEOUT,
      environment: {
        ...evidenceEnvironment(data),
        [Env.WORKFLOW_TABLE]: data.workflowTable.table.tableName,
        [Env.RETENTION]: JSON.stringify(config.retention),
        [Env.SERVING_ROLE_ARN]: data.servingRole.role.roleArn,
        [Env.ALL_AT_ONCE_IN]: config.promotion.allAtOnceIn.join(','),
      },
    }),
  };
  grantPromotions(functions.promotions, data, machine);
  grantPromoter(functions.promoter, data, machine);
  grantPromotionGate(functions['promotion-gate'], data);
  grantDeployer(functions.deployer, data, config);
  const { queue } = new FailedEvents(stack, 'FailedStops', {
    config,
    dataKey: data.dataKey,
    source: functions.promoter,
    name: 'promoter',
    holds: 'Executions that ended, and whose promotions were not settled',
  });
  new events.Rule(stack, 'PromotionStopped', {
    ruleName: `countersign-${config.stage}-promotion-stopped`,
    description: 'Tells the promoter of executions that ended',
    eventPattern: {
      source: ['aws.states'],
      detailType: ['Step Functions Execution Status Change'],
      detail: { status: ['ABORTED', 'FAILED', 'TIMED_OUT'], stateMachineArn: [machine.machine] },
    },
    // Lambda keeps there what the function fails on; EventBridge what it cannot hand to Lambda for a day.
    targets: [new LambdaFunction(functions.promoter.fn, { deadLetterQueue: queue })],
  });
  return { functions, failedStops: queue };
}

/** Days of such looks fit into the history of an execution. */
const CLEAN_UP_EVERY = Duration.hours(1);

/** The state machine that takes a model to an endpoint. */
export function promoteModel(stack: Stack, { config, data }: Omit<PromotionProps, 'codeOf'>): StateMachine {
  const { reminderHours, reminders, pollSeconds, endpointWaitSeconds, rounds } = config.promotion;
  const tasks = {
    Promoter: functionArn(stack, config, 'promoter'),
    PromotionGate: functionArn(stack, config, 'promotion-gate'),
    ApprovalDesk: functionArn(stack, config, 'approval-desk'),
    Deployer: functionArn(stack, config, 'deployer'),
    Releaser: functionArn(stack, config, 'releaser'),
  };
  const machine = new StateMachine(stack, 'PromoteModel', {
    config,
    name: 'promote-model',
    auditKey: data.auditKey.key,
    substitutions: {
      ...tasks,
      EndpointWaitSeconds: endpointWaitSeconds,
      PollSeconds: pollSeconds,
      CleanUpSeconds: CLEAN_UP_EVERY.toSeconds(),
      ReminderSeconds: reminderHours * 3600,
      Reminders: reminders,
      Rounds: rounds,
    },
  });
  grantPromoteModel(machine, Object.values(tasks));
  return machine;
}

/**
 * Rejections and rollbacks end executions as failed, which is no alarm; what nobody of ours ended is one, and so is what nobody
 * could settle afterwards.
 */
export function watchPromotions(alarms: Alarms, { machine }: StateMachine, failedStops: Queue): void {
  watchFailedEvents(alarms, failedStops, 'promoter');
  const stopped = new MathExpression({
    expression: 'FILL(aborted, 0) + FILL(late, 0)',
    usingMetrics: {
      aborted: machine.metricAborted({ period: PERIOD }),
      late: machine.metricTimedOut({ period: PERIOD }),
    },
    period: PERIOD,
  });
  alarms.watch('promotion-stopped', stopped, { reaches: 1 });
}

/**
 * Seconds that an endpoint stays a promotion's without a sign of life: while people are asked nothing changes the promotion, so one
 * round of asking and a day fit.
 */
function leaseSeconds({ promotion: { reminderHours, reminders } }: StageConfig): number {
  return (reminderHours * (reminders + 1) + 24) * 3600;
}
