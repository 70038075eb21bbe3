import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnTrail } from 'aws-cdk-lib/aws-cloudtrail';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { StageConfig } from '../config.ts';
import { acknowledge } from '../nag.ts';
import { emergencyRoleName } from '../names.ts';
import {
  ABANDONED_PARTS,
  type AccessLogBucket,
  lockFor,
  ONE_REGION,
  PRIVATE_BUCKET,
  protectConfiguration,
  removalPolicyOf,
} from './buckets.ts';
import type { ControlTable } from './control-table.ts';
import type { AuditKey } from './encryption-key.ts';
import type { EvidenceBucket } from './evidence-bucket.ts';
import { type Grantee, Policy } from './policy.ts';
import { roleArn } from './principals.ts';

/** ARN of the stage's trail, before the trail exists: its key and its bucket name it in their policies. */
export function trailArn(stack: Stack, config: StageConfig): string {
  return stack.formatArn({ service: 'cloudtrail', resource: 'trail', resourceName: trailName(config) });
}

/** Physical name of the stage's trail. */
export function trailName(config: StageConfig): string {
  return `countersign-${config.stage}`;
}

/**
 * Who did what: management events of every Region, KMS included, each object call on the evidence bucket, each write to
 * a table, and each run of a function.
 * Files are validated by digest and lie locked for as long as the longest evidence; a copy feeds the alarms.
 */
export class AuditTrail extends Construct {
  readonly bucket: s3.Bucket;
  /** The same events, for metric filters and searches. */
  readonly logGroup: logs.LogGroup;
  readonly trail: CfnTrail;

  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly config: StageConfig;
      readonly auditKey: AuditKey;
      readonly accessLogs: AccessLogBucket;
      readonly evidence: EvidenceBucket;
      readonly tables: readonly ControlTable[];
    },
  ) {
    super(scope, id);
    const { config, auditKey, evidence, tables } = props;
    this.bucket = this.lockedBucket(config, auditKey, props.accessLogs);
    this.logGroup = new logs.LogGroup(this, 'LogGroup', {
      logGroupName: `/countersign/${config.stage}/trail`,
      retention: config.logRetentionDays,
      encryptionKey: auditKey.key,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const { role, policy } = this.deliveryRole(config);

    this.trail = new CfnTrail(this, 'Trail', {
      trailName: trailName(config),
      isLogging: true,
      isMultiRegionTrail: true,
      includeGlobalServiceEvents: true,
      enableLogFileValidation: true,
      s3BucketName: this.bucket.bucketName,
      kmsKeyId: auditKey.key.keyArn,
      cloudWatchLogsLogGroupArn: this.logGroup.logGroupArn,
      cloudWatchLogsRoleArn: role.roleArn,
      advancedEventSelectors: [
        { name: 'Management', fieldSelectors: [{ field: 'eventCategory', equalTo: ['Management'] }] },
        {
          name: 'Evidence objects',
          fieldSelectors: [
            { field: 'eventCategory', equalTo: ['Data'] },
            { field: 'resources.type', equalTo: ['AWS::S3::Object'] },
            { field: 'resources.ARN', startsWith: [evidence.bucket.arnForObjects('')] },
          ],
        },
        {
          name: 'Writes to tables',
          fieldSelectors: [
            { field: 'eventCategory', equalTo: ['Data'] },
            { field: 'resources.type', equalTo: ['AWS::DynamoDB::Table'] },
            { field: 'resources.ARN', equalTo: tables.map(({ table }) => table.tableArn) },
            { field: 'readOnly', equalTo: ['false'] },
          ],
        },
        {
          name: 'Runs of functions',
          fieldSelectors: [
            { field: 'eventCategory', equalTo: ['Data'] },
            { field: 'resources.type', equalTo: ['AWS::Lambda::Function'] },
            {
              field: 'resources.ARN',
              startsWith: [
                Stack.of(this).formatArn({ service: 'lambda', resource: `function:countersign-${config.stage}-` }),
              ],
            },
          ],
        },
      ],
    });
    // CloudTrail tries both destinations when the trail is created.
    this.trail.node.addDependency(policy);
    if (this.bucket.policy !== undefined) this.trail.node.addDependency(this.bucket.policy);
  }

  /** Lets the grantee delete trail files whose lock is in GOVERNANCE mode: a development stack can be removed. */
  grantBreakGlass(grantee: Grantee): void {
    grantee.allow(
      {
        sid: 'BreakGlassOnTrailFiles',
        actions: ['s3:BypassGovernanceRetention', 's3:DeleteObject', 's3:DeleteObjectVersion'],
        resources: [this.bucket.arnForObjects('*')],
        wildcard: 'CloudTrail names its files by time; this is about all of them.',
      },
      {
        sid: 'BreakGlassOnTrailBucket',
        actions: ['s3:ListBucket', 's3:ListBucketVersions'],
        resources: [this.bucket.bucketArn],
      },
    );
  }

  private lockedBucket(config: StageConfig, auditKey: AuditKey, accessLogs: AccessLogBucket): s3.Bucket {
    const stack = Stack.of(this);
    const bucket = new s3.Bucket(this, 'Bucket', {
      ...PRIVATE_BUCKET,
      versioned: true,
      objectLockEnabled: true,
      objectLockDefaultRetention: lockFor(config, config.auditRetentionDays),
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: auditKey.key,
      blockedEncryptionTypes: [s3.BlockedEncryptionType.SSE_C],
      lifecycleRules: [{ id: 'abandoned-parts', abortIncompleteMultipartUploadAfter: ABANDONED_PARTS }],
      removalPolicy: removalPolicyOf(config),
    });
    accessLogs.receiveFrom(bucket, 'trail/');
    const cloudTrail = new iam.ServicePrincipal('cloudtrail.amazonaws.com');
    const fromTrail = { 'aws:SourceArn': trailArn(stack, config) };
    bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'CloudTrailChecksOwner',
        principals: [cloudTrail],
        actions: ['s3:GetBucketAcl'],
        resources: [bucket.bucketArn],
        conditions: { StringEquals: fromTrail },
      }),
    );
    bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'CloudTrailWrites',
        principals: [cloudTrail],
        actions: ['s3:PutObject'],
        resources: [bucket.arnForObjects(`AWSLogs/${stack.account}/*`)],
        conditions: { StringEquals: { ...fromTrail, 's3:x-amz-acl': 'bucket-owner-full-control' } },
      }),
    );
    bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'OnlyBreakGlassRemoves',
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        actions: ['s3:BypassGovernanceRetention', 's3:DeleteObject', 's3:DeleteObjectVersion'],
        resources: [bucket.arnForObjects('*')],
        conditions: {
          ArnNotEquals: { 'aws:PrincipalArn': roleArn(bucket, emergencyRoleName(config.stage, 'break-glass')) },
        },
      }),
    );
    bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'OnlyTheTrailWrites',
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        actions: ['s3:PutObject', 's3:ReplicateObject'],
        resources: [bucket.arnForObjects('*')],
        // Somebody's own request has no source, which is not equal either.
        conditions: { ArnNotEquals: { 'aws:SourceArn': trailArn(stack, config) } },
      }),
    );
    protectConfiguration(bucket, config);
    acknowledge(bucket, { 'NIST.800.53.R5-S3BucketReplicationEnabled': ONE_REGION });
    return bucket;
  }

  private deliveryRole(config: StageConfig): { role: iam.Role; policy: Policy } {
    const role = new iam.Role(this, 'DeliveryRole', {
      assumedBy: new iam.ServicePrincipal('cloudtrail.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceArn': trailArn(Stack.of(this), config) } },
      }),
      description: 'CloudTrail writes its events to the trail log group',
    });
    const policy = new Policy(this, 'DeliveryPolicy', {
      description: 'Write events to the trail log group',
      roles: [role],
    });
    policy.allow({
      sid: 'WriteEvents',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [this.logGroup.logGroupArn],
    });
    return { role, policy };
  }
}
