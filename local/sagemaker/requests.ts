import { z } from 'zod/mini';
import { invalid } from './errors.ts';

/**
 * What the local SageMaker reads of a request, with the constraints of the service's API model (2017-07-24). Members that
 * it only hands back (Environment, VpcConfig, DataCaptureConfig, …) pass as they are.
 */

export const pattern = (regex: RegExp, max: number) =>
  z
    .string('Member must not be null')
    .check(
      z.maxLength(max, `Member must have length less than or equal to ${max}`),
      z.regex(regex, `Member must satisfy regular expression pattern: ${regex.source}`),
    );
export const within = (minimum: number, maximum: number) =>
  z
    .int('Member must not be null')
    .check(
      z.minimum(minimum, `Member must have value greater than or equal to ${minimum}`),
      z.maximum(maximum, `Member must have value less than or equal to ${maximum}`),
    );

const ENTITY = /^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/;
export const entityName = pattern(ENTITY, 63);
export const arn = pattern(/^arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:[0-9]{12}:.+$/, 256);
const s3Uri = pattern(/^(https|s3):\/\/([^/]+)\/?(.*)$/, 1024);
export const tags = z
  .array(
    z.object({ Key: z.string().check(z.minLength(1), z.maxLength(128)), Value: z.string().check(z.maxLength(256)) }),
  )
  .check(z.maxLength(50));

export const container = z.looseObject({
  Image: pattern(/^[\S]+$/, 255),
  ModelDataUrl: z.exactOptional(s3Uri),
  ModelDataSource: z.exactOptional(
    z.looseObject({
      S3DataSource: z.looseObject({
        S3Uri: s3Uri,
        S3DataType: z.enum(['S3Prefix', 'S3Object']),
        CompressionType: z.enum(['None', 'Gzip']),
      }),
    }),
  ),
});
export const createModel = z.looseObject({
  ModelName: entityName,
  PrimaryContainer: z.exactOptional(container),
  Containers: z.exactOptional(z.array(container).check(z.minLength(1), z.maxLength(15))),
  Tags: z.exactOptional(tags),
});
export const model = z.object({ ModelName: entityName });

const productionVariant = z.looseObject({
  VariantName: entityName,
  ModelName: entityName,
  InitialInstanceCount: z.int('Member must not be null').check(z.minimum(1)),
  InstanceType: z.string('Member must not be null'),
  InitialVariantWeight: z.exactOptional(z.number().check(z.minimum(0))),
});
export const createEndpointConfig = z.looseObject({
  EndpointConfigName: entityName,
  ProductionVariants: z.array(productionVariant).check(z.minLength(1), z.maxLength(10)),
  Tags: z.exactOptional(tags),
});
export const endpointConfig = z.object({ EndpointConfigName: entityName });

const capacitySize = z.object({
  Type: z.enum(['INSTANCE_COUNT', 'CAPACITY_PERCENT']),
  Value: z.int().check(z.minimum(1)),
});
const deploymentConfig = z.object({
  BlueGreenUpdatePolicy: z.exactOptional(
    z.object({
      TrafficRoutingConfiguration: z.object({
        Type: z.enum(['ALL_AT_ONCE', 'CANARY', 'LINEAR']),
        // The guide's own ALL_AT_ONCE example leaves it out, though the API model requires it.
        WaitIntervalInSeconds: z.exactOptional(within(0, 3600)),
        CanarySize: z.exactOptional(capacitySize),
        LinearStepSize: z.exactOptional(capacitySize),
      }),
      TerminationWaitInSeconds: z.exactOptional(within(0, 3600)),
      MaximumExecutionTimeoutInSeconds: z.exactOptional(within(600, 28_800)),
    }),
  ),
  RollingUpdatePolicy: z.exactOptional(z.unknown()),
  AutoRollbackConfiguration: z.exactOptional(
    z.object({
      Alarms: z.exactOptional(
        z.array(z.object({ AlarmName: pattern(/^(?!\s*$).+$/, 255) })).check(z.minLength(1), z.maxLength(10)),
      ),
    }),
  ),
});
export const createEndpoint = z.object({
  EndpointName: entityName,
  EndpointConfigName: entityName,
  DeploymentConfig: z.exactOptional(deploymentConfig),
  Tags: z.exactOptional(tags),
});
export const updateEndpoint = z.object({
  EndpointName: entityName,
  EndpointConfigName: entityName,
  DeploymentConfig: z.exactOptional(deploymentConfig),
  RetainDeploymentConfig: z.exactOptional(z.boolean()),
  RetainAllVariantProperties: z.exactOptional(z.boolean()),
});
export const endpoint = z.object({ EndpointName: entityName });

const seconds = z.exactOptional(z.number());
/** Of ListModels and ListEndpoints alike: what only endpoints have, no caller sends for models. */
export const list = z.object({
  SortBy: z.exactOptional(z.enum(['Name', 'CreationTime', 'Status'])),
  SortOrder: z.exactOptional(z.enum(['Ascending', 'Descending'])),
  NextToken: z.exactOptional(z.string()),
  MaxResults: z.exactOptional(within(1, 100)),
  NameContains: z.exactOptional(pattern(/^[a-zA-Z0-9-]+$/, 63)),
  StatusEquals: z.exactOptional(z.string()),
  CreationTimeBefore: seconds,
  CreationTimeAfter: seconds,
  LastModifiedTimeBefore: seconds,
  LastModifiedTimeAfter: seconds,
});

export const addTags = z.object({ ResourceArn: arn, Tags: tags });
/** A resource has 50 tags at most, and a page 50 at least: there is never a second one. */
export const listTags = z.object({ ResourceArn: arn });

export type Container = z.infer<typeof container>;
export type CreateModel = z.infer<typeof createModel>;
export type CreateEndpointConfig = z.infer<typeof createEndpointConfig>;
export type CreateEndpoint = z.infer<typeof createEndpoint>;
export type UpdateEndpoint = z.infer<typeof updateEndpoint>;
export type DeploymentConfig = z.infer<typeof deploymentConfig>;
export type CapacitySize = z.infer<typeof capacitySize>;
export type ListQuery = z.infer<typeof list>;
export type Tag = z.infer<typeof tags>[number];

/** @throws SageMakerError with every constraint that the input misses, in the service's words. */
export function read<T extends z.ZodMiniType>(schema: T, input: unknown): z.infer<T> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const { issues } = result.error;
  const details = issues.map(
    ({ path, message }) => `Value at '${wirePath(path)}' failed to satisfy constraint: ${message}`,
  );
  throw invalid(`${issues.length} validation error${issues.length === 1 ? '' : 's'} detected: ${details.join('; ')}`);
}

/** `['ProductionVariants', 0, 'ModelName']` as `productionVariants.1.member.modelName`, the service's way of pointing. */
function wirePath(path: readonly PropertyKey[]): string {
  return path
    .map((part) =>
      typeof part === 'number' ? `${part + 1}.member` : String(part).replace(/^./, (c) => c.toLowerCase()),
    )
    .join('.');
}
