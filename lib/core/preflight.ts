import type { EndpointMarks, HostedEndpoint } from './deployment.ts';
import type { Promotion, Serving } from './promotion.ts';

/** Why a deployment is refused before anything is made for it. */
export interface Refused {
  readonly code: string;
  readonly detail: string;
}

/** SageMaker takes ten, one of which is ours. */
const MAX_ALARMS = 9;

/** Why SageMaker would move all traffic at once without a word; undefined when it would not. */
export function notCanaried(serving: Serving): Refused | undefined {
  const { instance_count, instance_type, canary_percent, bake_seconds, alarms } = serving;
  // "Exclusions", Amazon SageMaker AI Developer Guide. One instance has no part that could go first.
  if (instance_count < 2)
    return refuse('too_few_instances', 'with one instance there is no canary; ask for two or more');
  if (instance_type.startsWith('ml.inf1.')) {
    return refuse(
      'instance_type_not_canaried',
      `SageMaker deploys to ${instance_type} all at once; ask for another type`,
    );
  }
  if (canary_percent < 1 || canary_percent > 50) {
    return refuse('canary_too_large', `a canary takes 1 to 50 % of the traffic, not ${canary_percent} %`);
  }
  if (bake_seconds === 0) return refuse('no_bake', 'a canary that bakes for no time is watched by no alarm');
  if (alarms.length === 0) return refuse('no_alarm', 'no alarm is named that would take the canary back');
  return undefined;
}

/** Why nothing can run on what was asked for; undefined when it can. */
export function notOffered({ instance_type }: Pick<Serving, 'instance_type'>, isOffered: boolean): Refused | undefined {
  return isOffered
    ? undefined
    : refuse('instance_type_unknown', `SageMaker has no instances of the type ${instance_type}`);
}

/** Why an endpoint that serves may not be deployed to; undefined when it may. */
export function notDeployable(
  endpoint: HostedEndpoint,
  marks: EndpointMarks,
  promotion: Pick<Promotion, 'endpoint' | 'environment'>,
): Refused | undefined {
  const misnamed = notOfName(endpoint.name, promotion);
  if (misnamed) return misnamed;
  if (!marks.isOurs) {
    return refuse(
      'endpoint_not_ours',
      'something serves there that we did not put there; docs/deployment.md says how an endpoint is given to us',
    );
  }
  const foreign = notOfEnvironment(marks.environment, promotion);
  if (foreign) return foreign;
  if (endpoint.status !== 'InService') {
    return refuse('endpoint_not_in_service', `the endpoint is ${endpoint.status}; it must be InService`);
  }
  if (endpoint.variants.length !== 1) {
    return refuse(
      'several_variants',
      `the endpoint has ${endpoint.variants.length} variants; a promotion takes the place of one`,
    );
  }
  return undefined;
}

/**
 * Why an endpoint is not called what a promotion calls it; undefined when it is. In other letters it is the same endpoint to SageMaker,
 * but not to whoever compares names: alarms, waivers and approvals would be another's.
 *
 * @param name - that SageMaker or its newest release tells
 */
export function notOfName(name: string, { endpoint }: Pick<Promotion, 'endpoint'>): Refused | undefined {
  if (name === endpoint) return undefined;
  return refuse(
    'endpoint_name_differs',
    `the endpoint is called ${name}, and SageMaker takes ${endpoint} for the same one; promote to ${name}`,
  );
}

/**
 * Why an endpoint is not for a promotion's environment; undefined when it is. Who asks names the environment, and with it the rules
 * that are asked: what production calls must not be reached by the rules of another.
 *
 * @param environment - of the endpoint; undefined: nobody has said
 */
export function notOfEnvironment(
  environment: string | undefined,
  promotion: Pick<Promotion, 'environment'>,
): Refused | undefined {
  if (environment === promotion.environment) return undefined;
  const whose = environment === undefined ? 'is marked with no environment' : `serves ${environment}`;
  return refuse(
    'environment_differs',
    `the endpoint ${whose}, and the promotion is into ${promotion.environment}; docs/deployment.md says how an endpoint gets its environment`,
  );
}

/** Why alarms cannot watch a deployment; undefined when they can. */
export function notWatchable(alarms: readonly string[], ringing: ReadonlyMap<string, boolean>): Refused | undefined {
  if (alarms.length > MAX_ALARMS) return refuse('too_many_alarms', `SageMaker takes ${MAX_ALARMS} alarms besides ours`);
  const missing = alarms.filter((name) => !ringing.has(name));
  if (missing.length > 0) return refuse('alarm_not_found', `there is no alarm ${missing.join(', ')}`);
  // SageMaker would deploy all the same, and take it back at once.
  const ring = [...ringing].filter(([, rings]) => rings).map(([name]) => name);
  return ring.length > 0 ? refuse('alarm_rings', `what rings: ${ring.join(', ')}`) : undefined;
}

function refuse(code: string, detail: string): Refused {
  return { code, detail };
}
