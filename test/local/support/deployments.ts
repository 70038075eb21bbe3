import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { CloudWatchClient, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DescribeEndpointCommand, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { dynamoEndpoints } from '../../../lib/adapters/dynamodb/endpoints.ts';
import { dynamoPromotions } from '../../../lib/adapters/dynamodb/promotions.ts';
import { requirePromotion } from '../../../lib/app/promotion/state.ts';
import type { DeployerTask, Watched } from '../../../lib/contracts/promotion.ts';
import { type Promotion, promotionId } from '../../../lib/core/promotion.ts';
import type { LocalDescription } from '../../../local/description.ts';
import { aPromotion } from '../../support/promotions.ts';
import { api } from './api.ts';
import { clientConfig } from './clients.ts';

/** Promotions as the steps before a deployment leave them, and the deployer's steps as the state machine calls them. */
export function deployments(local: LocalDescription) {
  const config = clientConfig(local, 'administrator');
  const lambda = new LambdaClient(config);
  const sagemaker = new SageMakerClient(config);
  const cloudwatch = new CloudWatchClient(config);
  const workflow = [new DynamoDBClient(config), local.resources.workflowTable] as const;
  const promotions = dynamoPromotions(...workflow);
  const endpoints = dynamoEndpoints(...workflow);

  /** Puts bytes where models lie. @returns their digest */
  async function putArtifact(): Promise<string> {
    const bytes = randomBytes(1000);
    const artifact = { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
    const request = { ...artifact, media_type: 'application/gzip', environment: 'production' };
    const { json } = await api(local, 'training-pipeline', 'POST', '/v1/artifacts', { body: request });
    const { url, headers } = json.put as { readonly url: string; readonly headers: Record<string, string> };
    await fetch(url, { method: 'PUT', headers, body: bytes });
    const { status } = await api(local, 'training-pipeline', 'POST', '/v1/artifacts', { body: artifact });
    if (status !== 201) throw new Error(`the artifact was answered ${status}`);
    return artifact.sha256;
  }

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

  /** An approved promotion that has its endpoint. */
  async function approved(endpoint: string, alarm: string): Promise<string> {
    const question = {
      model: await putArtifact(),
      endpoint,
      environment: 'production',
      request: randomUUID(),
    } as const;
    const id = promotionId(question);
    await promotions.save({ ...aPromotion(new Date().toISOString()), ...question, id, alarms: [alarm] });
    const { lease } = await endpoints.find(endpoint);
    const until = new Date(Date.now() + 600_000).toISOString();
    await endpoints.take({ endpoint, promotion: id, until, revision: (lease?.revision ?? 0) + 1 }, lease);
    return id;
  }

  /** @throws Error with the name that the state machine would act on */
  async function run(promotion: string, task: DeployerTask['task']): Promise<Partial<Watched>> {
    const input: DeployerTask = { promotion, kind: 'promotion', task };
    const { FunctionError, Payload } = await lambda.send(
      new InvokeCommand({ FunctionName: 'countersign-local-deployer', Payload: JSON.stringify(input) }),
    );
    const answer = JSON.parse(Payload?.transformToString() ?? '{}');
    if (FunctionError === undefined) return answer;
    throw Object.assign(new Error(answer.errorMessage), { name: answer.errorType });
  }

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
