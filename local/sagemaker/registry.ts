import { invalid } from './errors.ts';
import { page } from './listing.ts';
import { dataObjectsOf } from './models.ts';
import {
  type CreateGroup,
  type CreatePackage,
  isPackageCard,
  type ListPackages,
  type UpdatePackage,
} from './registry-requests.ts';

interface Group {
  readonly request: CreateGroup;
  readonly arn: string;
  readonly createdAt: number;
  readonly versions: Version[];
}

interface Version extends CreatePackage {
  readonly arn: string;
  readonly number: number;
  readonly createdAt: number;
  readonly modifiedAt: number;
  readonly ApprovalDescription?: string;
}

export interface ModelRegistryOptions {
  readonly region: string;
  readonly accountId: string;
  /** Seconds since the epoch, by the caller's clock. */
  readonly now: () => number;
  readonly objectExists: (bucket: string, key: string) => Promise<boolean>;
}

/**
 * SageMaker's Model Registry: groups, and versions in them. A version is Completed at once, and its ClientToken is known as long
 * as the group. Nothing can be deleted, and packages outside of groups are refused. Messages are ours but for "already exists",
 * which the SageMaker Python SDK looks for.
 */
export class ModelRegistry {
  readonly #options: ModelRegistryOptions;
  readonly #groups = new Map<string, Group>();

  constructor(options: ModelRegistryOptions) {
    this.#options = options;
  }

  createGroup(request: CreateGroup) {
    const name = request.ModelPackageGroupName.toLowerCase();
    const arn = this.#arn('model-package-group', name);
    if (this.#groups.has(name)) throw invalid(`Model Package Group already exists: ${arn}`);
    this.#groups.set(name, { request, arn, createdAt: this.#options.now(), versions: [] });
    return { ModelPackageGroupArn: arn };
  }

  describeGroup(name: string) {
    const { request, arn, createdAt } = this.#group(name);
    const { Tags: _, ...described } = request;
    return {
      ...described,
      ModelPackageGroupArn: arn,
      CreationTime: createdAt,
      ModelPackageGroupStatus: 'Completed',
    };
  }

  async createPackage(request: CreatePackage) {
    const { versions } = this.#group(request.ModelPackageGroupName);
    const { ClientToken: token } = request;
    const known = versions.find(({ ClientToken }) => token !== undefined && ClientToken === token);
    if (known) return { ModelPackageArn: known.arn };
    requireCard(request);
    for (const { bucket, key } of dataObjectsOf({ ModelName: '', ...request.InferenceSpecification })) {
      if (await this.#options.objectExists(bucket, key)) continue;
      throw invalid(`Could not find model data at s3://${bucket}/${key}.`);
    }
    const number = versions.length + 1;
    const arn = this.#arn('model-package', `${request.ModelPackageGroupName.toLowerCase()}/${number}`);
    const now = this.#options.now();
    versions.push({ ...request, arn, number, createdAt: now, modifiedAt: now });
    return { ModelPackageArn: arn };
  }

  updatePackage({ ModelPackageArn: arn, CustomerMetadataProperties: added, ...changes }: UpdatePackage) {
    const { versions, at, version } = this.#version(arn);
    requireCard(changes);
    const properties = { ...version.CustomerMetadataProperties, ...added };
    if (Object.keys(properties).length > 50) throw invalid('A model package cannot have more than 50 properties.');
    versions[at] = {
      ...version,
      ...changes,
      CustomerMetadataProperties: properties,
      modifiedAt: this.#options.now(),
    };
    return { ModelPackageArn: arn };
  }

  describePackage(arn: string) {
    const { ClientToken: _, createdAt, modifiedAt, arn: __, number: ___, ...described } = this.#version(arn).version;
    return { ...described, ...this.#summary(arn), LastModifiedTime: modifiedAt, CreationTime: createdAt };
  }

  listPackages({ ModelPackageGroupName, ModelApprovalStatus, ...query }: ListPackages) {
    const all = this.#group(ModelPackageGroupName)
      .versions.filter(
        (version) => (ModelApprovalStatus ?? version.ModelApprovalStatus) === version.ModelApprovalStatus,
      )
      // Of one second, the order is that of the numbers.
      .map(({ arn, number, createdAt, modifiedAt }) => ({
        name: arn,
        created: createdAt + number / 1000,
        modified: modifiedAt,
        status: '',
      }));
    const { items, ...rest } = page(all, query);
    return { ModelPackageSummaryList: items.map(({ name }) => this.#summary(name)), ...rest };
  }

  #summary(arn: string) {
    const { number, createdAt, ModelPackageGroupName, ModelPackageDescription, ModelApprovalStatus } =
      this.#version(arn).version;
    return {
      ModelPackageArn: arn,
      ModelPackageGroupName,
      ModelPackageVersion: number,
      ...(ModelPackageDescription === undefined ? {} : { ModelPackageDescription }),
      CreationTime: createdAt,
      ModelPackageStatus: 'Completed',
      ModelApprovalStatus,
    };
  }

  #group(name: string): Group {
    const found = this.#groups.get(name.toLowerCase());
    if (found) return found;
    throw invalid(`ModelPackageGroup ${this.#arn('model-package-group', name.toLowerCase())} does not exist.`);
  }

  #version(arn: string) {
    for (const { versions } of this.#groups.values()) {
      const at = versions.findIndex((one) => one.arn === arn);
      const version = versions[at];
      if (version) return { versions, at, version };
    }
    throw invalid(`ModelPackage ${arn} does not exist.`);
  }

  #arn(kind: string, name: string): string {
    return `arn:aws:sagemaker:${this.#options.region}:${this.#options.accountId}:${kind}/${name}`;
  }
}

function requireCard({ ModelCard: card }: Pick<CreatePackage, 'ModelCard'>): void {
  if (card?.ModelCardContent === undefined || isPackageCard(card.ModelCardContent)) return;
  throw invalid('Model card content does not follow the schema of model packages.');
}
