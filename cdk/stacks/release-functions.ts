import { Duration, type Stack } from 'aws-cdk-lib';
import { Env } from '../../lib/contracts/env.ts';
import { API_FUNCTION_TIMEOUT, ServiceFunction } from '../constructs/service-function.ts';
import type { ReleaseFunctionName } from '../names.ts';
import { signingEnvironment } from './environments.ts';
import type { PromotionProps } from './promotion.ts';
import { grantIncidents, grantReleaser } from './release-access.ts';

/** In MB, as the functions behind the API have it. */
const MEMORY = 1024;
/** Lambda's own limit: a closure of thousands of objects is locked one by one. */
const RELEASER_TIMEOUT = Duration.minutes(15);

/** What seals releases, and what people do with incidents. */
export function releaseFunctions(
  stack: Stack,
  { config, data, codeOf }: PromotionProps,
): Readonly<Record<ReleaseFunctionName, ServiceFunction>> {
  const common = {
    config,
    codeOf,
    auditKey: data.auditKey.key,
    memorySize: MEMORY,
    environment: {
      ...signingEnvironment(config, data),
      [Env.WORKFLOW_TABLE]: data.workflowTable.table.tableName,
    },
  };
  const releaser = new ServiceFunction(stack, 'Releaser', {
    ...common,
    name: 'releaser',
    description: 'Seals releases and keeps what they rest on',
    timeout: RELEASER_TIMEOUT,
  });
  const incidents = new ServiceFunction(stack, 'Incidents', {
    ...common,
    name: 'incidents',
    description: 'Lets people take incidents on and resolve them',
    timeout: API_FUNCTION_TIMEOUT,
  });
  grantReleaser(releaser, data);
  grantIncidents(incidents, data);
  return { releaser, incidents };
}
