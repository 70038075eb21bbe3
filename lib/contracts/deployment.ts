/** CloudWatch namespace of the metrics that take deployments back. Nothing else is in it: who may put them may put only those. */
export const DEPLOYMENT_METRICS = 'Countersign/Deployments';

/** Start of the names of a stage's rollback alarms. */
export function deploymentAlarmPrefix(stage: string): string {
  return `countersign-${stage}-deployment-of-`;
}

/** Start of the names of models and endpoint configurations that we make; digests follow. */
export const HOSTING_PREFIX = 'countersign-';

/** Tag of what is ours. Whoever puts it on an endpoint gives the endpoint to us. */
export const HOSTING_TAG = { key: 'managed-by', value: 'countersign' } as const;

/** Tag of an endpoint: the environment that it serves, and whose gates alone let anything onto it. */
export const ENVIRONMENT_TAG = 'countersign:environment';
