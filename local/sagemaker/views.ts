import { configNameOf, type Deployment, type Endpoint, type Variant } from './endpoint.ts';
import type { CreateEndpointConfig, CreateModel } from './requests.ts';
import type { Stage } from './stages.ts';

/**
 * The answers of the describing operations. Instants are seconds since the epoch (JSON 1.1), by the caller's clock:
 * `instant` translates them from the service's.
 */
type Instant = (service: number) => number;

export interface Created<Request> {
  readonly request: Request;
  readonly createdAt: number;
}

export function describeModel(arn: string, { request, createdAt }: Created<CreateModel>, instant: Instant) {
  const { Tags: _, ...model } = request;
  return { EnableNetworkIsolation: false, ...model, ModelArn: arn, CreationTime: instant(createdAt) };
}

export function describeEndpointConfig(
  arn: string,
  { request, createdAt }: Created<CreateEndpointConfig>,
  instant: Instant,
) {
  const { Tags: _, ...config } = request;
  const ProductionVariants = config.ProductionVariants.map((variant) => ({ InitialVariantWeight: 1, ...variant }));
  return { ...config, ProductionVariants, EndpointConfigArn: arn, CreationTime: instant(createdAt) };
}

/** What lists show of an endpoint, and descriptions begin with. */
export function summariseEndpoint(arn: string, endpoint: Endpoint, instant: Instant) {
  return {
    EndpointName: endpoint.name,
    EndpointArn: arn,
    EndpointStatus: endpoint.status,
    CreationTime: instant(endpoint.createdAt),
    LastModifiedTime: instant(endpoint.modifiedAt),
  };
}

export function describeEndpoint(arn: string, endpoint: Endpoint, instant: Instant) {
  const { lastDeploymentConfig } = endpoint;
  const failureReason = 'failureReason' in endpoint ? endpoint.failureReason : undefined;
  return {
    ...summariseEndpoint(arn, endpoint, instant),
    EndpointConfigName: configNameOf(endpoint),
    ...('running' in endpoint ? { ProductionVariants: runningVariants(endpoint, instant) } : {}),
    ...('deployment' in endpoint ? { PendingDeploymentSummary: pendingDeployment(endpoint, instant) } : {}),
    ...(failureReason === undefined ? {} : { FailureReason: failureReason }),
    ...(lastDeploymentConfig === undefined ? {} : { LastDeploymentConfig: lastDeploymentConfig }),
  };
}

function runningVariants(endpoint: Extract<Endpoint, { running: object }>, instant: Instant) {
  const [stage] = endpoint.status === 'Updating' ? endpoint.deployment.stages : [];
  const terminating = endpoint.status === 'Updating' && stage?.status === 'Deleting';
  return endpoint.running.variants.map((variant) => ({
    ...variantSummary(variant, variant.instances, instant),
    ...(terminating ? { VariantStatus: [stageStatus(stage, variant.instances, endpoint.deployment, instant)] } : {}),
  }));
}

function pendingDeployment(endpoint: Extract<Endpoint, { deployment: object }>, instant: Instant) {
  const { deployment } = endpoint;
  const { fleet, startedAt, stages } = deployment;
  const [stage] = stages;
  return {
    EndpointConfigName: fleet.configName,
    StartTime: instant(startedAt),
    ProductionVariants: fleet.variants.map((variant) => {
      const active = endpoint.status === 'RollingBack' ? 0 : (stage.capacity.get(variant.name) ?? 0);
      const summary = { ...variantSummary(variant, active, instant), InstanceType: variant.instanceType };
      if (endpoint.status === 'RollingBack') {
        const StatusMessage = `Terminating ${variant.instances} instance(s).`;
        return {
          ...summary,
          VariantStatus: [{ Status: 'Deleting', StatusMessage, StartTime: instant(endpoint.since) }],
        };
      }
      // The stage that terminates the old fleet is told of the old fleet.
      if (stage.status === 'Deleting') return summary;
      const count = stage.status === 'Creating' ? variant.instances : active;
      return { ...summary, VariantStatus: [stageStatus(stage, count, deployment, instant)] };
    }),
  };
}

function stageStatus(stage: Stage, instances: number, { stageStartedAt }: Deployment, instant: Instant) {
  return { Status: stage.status, StatusMessage: stage.message(instances), StartTime: instant(stageStartedAt) };
}

function variantSummary(variant: Variant, active: number, instant: Instant) {
  return {
    VariantName: variant.name,
    DeployedImages: variant.images.map(({ specified, resolved }) => ({
      SpecifiedImage: specified,
      ResolvedImage: resolved,
      ResolutionTime: instant(variant.resolvedAt),
    })),
    CurrentWeight: variant.weight,
    DesiredWeight: variant.weight,
    CurrentInstanceCount: active,
    DesiredInstanceCount: variant.instances,
  };
}
