import * as z from 'zod/mini';
import { arn, container, entityName, pattern, tags, within } from './requests.ts';

// Requests about model packages: "CreateModelPackageGroup", "CreateModelPackage", "UpdateModelPackage" and
// "ListModelPackages", Amazon SageMaker API Reference. Only versions in groups: packages for the marketplace are refused.

const PRINTABLE = /^[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]*$/u;
const description = z.exactOptional(pattern(PRINTABLE, 1024));
const approvalStatus = z.enum(['Approved', 'Rejected', 'PendingManualApproval']);
const METADATA = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const properties = z
  .record(pattern(METADATA, 128).check(z.minLength(1)), pattern(METADATA, 256))
  .check(z.refine((all) => Object.keys(all).length <= 50, 'Member must have length less than or equal to 50'));
const clientToken = z.exactOptional(pattern(/^[a-zA-Z0-9-]+$/, 36));

/** Parts of a card that the schema of a package's card has; `model_overview` has two members of a model card's. */
const card = z.strictObject({
  model_overview: z.exactOptional(
    z.strictObject({
      model_creator: z.exactOptional(z.string().check(z.maxLength(1024))),
      model_artifact: z.exactOptional(z.array(z.string().check(z.maxLength(1024))).check(z.maxLength(15))),
    }),
  ),
  intended_uses: z.exactOptional(
    z.strictObject({
      purpose_of_model: z.exactOptional(z.string().check(z.maxLength(2048))),
      intended_uses: z.exactOptional(z.string().check(z.maxLength(2048))),
      factors_affecting_model_efficiency: z.exactOptional(z.string().check(z.maxLength(2048))),
      risk_rating: z.exactOptional(z.enum(['High', 'Medium', 'Low', 'Unknown'])),
      explanations_for_risk_rating: z.exactOptional(z.string().check(z.maxLength(2048))),
    }),
  ),
  business_details: z.exactOptional(z.unknown()),
  training_details: z.exactOptional(z.unknown()),
  evaluation_details: z.exactOptional(
    z.array(
      z.looseObject({
        name: z.string().check(z.minLength(1), z.maxLength(63)),
        evaluation_observation: z.exactOptional(z.string().check(z.maxLength(2096))),
        datasets: z.exactOptional(z.array(z.string().check(z.maxLength(1024))).check(z.maxLength(10))),
        metric_groups: z.exactOptional(
          z.array(
            z.strictObject({
              name: z.string().check(z.minLength(1), z.maxLength(63)),
              metric_data: z.array(
                z.looseObject({
                  name: z.string().check(z.minLength(1), z.maxLength(255)),
                  type: z.enum(['number', 'string', 'boolean', 'linear_graph', 'bar_chart', 'matrix']),
                }),
              ),
            }),
          ),
        ),
      }),
    ),
  ),
  additional_information: z.exactOptional(
    z.strictObject({
      ethical_considerations: z.exactOptional(z.string().check(z.maxLength(2048))),
      caveats_and_recommendations: z.exactOptional(z.string().check(z.maxLength(2048))),
      custom_details: z.exactOptional(z.record(z.string(), z.string().check(z.maxLength(1024)))),
    }),
  ),
});

/** Whether a text is a card that a package may have. */
export function isPackageCard(content: string): boolean {
  try {
    return card.safeParse(JSON.parse(content)).success;
  } catch {
    return false;
  }
}

const modelCard = z.exactOptional(
  z.object({
    ModelCardContent: z.exactOptional(z.string().check(z.maxLength(100_000))),
    ModelCardStatus: z.exactOptional(z.enum(['Draft', 'PendingReview', 'Approved', 'Archived'])),
  }),
);

export const createGroup = z.strictObject({
  ModelPackageGroupName: entityName,
  ModelPackageGroupDescription: description,
  Tags: z.exactOptional(tags),
});
export const group = z.object({ ModelPackageGroupName: entityName });

export const createPackage = z.strictObject({
  ModelPackageGroupName: entityName,
  ModelPackageDescription: description,
  InferenceSpecification: z.exactOptional(
    z.looseObject({ Containers: z.array(container).check(z.minLength(1), z.maxLength(15)) }),
  ),
  ModelApprovalStatus: z._default(approvalStatus, 'PendingManualApproval'),
  CustomerMetadataProperties: z.exactOptional(properties),
  ModelCard: modelCard,
  ClientToken: clientToken,
});
export const updatePackage = z.strictObject({
  ModelPackageArn: arn,
  ModelApprovalStatus: z.exactOptional(approvalStatus),
  ApprovalDescription: description,
  CustomerMetadataProperties: z.exactOptional(properties),
  ModelCard: modelCard,
});
/** Of a version its ARN. */
export const describePackage = z.object({ ModelPackageName: arn });
export const listPackages = z.object({
  ModelPackageGroupName: entityName,
  ModelApprovalStatus: z.exactOptional(approvalStatus),
  SortOrder: z.exactOptional(z.enum(['Ascending', 'Descending'])),
  NextToken: z.exactOptional(z.string()),
  MaxResults: z.exactOptional(within(1, 100)),
});

export type CreateGroup = z.infer<typeof createGroup>;
export type CreatePackage = z.infer<typeof createPackage>;
export type UpdatePackage = z.infer<typeof updatePackage>;
export type ListPackages = z.infer<typeof listPackages>;
