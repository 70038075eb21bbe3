import type {
  ContainerDefinition,
  DescribeEndpointCommandOutput,
  DescribeEndpointConfigCommandOutput,
  DescribeModelCommandOutput,
  PendingProductionVariantSummary,
  ProductionVariantSummary,
} from '@aws-sdk/client-sagemaker';
import * as z from 'zod/mini';
import type { HostedConfig, HostedEndpoint, HostedModel, HostedVariant } from '../../core/deployment.ts';
import { printable, shortened } from '../../core/printable.ts';

// What SageMaker describes, as far as it decides what serves. A member that is not told reads as something that we never make.

/** Longest message of SageMaker's that is kept. */
export const MESSAGE = 500;

const Status = z.enum([
  'Creating',
  'Deleting',
  'Failed',
  'InService',
  'OutOfService',
  'RollingBack',
  'SystemUpdating',
  'UpdateRollbackFailed',
  'Updating',
]);

export function toEndpoint(answer: DescribeEndpointCommandOutput): HostedEndpoint {
  const { PendingDeploymentSummary: pending } = answer;
  return {
    name: answer.EndpointName ?? '',
    arn: answer.EndpointArn ?? '',
    status: Status.parse(answer.EndpointStatus),
    config: answer.EndpointConfigName ?? '',
    variants: toVariants(answer.ProductionVariants),
    pending: pending
      ? { config: pending.EndpointConfigName ?? '', variants: toVariants(pending.ProductionVariants) }
      : null,
    failure: answer.FailureReason === undefined ? null : shortened(printable(answer.FailureReason), MESSAGE),
    modified_at: answer.LastModifiedTime ?? new Date(0),
  };
}

function toVariants(
  summaries: readonly (ProductionVariantSummary | PendingProductionVariantSummary)[] = [],
): readonly HostedVariant[] {
  return summaries.map(({ VariantName, DeployedImages = [] }) => ({
    name: VariantName ?? '',
    // What is told without a digest is not the image that was approved.
    images: DeployedImages.map(({ ResolvedImage, SpecifiedImage }) => ResolvedImage ?? SpecifiedImage ?? ''),
  }));
}

export function toModel(answer: DescribeModelCommandOutput): HostedModel {
  const { PrimaryContainer: container = {}, Containers = [] } = answer;
  const { ModelDataSource, ModelDataUrl } = container;
  const source = ModelDataSource?.S3DataSource;
  const isPlainObject = source?.S3DataType === 'S3Object' && source.CompressionType === 'Gzip';
  return {
    image: container.Image ?? '',
    data: isPlainObject ? (source.S3Uri ?? '') : (ModelDataUrl ?? ''),
    role: answer.ExecutionRoleArn ?? '',
    isolated: answer.EnableNetworkIsolation ?? false,
    extras: [
      ...(Containers.length > 0 ? ['Containers'] : []),
      ...(answer.VpcConfig === undefined ? [] : ['VpcConfig']),
      ...(source?.ManifestS3Uri === undefined ? [] : ['ManifestS3Uri']),
      ...(isPlainObject && ModelDataUrl !== undefined && ModelDataUrl !== source.S3Uri ? ['ModelDataUrl'] : []),
      ...extrasOf(container),
    ],
  };
}

function extrasOf(container: ContainerDefinition): string[] {
  const { Environment = {}, AdditionalModelDataSources = [], Mode = 'SingleModel' } = container;
  return [
    ...Object.keys(Environment).map((name) => `Environment.${name}`),
    ...(AdditionalModelDataSources.length > 0 ? ['AdditionalModelDataSources'] : []),
    ...(Mode === 'SingleModel' ? [] : ['Mode']),
    ...(container.ModelPackageName === undefined ? [] : ['ModelPackageName']),
    ...(container.InferenceSpecificationName === undefined ? [] : ['InferenceSpecificationName']),
  ];
}

export function toConfig(answer: DescribeEndpointConfigCommandOutput): HostedConfig {
  const { ProductionVariants = [], ShadowProductionVariants = [], DataCaptureConfig } = answer;
  return {
    variants: ProductionVariants.map((variant) => ({
      name: variant.VariantName ?? '',
      model: variant.ModelName ?? '',
      instance_type: variant.InstanceType ?? '',
      instance_count: variant.InitialInstanceCount ?? 0,
    })),
    extras: [
      ...(ShadowProductionVariants.length > 0 ? ['ShadowProductionVariants'] : []),
      ...(DataCaptureConfig?.EnableCapture ? ['DataCaptureConfig'] : []),
      ...(answer.AsyncInferenceConfig === undefined ? [] : ['AsyncInferenceConfig']),
      ...(answer.ExplainerConfig === undefined ? [] : ['ExplainerConfig']),
      ...(ProductionVariants.some(({ EnableSSMAccess }) => EnableSSMAccess) ? ['EnableSSMAccess'] : []),
      ...(ProductionVariants.some(({ CoreDumpConfig }) => CoreDumpConfig) ? ['CoreDumpConfig'] : []),
    ],
  };
}
