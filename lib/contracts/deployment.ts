/** CloudWatch namespace of the metrics that take deployments back. Nothing else is in it: who may put them may put only those. */
export const DEPLOYMENT_METRICS = 'Countersign/Deployments';

/** Start of the names of a stage's rollback alarms. */
export function deploymentAlarmPrefix(stage: string): string {
  return `countersign-${stage}-deployment-of-`;
}

/** Start of the names of models and endpoint configurations that we make; digests follow. */
export const HOSTING_PREFIX = 'countersign-';

/** Tag of what is a stage's. Whoever puts it on an endpoint gives the endpoint to that stage, and to no other of the account. */
export function hostingTag(stage: string): { readonly key: string; readonly value: string } {
  return { key: 'managed-by', value: `countersign-${stage}` };
}

/** Tag of an endpoint: the environment that it serves, and whose gates alone let anything onto it. */
export const ENVIRONMENT_TAG = 'countersign:environment';
