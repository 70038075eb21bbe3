import { createHash } from 'node:crypto';
import type { DeployedImage, Endpoint, Fleet } from './endpoint.ts';
import { containersOf } from './models.ts';
import type { CreateEndpointConfig, CreateModel } from './requests.ts';

/**
 * The instances that a configuration asks for, with every image resolved to a digest as of now.
 *
 * @param image - what they run instead, with its digest.
 */
export function fleetOf(
  config: CreateEndpointConfig,
  modelOf: (name: string) => CreateModel,
  options: { readonly image: string | undefined; readonly now: number },
): Fleet {
  return {
    configName: config.EndpointConfigName,
    variants: config.ProductionVariants.map((variant) => ({
      name: variant.VariantName,
      instances: variant.InitialInstanceCount,
      instanceType: variant.InstanceType,
      weight: variant.InitialVariantWeight ?? 1,
      resolvedAt: options.now,
      images: containersOf(modelOf(variant.ModelName)).map(({ Image }) => ({
        specified: Image,
        resolved: options.image ?? resolveImage(Image),
      })),
    })),
  };
}

/** The endpoint with its newest fleet running another image. */
export function withImage(endpoint: Endpoint, image: string): Endpoint {
  const changed = (fleet: Fleet): Fleet => ({
    ...fleet,
    variants: fleet.variants.map((variant) => ({
      ...variant,
      images: variant.images.map(({ specified }): DeployedImage => ({ specified, resolved: image })),
    })),
  });
  switch (endpoint.status) {
    case 'Creating':
    case 'Updating':
      return { ...endpoint, deployment: { ...endpoint.deployment, fleet: changed(endpoint.deployment.fleet) } };
    case 'InService':
    case 'UpdateRollbackFailed':
    case 'RollingBack':
      return { ...endpoint, running: changed(endpoint.running) };
    default:
      throw new Error(`endpoint ${endpoint.name} runs nothing: it is ${endpoint.status}`);
  }
}

/** Where no registry is, a tag is taken to stand for one image always: a digest of the reference is the image's. */
function resolveImage(specified: string): string {
  if (/@sha256:[0-9a-f]{64}$/.test(specified)) return specified;
  const digest = createHash('sha256').update(specified).digest('hex');
  return `${specified.replace(/:[^:/]+$/, '')}@sha256:${digest}`;
}
