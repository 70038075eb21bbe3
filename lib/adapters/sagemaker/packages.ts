import {
  CreateModelPackageCommand,
  CreateModelPackageGroupCommand,
  paginateListModelPackages,
  type SageMakerClient,
  UpdateModelPackageCommand,
} from '@aws-sdk/client-sagemaker';
import type { ModelPackages } from '../../app/promotion/mirror.ts';
import { sha256Hex } from '../../core/digest.ts';
import { packageDescription } from '../../core/model-package.ts';
import { unavailable } from '../failures.ts';
import { isThere } from './errors.ts';
import { tagsOf } from './tags.ts';

/** A ClientToken has 36 characters at most. */
const TOKEN_LENGTH = 36;

/** Versions per page: the most that a list gives. */
const PAGE = 100;

/** Versions in groups of SageMaker's Model Registry, which bear the tag of the stage. */
export function sagemakerPackages(client: SageMakerClient, stage: string): ModelPackages {
  return {
    async ensureGroup(ModelPackageGroupName) {
      const ModelPackageGroupDescription =
        'What Countersign released or refused on one endpoint. A mirror, no evidence.';
      try {
        await client.send(
          new CreateModelPackageGroupCommand({
            ModelPackageGroupName,
            ModelPackageGroupDescription,
            Tags: tagsOf(stage),
          }),
        );
      } catch (error) {
        if (!isThere(error)) unavailable('SageMaker', error);
      }
    },

    async find(ModelPackageGroupName, promotion) {
      const description = packageDescription(promotion);
      try {
        const pages = paginateListModelPackages({ client, pageSize: PAGE }, { ModelPackageGroupName });
        for await (const { ModelPackageSummaryList = [] } of pages) {
          const found = ModelPackageSummaryList.find((summary) => summary.ModelPackageDescription === description);
          if (found) return { arn: found.ModelPackageArn ?? '', status: found.ModelApprovalStatus ?? '' };
        }
        return undefined;
      } catch (error) {
        // The one thing that may be wrong with a list of ours; in which words, the API reference does not say.
        if (error instanceof Error && error.name === 'ValidationException') return 'no-group';
        return unavailable('SageMaker', error);
      }
    },

    create: (ModelPackageGroupName, { promotion, image, data, properties, card }) =>
      answered(async () => {
        const S3DataSource = { S3Uri: data, S3DataType: 'S3Object', CompressionType: 'Gzip' } as const;
        const { ModelPackageArn = '' } = await client.send(
          new CreateModelPackageCommand({
            ModelPackageGroupName,
            ModelPackageDescription: packageDescription(promotion),
            // Two runs at once make one version: the list may not show yet what the other has made.
            ClientToken: sha256Hex(`${ModelPackageGroupName}/${promotion}`).slice(0, TOKEN_LENGTH),
            ModelApprovalStatus: 'PendingManualApproval',
            InferenceSpecification: { Containers: [{ Image: image, ModelDataSource: { S3DataSource } }] },
            CustomerMetadataProperties: { ...properties },
            ...(card === undefined ? {} : { ModelCard: { ModelCardContent: card, ModelCardStatus: 'Approved' } }),
          }),
        );
        return ModelPackageArn;
      }),

    decide: (ModelPackageArn, ModelApprovalStatus, ApprovalDescription) =>
      answered(async () => {
        await client.send(new UpdateModelPackageCommand({ ModelPackageArn, ModelApprovalStatus, ApprovalDescription }));
      }),
  };
}

async function answered<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    return unavailable('SageMaker', error);
  }
}
