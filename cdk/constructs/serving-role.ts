import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Prefix } from '../../lib/contracts/storage.ts';
import type { StageConfig } from '../config.ts';
import { servingRoleName } from '../names.ts';
import type { DataKey } from './encryption-key.ts';
import type { EvidenceBucket } from './evidence-bucket.ts';
import { Policy } from './policy.ts';

/**
 * What SageMaker does as, for the models that we make: it fetches artifacts and images, and writes logs. The models themselves are
 * isolated from the network and have no use of it. It lies beside the data, because what serves outlives the service that
 * deployed it.
 */
export class ServingRole extends Construct {
  readonly role: iam.Role;

  constructor(
    scope: Construct,
    id: string,
    props: { readonly config: StageConfig; readonly evidence: EvidenceBucket; readonly dataKey: DataKey },
  ) {
    super(scope, id);
    const { config, evidence, dataKey } = props;
    const stack = Stack.of(this);
    this.role = new iam.Role(this, 'Role', {
      roleName: servingRoleName(config.stage),
      description: 'SageMaker fetches models and images with it',
      assumedBy: new iam.ServicePrincipal('sagemaker.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
      }),
    });
    const policy = new Policy(this, 'Policy', {
      description: `What models of ${config.stage} are fetched and observed with`,
      roles: [this.role],
    });
    dataKey.grantDecrypt(policy, ['s3']);
    // "Execution Role Permissions" of CreateModel and "Auto-Rollback Configuration", Amazon SageMaker AI Developer Guide.
    policy.allow(
      {
        sid: 'FetchModels',
        actions: ['s3:GetObject'],
        resources: [evidence.bucket.arnForObjects(`${Prefix.artifacts}*`)],
        wildcard: 'Models are named by their digests.',
      },
      {
        sid: 'FindModels',
        actions: ['s3:ListBucket'],
        resources: [evidence.bucket.bucketArn],
        conditions: { StringLike: { 's3:prefix': `${Prefix.artifacts}*` } },
      },
      {
        sid: 'FetchImages',
        actions: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
        resources: [stack.formatArn({ service: 'ecr', account: '*', resource: 'repository', resourceName: '*' })],
        wildcard: 'Images are approved by their digests, wherever they lie; AWS keeps its own in accounts of its own.',
      },
      {
        sid: 'SignInToRegistry',
        actions: ['ecr:GetAuthorizationToken'],
        resources: ['*'],
        wildcard: 'ECR has no resource to name for this action.',
      },
      {
        sid: 'WriteLogs',
        actions: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
        resources: [
          stack.formatArn({
            service: 'logs',
            resource: 'log-group:/aws/sagemaker/Endpoints/*',
          }),
        ],
        wildcard: 'SageMaker names the log group by the endpoint.',
      },
      {
        sid: 'WriteMetrics',
        actions: ['cloudwatch:PutMetricData'],
        resources: ['*'],
        conditions: { StringLike: { 'cloudwatch:namespace': ['AWS/SageMaker', '/aws/sagemaker/*'] } },
        wildcard: 'CloudWatch has no resource to name for this action.',
      },
      {
        sid: 'WatchAlarms',
        actions: ['cloudwatch:DescribeAlarms'],
        resources: [stack.formatArn({ service: 'cloudwatch', resource: 'alarm:*' })],
        wildcard: 'Whoever asks for a promotion names the alarms that may take it back.',
      },
    );
  }
}
