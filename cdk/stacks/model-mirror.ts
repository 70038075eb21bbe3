import { Duration, type Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Announcement, EVENT_SOURCE } from '../../lib/contracts/announcements.ts';
import { hostingTag } from '../../lib/contracts/deployment.ts';
import { Env } from '../../lib/contracts/env.ts';
import {
  EVIDENCE_KEY_PARTITION,
  PROMOTION_PARTITIONS,
  Prefix,
  RELEASE_PARTITIONS,
} from '../../lib/contracts/storage.ts';
import type { Alarms } from '../constructs/alarms.ts';
import { OTHER_ENDS } from '../constructs/announcement-bus.ts';
import { FailedEvents } from '../constructs/failed-events.ts';
import type { Grantee } from '../constructs/policy.ts';
import { ServiceFunction } from '../constructs/service-function.ts';
import { functionName } from '../names.ts';
import type { DataStack } from './data-stack.ts';
import { evidenceEnvironment } from './environments.ts';
import { watchFailedEvents } from './function-alarms.ts';
import type { PromotionProps } from './promotion.ts';

/** In MB. It waits for others most of the time. */
const MEMORY = 512;
/** A few calls for each of two versions; a group of thousands of them takes a page of calls per hundred. */
const TIMEOUT = Duration.minutes(2);
/** Every end of a promotion: which of them say anything of a model is the mirror's to know. */
const MIRRORED = [Announcement.released, ...OTHER_ENDS];

/**
 * What tells the SageMaker Model Registry, in the stages that name groups. It hangs on announcements and on nothing else: no
 * release waits for it, and none fails with it.
 */
export function modelMirror(
  stack: Stack,
  { config, data, codeOf, alarms, prefix }: PromotionProps & { readonly alarms: Alarms; readonly prefix: string },
): ServiceFunction {
  const mirror = new ServiceFunction(stack, 'ModelMirror', {
    config,
    codeOf,
    auditKey: data.auditKey.key,
    name: 'model-mirror',
    description: 'Tells the SageMaker Model Registry what was released and denied',
    memorySize: MEMORY,
    timeout: TIMEOUT,
    environment: {
      ...evidenceEnvironment(data),
      [Env.WORKFLOW_TABLE]: data.workflowTable.table.tableName,
      [Env.RETENTION]: JSON.stringify(config.retention),
      [Env.PACKAGE_GROUP_PREFIX]: prefix,
    },
  });
  grantMirror(mirror, data, config.stage, prefix);
  new events.Rule(stack, 'MirrorPromotions', {
    ruleName: functionName(config.stage, 'model-mirror'),
    description: 'Tells the mirror of promotions that ended',
    eventBus: data.announcements.bus,
    eventPattern: { source: [EVENT_SOURCE], detailType: MIRRORED },
    targets: [new LambdaFunction(mirror.fn)],
  });
  const { queue } = new FailedEvents(stack, 'FailedMirrors', {
    config,
    dataKey: data.dataKey,
    source: mirror,
    name: 'model-mirror',
    holds: 'Announcements that the Model Registry was not told of',
  });
  watchFailedEvents(alarms, queue, 'model-mirror');
  return mirror;
}

/** Reads what was released and denied, and writes to our groups of model packages alone. */
function grantMirror(grantee: Grantee, data: DataStack, stage: string, prefix: string): void {
  // SageMaker may look at a model's bytes with the rights of whoever registers it; its reference does not say.
  data.evidence.grantRead(grantee, Prefix.artifacts, Prefix.attestations, Prefix.releases);
  data.dataKey.grantDecrypt(grantee, ['s3', 'dynamodb']);
  data.dataKey.grantEncryptDecrypt(grantee, ['sqs']);
  data.evidenceTable.grant(grantee, 'ReadReleases', 'BatchGetItem');
  data.registryTable.grantPartitions(grantee, 'ReadEvidenceKeys', [EVIDENCE_KEY_PARTITION], 'Query');
  const partitions = [...PROMOTION_PARTITIONS, ...RELEASE_PARTITIONS];
  data.workflowTable.grantPartitions(grantee, 'ReadPromotions', partitions, 'Query');
  const arn = (resource: string, resourceName: string) =>
    data.formatArn({ service: 'sagemaker', resource, resourceName });
  const { key, value } = hostingTag(stage);
  const groups = arn('model-package-group', `${prefix}*`);
  const wildcard = 'Groups are named by endpoints; the prefix is ours.';
  grantee.allow(
    {
      sid: 'MakeGroups',
      actions: ['sagemaker:CreateModelPackageGroup'],
      resources: [groups],
      conditions: { StringEquals: { [`aws:RequestTag/${key}`]: value } },
      wildcard,
    },
    {
      sid: 'MarkGroups',
      actions: ['sagemaker:AddTags'],
      resources: [groups],
      conditions: { StringEquals: { 'sagemaker:TaggingAction': 'CreateModelPackageGroup' } },
      wildcard,
    },
    {
      sid: 'KeepVersions',
      actions: ['sagemaker:CreateModelPackage', 'sagemaker:ListModelPackages', 'sagemaker:UpdateModelPackage'],
      resources: [arn('model-package', `${prefix}*`)],
      wildcard,
    },
  );
}
