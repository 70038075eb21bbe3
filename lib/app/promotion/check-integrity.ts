import { PromotionError } from '../../contracts/promotion.ts';
import { foreignImages, type HostedEndpoint, hostedModel, isSame } from '../../core/deployment.ts';
import { ENDPOINT_CHANGED } from '../../core/deployment-progress.ts';
import { type DeployDeps, type Deploying, keepEndpoint } from './deploy-deps.ts';
import { PromotionFailure } from './failure.ts';
import { configOf } from './prepare-deployment.ts';
import { honourAbort } from './state.ts';

/** Prolonging the locks of all that a release rests on takes minutes, and longer where S3 is slow. */
const SEALED_WITHIN_MS = 6 * 3_600_000;

/**
 * Compares all that serves with what was approved: the configuration, the images that its instances run, the model and the bytes
 * that the model is unpacked from. Changes nothing but the lease, which lasts until what was found here is sealed.
 *
 * @throws PromotionFailure IntegrityFailure when anything differs, or is not told
 */
export async function checkIntegrity(deps: DeployDeps, promotion: Deploying): Promise<void> {
  honourAbort(promotion);
  await keepEndpoint(deps, promotion, new Date(deps.clock().getTime() + SEALED_WITHIN_MS));
  const { endpoint_config, model_name } = promotion.deployment;
  const [endpoint, config, model] = await Promise.all([
    deps.hosting.endpoint(promotion.endpoint),
    deps.hosting.config(endpoint_config),
    deps.hosting.model(model_name),
    requireBytes(deps, promotion),
  ]);
  if (endpoint?.config !== endpoint_config || endpoint.status !== 'InService') {
    throw differs(ENDPOINT_CHANGED, `the endpoint does not serve ${endpoint_config}`);
  }
  requireImages(promotion, endpoint);
  // The variant bears the name that the endpoint had for it; everything else is ours.
  const wanted = configOf(promotion, model_name, endpoint.variants[0]?.name ?? '');
  if (!config || !isSame(config, wanted)) {
    throw differs('config_differs', `the endpoint configuration ${endpoint_config} is not what we made`);
  }
  if (!model || !isSame(model, hostedModel(promotion, deps.source))) {
    throw differs('model_differs', `the SageMaker model ${model_name} is not what we made`);
  }
}

function requireImages(promotion: Deploying, { variants }: HostedEndpoint): void {
  const foreign = foreignImages(promotion, variants);
  const untold = variants.filter(({ images }) => images.length === 0).map(({ name }) => `${name}: not told`);
  if (variants.length === 1 && foreign.length + untold.length === 0) return;
  throw differs('image_differs', `not the approved image in one variant: ${[...foreign, ...untold].join(', ')}`);
}

/** SageMaker reads what lies under the key, whatever version: it must be the one that was verified and is locked. */
async function requireBytes({ artifacts, ledger, clock }: DeployDeps, { model }: Deploying): Promise<void> {
  const [stored, record] = await Promise.all([artifacts.head(model), ledger.findArtifact(model)]);
  const isTheVerified = stored !== undefined && record?.version_id === stored.versionId;
  const isWhole = stored?.sha256 === undefined || stored.sha256 === model;
  if (isTheVerified && isWhole && stored.retainUntil > clock()) return;
  throw differs('artifact_differs', `the bytes under ${model} are not the ones that were verified and locked`);
}

function differs(code: string, detail: string): PromotionFailure {
  return new PromotionFailure(PromotionError.integrity, code, detail);
}
