import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { CloudWatchClient, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DescribeEndpointCommand, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { dynamoEndpoints } from '../../../lib/adapters/dynamodb/endpoints.ts';
import { dynamoPromotions } from '../../../lib/adapters/dynamodb/promotions.ts';
import { requirePromotion } from '../../../lib/app/promotion/state.ts';
import type { Environment } from '../../../lib/contracts/predicates.ts';
import type { DeployerTask, PromotionGateTask, Watched } from '../../../lib/contracts/promotion.ts';
import { type Promotion, promotionId } from '../../../lib/core/promotion.ts';
import { LocalControl } from '../../../local/control.ts';
import type { LocalDescription } from '../../../local/description.ts';
import { aPromotion } from '../../support/promotions.ts';
import { api } from './api.ts';
import { clientConfig } from './clients.ts';
import type { Promoting } from './promoting.ts';

/** Promotions as the steps before a deployment leave them, and the deployer's steps as the state machine calls them. */
export function deployments(local: LocalDescription, world: Promoting) {
  const config = clientConfig(local, 'administrator');
  const lambda = new LambdaClient(config);
  const control = new LocalControl(local.control);
  const sagemaker = new SageMakerClient(config);
  const cloudwatch = new CloudWatchClient(config);
  const workflow = [new DynamoDBClient(config), local.resources.workflowTable] as const;
  const promotions = dynamoPromotions(...workflow);
  const endpoints = dynamoEndpoints(...workflow);

  async function makeAlarm(AlarmName: string): Promise<void> {
    await cloudwatch.send(
      new PutMetricAlarmCommand({
        AlarmName,
        Namespace: 'Fraud',
        MetricName: 'Errors',
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanThreshold',
        TreatMissingData: 'notBreaching',
      }),
    );
  }

  /** A promotion that its gate has decided on and two people want past it, and that has its endpoint. */
  async function approved(endpoint: string, alarm: string, environment: Environment = 'experimental'): Promise<string> {
    const { model } = await world.aModel();
    const question = { model, endpoint, environment, request: randomUUID() };
    const id = promotionId(question);
    const asked = aPromotion(new Date().toISOString());
    const kind = 'break_glass';
    // Of a first deployment these seconds are real ones.
    const wishes = { alarms: [alarm], bake_seconds: 2 };
    await promotions.save({ ...asked, ...question, ...wishes, id, kind, state: 'evaluating' });
    // The machine is not started: its steps are taken here.
    const start = { service: 'states', operation: 'StartExecution', identity: 'countersign-local-promotions' };
    await control.arm({ match: start, effect: { kind: 'refuse', status: 400, code: 'AccessDeniedException' } });
    await api(local, 'break-glass-confirmer', 'POST', `/v1/promotions/${id}/confirm`, { body: { reason: 'the test' } });
    await invoke('promotion-gate', { promotion: id, kind, task: 'evaluate-request' });
    const { lease } = await endpoints.find(endpoint);
    const until = new Date(Date.now() + 600_000).toISOString();
    await endpoints.take({ endpoint, promotion: id, until, revision: (lease?.revision ?? 0) + 1 }, lease);
    return id;
  }

  /** @throws Error with the name that the state machine would act on */
  async function invoke(name: 'deployer' | 'promotion-gate', input: DeployerTask | PromotionGateTask) {
    const { FunctionError, Payload } = await lambda.send(
      new InvokeCommand({ FunctionName: `countersign-local-${name}`, Payload: JSON.stringify(input) }),
    );
    const answer = JSON.parse(Payload?.transformToString() ?? '{}');
    if (FunctionError === undefined) return answer;
    throw Object.assign(new Error(answer.errorMessage), { name: answer.errorType });
  }

  const run = (promotion: string, task: DeployerTask['task']): Promise<Partial<Watched>> =>
    invoke('deployer', { promotion, kind: 'break_glass', task });

  async function watch(promotion: string, task: 'watch' | 'watch-rollback' = 'watch') {
    for (;;) {
      const { state } = await run(promotion, task);
      if (state !== 'moving') return state;
      await delay(100);
    }
  }

  return {
    approved,
    makeAlarm,
    run,
    watch,
    get: (id: string): Promise<Promotion> => requirePromotion(promotions, id),
    describe: (EndpointName: string) => sagemaker.send(new DescribeEndpointCommand({ EndpointName })),
    /** Deploys and finds all as it should be. */
    async deployed(endpoint: string, alarm: string): Promise<string> {
      const id = await approved(endpoint, alarm);
      await run(id, 'prepare');
      await run(id, 'deploy');
      const state = await watch(id);
      if (state !== 'in_service') throw new Error(`the deployment is ${state}`);
      await run(id, 'check-integrity');
      return id;
    },
  };
}
