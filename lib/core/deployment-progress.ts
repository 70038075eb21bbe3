import type { Watched } from '../contracts/promotion.ts';
import { foreignImages, type HostedEndpoint, overdueAt } from './deployment.ts';
import type { Deployment, Promotion } from './promotion.ts';

/** Where a deployment stands. */
export interface Progress extends Watched {
  /** Why it is not what was approved: code and sentence for the promotion's record. */
  readonly difference?: Reason;
  /** Why it came to a bad end. */
  readonly failure?: Reason;
}

export interface Reason {
  readonly code: string;
  readonly detail: string;
}

/** Codes of bytes, images, models and configurations that are not the approved ones. */
export const INTEGRITY_CODES: ReadonlySet<string> = new Set([
  'artifact_differs',
  'config_differs',
  'image_differs',
  'model_differs',
]);

/** Code of an endpoint that somebody has changed past us. */
export const ENDPOINT_CHANGED = 'endpoint_changed';

/** Code of a promotion whose record names a decision about something else. */
export const DECISION_DIFFERS = 'decision_differs';

/** What a look at the endpoint says of a running deployment. */
export function progressOf(
  promotion: Promotion,
  { endpoint_config, previous_config, started_at }: Deployment,
  endpoint: HostedEndpoint | undefined,
  now: Date,
): Progress {
  if (!endpoint) return gone(previous_config);
  const isOurs = endpoint.config === endpoint_config;
  switch (endpoint.status) {
    case 'Creating':
    case 'Deleting':
    case 'RollingBack':
    case 'SystemUpdating':
    case 'Updating':
      if (now > overdueAt(promotion, new Date(started_at ?? promotion.updated_at))) {
        return failed('deployment_stuck', `SageMaker still says ${endpoint.status} after its own time limit`);
      }
      return { state: 'moving', ...difference(promotion, endpoint, isOurs) };
    case 'InService':
      if (isOurs) return inService(promotion, endpoint);
      if (endpoint.config === previous_config) {
        return { state: 'rolled_back', failure: { code: 'taken_back', detail: endpoint.failure ?? TAKEN_BACK } };
      }
      return failed(ENDPOINT_CHANGED, `the endpoint runs ${endpoint.config}, which is neither old nor new`);
    case 'Failed':
    case 'OutOfService':
    case 'UpdateRollbackFailed':
      return failed('deployment_failed', endpoint.failure ?? `the endpoint is ${endpoint.status}`);
  }
}

const TAKEN_BACK = 'SageMaker does not say why it took the deployment back';

function inService(promotion: Promotion, endpoint: HostedEndpoint): Progress {
  const found = difference(promotion, endpoint, true).difference;
  return found ? { state: 'failed', difference: found } : { state: 'in_service' };
}

/** What is put in place is compared as soon as it is told of; what served before was not approved here. */
function difference(
  promotion: Promotion,
  { pending, variants }: HostedEndpoint,
  isOurs: boolean,
): { readonly difference?: Reason } {
  const running = [...(pending?.variants ?? []), ...(isOurs ? variants : [])];
  const foreign = foreignImages(promotion, running);
  if (foreign.length === 0) return {};
  return { difference: { code: 'image_differs', detail: `not the approved image: ${foreign.join(', ')}` } };
}

/** Somebody deleted the endpoint. Of a first deployment that is the way back. */
function gone(previous_config: string | null): Progress {
  const failure = { code: 'endpoint_gone', detail: 'the endpoint was deleted while it was deployed to' };
  return { state: previous_config === null ? 'rolled_back' : 'rollback_failed', failure };
}

function failed(code: string, detail: string): Progress {
  return { state: 'failed', failure: { code, detail } };
}
