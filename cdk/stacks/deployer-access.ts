import type { Stack } from 'aws-cdk-lib';
import {
  DEPLOYMENT_METRICS,
  deploymentAlarmPrefix,
  HOSTING_PREFIX,
  hostingTag,
} from '../../lib/contracts/deployment.ts';
import {
  ENDED_PARTITIONS,
  ENDPOINT_PARTITIONS,
  EVIDENCE_KEY_PARTITION,
  eventPrefixes,
  PROMOTION_PARTITIONS,
  Prefix,
  RELEASE_PARTITIONS,
  WORKFLOW_INDEX,
} from '../../lib/contracts/storage.ts';
import type { StageConfig } from '../config.ts';
import type { Grantee } from '../constructs/policy.ts';
import type { DataStack } from './data-stack.ts';

/** Deploys and takes back: the one function that has SageMaker serve anything. It signs nothing and writes no evidence. */
export function grantDeployer(grantee: Grantee, data: DataStack, config: StageConfig): void {
  data.workflowTable.grantPartitions(grantee, 'WritePromotions', PROMOTION_PARTITIONS, 'PutItem', 'Query');
  // A way back that failed is tried again where it led.
  data.workflowTable.grantIndex(grantee, 'FindFailedRollback', WORKFLOW_INDEX.name, ENDED_PARTITIONS);
  data.workflowTable.grantPartitions(grantee, 'KeepEndpoints', ENDPOINT_PARTITIONS, 'UpdateItem');
  data.workflowTable.grantPartitions(grantee, 'ReadReleases', RELEASE_PARTITIONS, 'Query');
  data.evidenceTable.grant(grantee, 'FindArtifacts', 'BatchGetItem', 'GetItem');
  data.evidence.grantRead(grantee, Prefix.artifacts, Prefix.gates, ...eventPrefixes('promotion'));
  data.registryTable.grantPartitions(grantee, 'ReadEvidenceKeys', [EVIDENCE_KEY_PARTITION], 'Query');
  data.dataKey.grantEncryptDecrypt(grantee, ['dynamodb']);
  data.dataKey.grantDecrypt(grantee, ['s3']);
  grantHosting(grantee, data, config.stage);
  grantAlarms(grantee, data, config.stage);
}

const OUR_NAMES = 'Models and configurations are named by digests; the prefix is ours.';
const ANY_ENDPOINT = 'Endpoints are named by whoever asks for a promotion; the tag tells which belong to the stage.';

function grantHosting(grantee: Grantee, data: DataStack, stage: string): void {
  const arn = (resource: string, resourceName: string) =>
    data.formatArn({ service: 'sagemaker', resource, resourceName });
  const models = arn('model', `${HOSTING_PREFIX}*`);
  const configs = arn('endpoint-config', `${HOSTING_PREFIX}*`);
  const endpoints = arn('endpoint', '*');
  const { key, value } = hostingTag(stage);
  grantee.allow(
    {
      sid: 'MakeModelsAndConfigs',
      actions: [
        'sagemaker:AddTags',
        'sagemaker:CreateEndpointConfig',
        'sagemaker:CreateModel',
        'sagemaker:DescribeEndpointConfig',
        'sagemaker:DescribeModel',
      ],
      resources: [models, configs],
      wildcard: OUR_NAMES,
    },
    {
      sid: 'LookAtEndpoints',
      actions: ['sagemaker:DescribeEndpoint', 'sagemaker:ListTags'],
      resources: [endpoints],
      wildcard: ANY_ENDPOINT,
    },
    {
      // What it makes bears the tag from the first moment. No other endpoint is given the tag by it: that is a person's to do.
      sid: 'MakeEndpoints',
      actions: ['sagemaker:CreateEndpoint'],
      resources: [endpoints],
      conditions: { StringEquals: { [`aws:RequestTag/${key}`]: value } },
      wildcard: ANY_ENDPOINT,
    },
    {
      sid: 'MarkWhatItMakes',
      actions: ['sagemaker:AddTags'],
      resources: [endpoints],
      conditions: { StringEquals: { 'sagemaker:TaggingAction': 'CreateEndpoint' } },
      wildcard: ANY_ENDPOINT,
    },
    {
      sid: 'ChangeOurEndpoints',
      actions: ['sagemaker:DeleteEndpoint', 'sagemaker:UpdateEndpoint'],
      resources: [endpoints],
      conditions: { StringEquals: { [`aws:ResourceTag/${key}`]: value } },
      wildcard: ANY_ENDPOINT,
    },
    {
      sid: 'PutConfigsInPlace',
      actions: ['sagemaker:CreateEndpoint', 'sagemaker:UpdateEndpoint'],
      resources: [arn('endpoint-config', '*')],
      wildcard: 'The way back may lead to a configuration that a person had made before the endpoint was given to us.',
    },
    {
      sid: 'LetModelsServe',
      actions: ['iam:PassRole'],
      resources: [data.servingRole.role.roleArn],
      conditions: { StringEquals: { 'iam:PassedToService': 'sagemaker.amazonaws.com' } },
    },
  );
}

function grantAlarms(grantee: Grantee, stack: Stack, stage: string): void {
  const alarms = (name: string) => stack.formatArn({ service: 'cloudwatch', resource: `alarm:${name}` });
  grantee.allow(
    {
      sid: 'ReadAlarms',
      actions: ['cloudwatch:DescribeAlarms'],
      resources: [alarms('*')],
      wildcard: 'Whoever asks for a promotion names the alarms that may take it back.',
    },
    {
      sid: 'MakeOurAlarms',
      actions: ['cloudwatch:PutMetricAlarm', 'cloudwatch:SetAlarmState'],
      resources: [alarms(`${deploymentAlarmPrefix(stage)}*`)],
      wildcard: 'Our alarms are named by their endpoints.',
    },
    {
      sid: 'RingOurAlarms',
      actions: ['cloudwatch:PutMetricData'],
      resources: ['*'],
      conditions: { StringEquals: { 'cloudwatch:namespace': DEPLOYMENT_METRICS } },
      wildcard: 'CloudWatch has no resource to name for this action.',
    },
  );
}
