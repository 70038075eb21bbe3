import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { cloudwatchAlarms } from '../adapters/cloudwatch/deployment-alarms.ts';
import { dynamoEndpoints } from '../adapters/dynamodb/endpoints.ts';
import { dynamoGateLedger } from '../adapters/dynamodb/gate-ledger.ts';
import { dynamoLedger } from '../adapters/dynamodb/ledger.ts';
import { dynamoPromotions } from '../adapters/dynamodb/promotions.ts';
import { dynamoReleases } from '../adapters/dynamodb/releases.ts';
import { s3Artifacts } from '../adapters/s3/artifacts.ts';
import { s3EvidenceStore } from '../adapters/s3/evidence-store.ts';
import { sagemakerHosting } from '../adapters/sagemaker/hosting.ts';
import { readConfirmation } from '../app/promotion/confirmed.ts';
import { readSigned } from '../app/promotion/decided.ts';
import type { DeployDeps } from '../app/promotion/deploy-deps.ts';
import { runDeployerTask } from '../app/promotion/deploy-task.ts';
import { Env } from '../contracts/env.ts';
import type { DeployerTask } from '../contracts/promotion.ts';
import { clientConfig, log, s3, tableConfig, tables } from './composition.ts';
import { allAtOnceIn, required, retention } from './environment.ts';
import { stateTasks } from './state-tasks.ts';

export function deployerDeps(): DeployDeps {
  const config = tableConfig();
  const workflow = [config.client, required(Env.WORKFLOW_TABLE)] as const;
  const bucket = required(Env.EVIDENCE_BUCKET);
  const stage = required(Env.STAGE);
  const clock = () => new Date();
  const store = s3EvidenceStore({ client: s3(), bucket, mode: retention().mode });
  const signed = { ledger: dynamoGateLedger(config), registry: tables(config).registry, store };
  return {
    clock,
    promotions: dynamoPromotions(...workflow),
    endpoints: dynamoEndpoints(...workflow),
    releases: dynamoReleases(...workflow),
    hosting: sagemakerHosting(new SageMakerClient(clientConfig()), stage),
    alarms: cloudwatchAlarms(new CloudWatchClient(clientConfig()), stage),
    artifacts: s3Artifacts({ client: s3(), bucket, mode: retention().mode }, clock),
    ledger: dynamoLedger(config),
    decided: (decision) => readSigned(signed, decision, undefined),
    confirmed: (promotion) => readConfirmation(signed, promotion),
    source: { bucket, role: required(Env.SERVING_ROLE_ARN) },
    allAtOnceIn: allAtOnceIn(),
    log,
  };
}

export function deployer(deps: DeployDeps) {
  return stateTasks<DeployerTask>(
    (task) => runDeployerTask(deps, task),
    ({ promotion }) => ({ promotion }),
  );
}
