import { PromotionError } from '../../contracts/promotion.ts';
import { configName, type HostedEndpoint } from '../../core/deployment.ts';
import { ENDPOINT_CHANGED } from '../../core/deployment-progress.ts';
import { DomainError } from '../../core/errors.ts';
import { rollbackRequest } from '../../core/promotion/requests.ts';
import type { Deployment, Promotion, PromotionState } from '../../core/promotion.ts';
import { originalOf, type RecordedRelease, wayBack } from '../../core/release.ts';
import type { DeployDeps } from './deploy-deps.ts';
import { PromotionFailure } from './failure.ts';
import { LOOKED_BACK, LOOKED_BACK_ENDED } from './releases.ts';
import { changePromotion, requirePromotion } from './state.ts';

/**
 * Says what a rollback takes off an endpoint, and what it puts back: what served before the newest release or, where that one
 * does not serve, the newest release itself.
 *
 * @throws DomainError RELEASE_UNKNOWN; INTEGRITY_FAILURE for a release that its promotion did not make
 * @throws PromotionFailure IntegrityFailure when another release came while it waited than the one that was to be left
 */
export async function takeUpRelease(deps: DeployDeps, promotion: Promotion): Promise<Promotion> {
  if (promotion.kind !== 'rollback') throw new Error(`the promotion ${promotion.id} has nothing to take back`);
  const [{ items }, endpoint] = await Promise.all([
    deps.releases.list(promotion.endpoint, { limit: LOOKED_BACK }),
    deps.hosting.endpoint(promotion.endpoint),
  ]);
  const before = wayBack(items);
  const [newest] = items;
  if (!newest?.served) throw new DomainError('RELEASE_UNKNOWN', `no release serves on ${promotion.endpoint}`);
  requireAskedFor(promotion, newest);
  const { model_name, endpoint_config } = newest.served;
  const original = originalOf(newest, items);
  const previous_config = before ? requireOurs(before) : await configBefore(deps, original);
  const displaced = await displacing(deps, promotion.endpoint, endpoint, {
    model_name,
    endpoint_config,
    previous_config,
  });
  const way = displaced
    ? { ...displaced, previous_config: requireOurs(original) }
    : { model_name, endpoint_config, previous_config };
  const { served } = (displaced ? original : before) ?? {};
  return await changePromotion(deps, promotion, (current) =>
    current.deployment
      ? undefined
      : {
          deployment: { ...way, started_at: null, way_back: null },
          ...(served ? { model: served.model, image: served.image } : {}),
        },
  );
}

/** Whoever asked for it looked at one release; another that came while it waited was let through for itself. */
function requireAskedFor({ request }: Promotion, { evidence, promotion }: RecordedRelease): void {
  if (request.startsWith(rollbackRequest(evidence))) return;
  const detail = `the release of ${promotion} came after the one that was to be taken back`;
  throw new PromotionFailure(PromotionError.integrity, ENDPOINT_CHANGED, detail);
}

type Way = Pick<Deployment, 'model_name' | 'endpoint_config' | 'previous_config'>;

/** Ends of promotions that had told SageMaker something. */
const TOUCHED: ReadonlySet<PromotionState> = new Set(['released', 'rolled_back', 'rollback_failed']);

/**
 * What has taken the place of the newest release: a stranger's deployment, or one of ours that could not be taken back.
 *
 * @param way - from the newest release to what served before it
 */
async function displacing(
  { promotions, log }: DeployDeps,
  name: string,
  endpoint: HostedEndpoint | undefined,
  { model_name, endpoint_config, previous_config }: Way,
): Promise<Omit<Way, 'previous_config'> | undefined> {
  if (!endpoint) return undefined;
  const serves = endpoint.pending?.config ?? endpoint.config;
  if (serves === previous_config) return undefined;
  if (serves !== endpoint_config) return { model_name, endpoint_config: serves };
  if (endpoint.status === 'InService') return undefined;
  // SageMaker names the old configuration also where a part of the fleet is new. A way back that failed leads where it led.
  const ended = await promotions.ended(name, LOOKED_BACK_ENDED, log);
  const last = ended.find(({ state, deployment }) => TOUCHED.has(state) && deployment !== null);
  if (last?.state !== 'rollback_failed' || last.deployment?.previous_config !== endpoint_config) return undefined;
  return { model_name: last.deployment.model_name, endpoint_config: last.deployment.endpoint_config };
}

/** A row of a table is not signed: it leads to nothing but what a promotion made, after its gates. */
function requireOurs({ promotion, served }: RecordedRelease): string {
  const ours = configName({ id: promotion });
  if (served?.endpoint_config === ours) return ours;
  throw new DomainError('INTEGRITY_FAILURE', `the release of ${promotion} names a configuration that it did not make`);
}

/** What served before the first release of an endpoint: nothing, or what a person had put there. */
async function configBefore({ promotions }: DeployDeps, { promotion }: RecordedRelease): Promise<string | null> {
  return (await requirePromotion(promotions, promotion)).deployment?.previous_config ?? null;
}
