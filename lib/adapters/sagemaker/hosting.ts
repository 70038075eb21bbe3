import {
  CreateEndpointCommand,
  CreateEndpointConfigCommand,
  CreateModelCommand,
  DeleteEndpointCommand,
  type DeploymentConfig,
  DescribeEndpointCommand,
  DescribeEndpointConfigCommand,
  DescribeModelCommand,
  ListTagsCommand,
  ProductionVariantInstanceType,
  type SageMakerClient,
  UpdateEndpointCommand,
} from '@aws-sdk/client-sagemaker';
import * as z from 'zod/mini';
import { type Hosting, HostingRefusal, type Takeover } from '../../app/promotion/hosting.ts';
import { unavailable } from '../failures.ts';
import { isExisting, isMissing, isMoving, refused } from './errors.ts';
import { toConfig, toEndpoint, toModel } from './read.ts';
import { marksIn, tagsOf } from './tags.ts';

const InstanceType = z.enum(ProductionVariantInstanceType);

/** SageMaker's hosting of real-time endpoints. What it makes bears the tag of the stage. */
export function sagemakerHosting(client: SageMakerClient, stage: string): Hosting {
  return {
    offers: (instanceType) => InstanceType.safeParse(instanceType).success,

    endpoint: (EndpointName) =>
      described(async () => toEndpoint(await client.send(new DescribeEndpointCommand({ EndpointName })))),

    async marks(ResourceArn) {
      try {
        // A resource has 50 tags at most, and a page holds 50 at least.
        const { Tags = [] } = await client.send(new ListTagsCommand({ ResourceArn }));
        return marksIn(stage, Tags);
      } catch (error) {
        return unavailable('SageMaker', error);
      }
    },

    createModel: (ModelName, model, sha256) =>
      made(async () => {
        await client.send(
          new CreateModelCommand({
            ModelName,
            ExecutionRoleArn: model.role,
            EnableNetworkIsolation: model.isolated,
            PrimaryContainer: {
              Image: model.image,
              ModelDataSource: {
                S3DataSource: { S3Uri: model.data, S3DataType: 'S3Object', CompressionType: 'Gzip' },
              },
            },
            Tags: tagsOf(stage, { model: sha256 }),
          }),
        );
      }),

    model: (ModelName) => described(async () => toModel(await client.send(new DescribeModelCommand({ ModelName })))),

    createConfig: (EndpointConfigName, { variants }, promotion) =>
      made(async () => {
        const ProductionVariants = variants.map(({ name, model, instance_type, instance_count }) => ({
          VariantName: name,
          ModelName: model,
          InstanceType: instanceType(instance_type),
          InitialInstanceCount: instance_count,
        }));
        await client.send(
          new CreateEndpointConfigCommand({
            EndpointConfigName,
            ProductionVariants,
            Tags: tagsOf(stage, { promotion }),
          }),
        );
      }),

    config: (EndpointConfigName) =>
      described(async () => toConfig(await client.send(new DescribeEndpointConfigCommand({ EndpointConfigName })))),

    create: (EndpointName, EndpointConfigName, environment) =>
      made(async () => {
        const Tags = tagsOf(stage, { environment });
        await client.send(new CreateEndpointCommand({ EndpointName, EndpointConfigName, Tags }));
      }),

    async update(EndpointName, EndpointConfigName, takeover) {
      const deployment = takeover && { DeploymentConfig: deploymentConfig(takeover) };
      try {
        await client.send(new UpdateEndpointCommand({ EndpointName, EndpointConfigName, ...deployment }));
        return true;
      } catch (error) {
        return isMoving(error) ? false : refused(error);
      }
    },

    async remove(EndpointName) {
      try {
        await client.send(new DeleteEndpointCommand({ EndpointName }));
      } catch (error) {
        if (!isMissing(error)) refused(error);
      }
    },
  };
}

async function described<T>(describe: () => Promise<T>): Promise<T | undefined> {
  try {
    return await describe();
  } catch (error) {
    return isMissing(error) ? undefined : unavailable('SageMaker', error);
  }
}

/** @returns false when there is one of that name */
async function made(make: () => Promise<void>): Promise<boolean> {
  try {
    await make();
    return true;
  } catch (error) {
    return isExisting(error) ? false : refused(error);
  }
}

function instanceType(name: string) {
  const type = InstanceType.safeParse(name);
  if (type.success) return type.data;
  throw new HostingRefusal(`SageMaker has no instances of type ${name}`);
}

/** "Blue/Green Deployments" and "Auto-Rollback Configuration and Monitoring", Amazon SageMaker AI Developer Guide. */
function deploymentConfig({ canary_percent, bake_seconds, alarms, limit_seconds }: Takeover): DeploymentConfig {
  return {
    BlueGreenUpdatePolicy: {
      TrafficRoutingConfiguration: {
        WaitIntervalInSeconds: bake_seconds,
        ...(canary_percent === null
          ? { Type: 'ALL_AT_ONCE' }
          : { Type: 'CANARY', CanarySize: { Type: 'CAPACITY_PERCENT', Value: canary_percent } }),
      },
      TerminationWaitInSeconds: bake_seconds,
      MaximumExecutionTimeoutInSeconds: limit_seconds,
    },
    AutoRollbackConfiguration: { Alarms: alarms.map((AlarmName) => ({ AlarmName })) },
  };
}
