import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { SIMULATION_WORK, simulationWork } from '../../lib/contracts/simulation.ts';
import { UPLOADS } from '../../lib/contracts/storage.ts';
import type { StageConfig } from '../config.ts';
import { acknowledge } from '../nag.ts';
import { emergencyRoleName } from '../names.ts';
import type { DataKey } from './encryption-key.ts';
import type { Grantee } from './policy.ts';
import { deploymentRoleArn, roleArn } from './principals.ts';

/** What every bucket of ours is: private, owned by the account alone, reached by TLS 1.2 or better. */
export const PRIVATE_BUCKET = {
  blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
  objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
} as const satisfies s3.BucketProps;

/** Days after which S3 drops the parts of an upload that nobody completed. */
export const ABANDONED_PARTS = Duration.days(7);

export const ONE_REGION =
  'One Region by design: a copy elsewhere would need its own lock, keys and trail. docs/deploy.md says how to add replication.';

/** Default retention of a locked bucket, in the stage's mode. */
export function lockFor(config: StageConfig, days: number): s3.ObjectLockRetention {
  return config.retention.mode === 'COMPLIANCE'
    ? s3.ObjectLockRetention.compliance(Duration.days(days))
    : s3.ObjectLockRetention.governance(Duration.days(days));
}

export function removalPolicyOf(config: StageConfig): RemovalPolicy {
  return config.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
}

/**
 * Refuses changes to how a locked bucket is set up to everybody but deployments, and break-glass should the deployment
 * role be gone. Not even this locks the account out: its root user may always replace a bucket's policy.
 */
export function protectConfiguration(bucket: s3.Bucket, { stage }: StageConfig): void {
  const allowed = [deploymentRoleArn(bucket), roleArn(bucket, emergencyRoleName(stage, 'break-glass'))];
  bucket.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: 'OnlyDeploymentsReconfigure',
      effect: iam.Effect.DENY,
      principals: [new iam.AnyPrincipal()],
      actions: [
        's3:DeleteBucket',
        's3:DeleteBucketPolicy',
        's3:PutBucketAcl',
        's3:PutBucketLogging',
        's3:PutBucketObjectLockConfiguration',
        's3:PutBucketOwnershipControls',
        's3:PutBucketPolicy',
        's3:PutBucketPublicAccessBlock',
        's3:PutBucketVersioning',
        's3:PutEncryptionConfiguration',
        's3:PutLifecycleConfiguration',
        's3:PutReplicationConfiguration',
      ],
      resources: [bucket.bucketArn],
      conditions: { ArnNotEquals: { 'aws:PrincipalArn': allowed } },
    }),
  );
}

/** Receives the other buckets' server access logs. Unlocked: S3 delivers no access logs into a locked bucket. */
export class AccessLogBucket extends Construct {
  readonly bucket: s3.Bucket;

  constructor(scope: Construct, id: string, props: { readonly config: StageConfig }) {
    super(scope, id);
    this.bucket = new s3.Bucket(this, 'Bucket', {
      ...PRIVATE_BUCKET,
      encryption: s3.BucketEncryption.S3_MANAGED,
      versioned: true,
      lifecycleRules: [
        {
          id: 'expire',
          expiration: Duration.days(props.config.auditRetentionDays),
          noncurrentVersionExpiration: Duration.days(1),
          abortIncompleteMultipartUploadAfter: ABANDONED_PARTS,
        },
      ],
      removalPolicy: removalPolicyOf(props.config),
    });
    this.bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'S3DeliversAccessLogs',
        principals: [new iam.ServicePrincipal('logging.s3.amazonaws.com')],
        actions: ['s3:PutObject'],
        resources: [this.bucket.arnForObjects('*')],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    acknowledge(this.bucket, {
      'AwsSolutions-S1': 'This is the bucket that access logs go to; logging itself would never end.',
      'NIST.800.53.R5-S3BucketLoggingEnabled':
        'This is the bucket that access logs go to; logging itself would never end.',
      'NIST.800.53.R5-S3DefaultEncryptionKMS':
        'S3 delivers access logs only to a bucket whose default encryption is SSE-S3.',
      'NIST.800.53.R5-S3BucketReplicationEnabled': ONE_REGION,
    });
  }

  /** Makes S3 log every request on `source` here, under `prefix`. */
  receiveFrom(source: s3.Bucket, prefix: string): void {
    const resource = source.node.defaultChild;
    if (!(resource instanceof s3.CfnBucket)) throw new Error(`${source.node.path} is not a bucket of this app`);
    resource.loggingConfiguration = { destinationBucketName: this.bucket.bucketName, logFilePrefix: prefix };
  }
}

/**
 * Where uploads too large for one PUT wait until they are verified, and simulations work. Unlocked and expiring: nothing here
 * is evidence, so nobody can fill the evidence bucket with bytes that are not what they claim to be.
 */
export class StagingBucket extends Construct {
  readonly bucket: s3.Bucket;

  constructor(
    scope: Construct,
    id: string,
    props: { readonly config: StageConfig; readonly dataKey: DataKey; readonly accessLogs: AccessLogBucket },
  ) {
    super(scope, id);
    const { stagingDays } = props.config;
    this.bucket = new s3.Bucket(this, 'Bucket', {
      ...PRIVATE_BUCKET,
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: props.dataKey.key,
      bucketKeyEnabled: true,
      blockedEncryptionTypes: [s3.BlockedEncryptionType.SSE_C],
      // Not relied on: the verifier copies on condition that the ETag is still that of the bytes it hashed. But the rule
      // packs want it, and what was overwritten can be looked at for a day.
      versioned: true,
      lifecycleRules: [
        {
          id: 'expire',
          expiration: Duration.days(stagingDays),
          noncurrentVersionExpiration: Duration.days(1),
          abortIncompleteMultipartUploadAfter: Duration.days(stagingDays),
        },
      ],
      removalPolicy: removalPolicyOf(props.config),
    });
    props.accessLogs.receiveFrom(this.bucket, 'staging/');
    acknowledge(this.bucket, {
      'NIST.800.53.R5-S3BucketReplicationEnabled':
        'Holds unverified uploads for a few days; nothing here needs to survive.',
    });
  }

  /** Lets the grantee run multipart uploads, and sign their parts for others. */
  grantUpload(grantee: Grantee): void {
    this.grant(grantee, 'UploadToStaging', UPLOADS, ['s3:GetObject', 's3:PutObject']);
  }

  /** Lets the grantee read what was staged, and delete it once it is verified or refused. */
  grantTakeOut(grantee: Grantee): void {
    this.grant(grantee, 'TakeOutOfStaging', UPLOADS, ['s3:DeleteObject', 's3:GetObject']);
  }

  /** Lets the grantee keep what a simulation works with. */
  grantSimulate(grantee: Grantee): void {
    this.grant(grantee, 'WorkInStaging', SIMULATION_WORK, ['s3:GetObject', 's3:PutObject']);
  }

  /** Lets the grantee read the lists of chunks, and nothing of the chunks. */
  grantReadChunkLists(grantee: Grantee): void {
    grantee.allow({
      sid: 'ReadChunkLists',
      actions: ['s3:GetObject'],
      resources: [this.bucket.arnForObjects(simulationWork.chunks('*'))],
      wildcard: 'There is a list for each simulation.',
    });
  }

  private grant(grantee: Grantee, sid: string, prefix: string, actions: string[]): void {
    grantee.allow(
      {
        sid,
        actions,
        resources: [this.bucket.arnForObjects(`${prefix}*`)],
        wildcard: 'Staged objects are named when they are made.',
      },
      {
        // Without it S3 answers 403, not 404, for an object that is not there.
        sid: 'TellAbsentFromForbiddenInStaging',
        actions: ['s3:ListBucket'],
        resources: [this.bucket.bucketArn],
      },
    );
  }
}
