import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { StageConfig } from '../config.ts';
import { acknowledge } from '../nag.ts';
import {
  ABANDONED_PARTS,
  type AccessLogBucket,
  lockFor,
  ONE_REGION,
  PRIVATE_BUCKET,
  protectConfiguration,
  removalPolicyOf,
} from './buckets.ts';
import type { DataKey } from './encryption-key.ts';
import { evidenceDenials } from './evidence-denials.ts';
import type { Grantee } from './policy.ts';

const OBJECTS_BY_PREFIX = 'Objects are named by their digests; the prefix says what kind of object it is.';
const ALL_OBJECTS = 'Objects are named by their digests; this is about all of them.';

export interface EvidenceBucketProps {
  readonly config: StageConfig;
  readonly dataKey: DataKey;
  readonly accessLogs: AccessLogBucket;
}

/** The bucket in which evidence is written once and cannot be taken back: by Object Lock, and by what its policy refuses. */
export class EvidenceBucket extends Construct {
  readonly bucket: s3.Bucket;

  constructor(scope: Construct, id: string, props: EvidenceBucketProps) {
    super(scope, id);
    this.bucket = new s3.Bucket(this, 'Bucket', {
      ...PRIVATE_BUCKET,
      versioned: true,
      objectLockEnabled: true,
      // The backstop. Every writer sets its own lock; only the completion of a multipart upload cannot.
      objectLockDefaultRetention: lockFor(props.config, props.config.retention.days.experimental),
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: props.dataKey.key,
      bucketKeyEnabled: true,
      blockedEncryptionTypes: [s3.BlockedEncryptionType.SSE_C],
      lifecycleRules: [{ id: 'abandoned-parts', abortIncompleteMultipartUploadAfter: ABANDONED_PARTS }],
      removalPolicy: removalPolicyOf(props.config),
    });
    props.accessLogs.receiveFrom(this.bucket, 'evidence/');
    const denials = evidenceDenials(this.bucket, { config: props.config, dataKeyArn: props.dataKey.key.keyArn });
    for (const statement of denials) this.bucket.addToResourcePolicy(statement);
    protectConfiguration(this.bucket, props.config);
    acknowledge(this.bucket, { 'NIST.800.53.R5-S3BucketReplicationEnabled': ONE_REGION });
  }

  /** Lets the grantee create locked objects under these prefixes, and read what lies there or under others. */
  grantCreate(grantee: Grantee, prefixes: readonly string[], alsoRead: readonly string[] = []): void {
    grantee.allow({
      sid: 'CreateLockedEvidence',
      actions: ['s3:PutObject', 's3:PutObjectRetention'],
      resources: this.objects(prefixes),
      wildcard: OBJECTS_BY_PREFIX,
    });
    this.grantRead(grantee, ...prefixes, ...alsoRead);
  }

  /** Lets the grantee prolong the locks of what lies under these prefixes. */
  grantProlong(grantee: Grantee, prefixes: readonly string[]): void {
    grantee.allow({
      sid: 'ProlongLocks',
      actions: ['s3:PutObjectRetention'],
      resources: this.objects(prefixes),
      wildcard: OBJECTS_BY_PREFIX,
    });
  }

  /** Lets the grantee copy into final keys by multipart upload, which may have to be given up. */
  grantAbortUpload(grantee: Grantee, ...prefixes: string[]): void {
    grantee.allow({
      sid: 'GiveUpCopy',
      actions: ['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
      resources: this.objects(prefixes),
      wildcard: OBJECTS_BY_PREFIX,
    });
  }

  /** Lets the grantee read objects, their versions, and until when they are locked. */
  grantRead(grantee: Grantee, ...prefixes: string[]): void {
    grantee.allow(
      {
        sid: 'ReadEvidence',
        actions: ['s3:GetObject', 's3:GetObjectRetention', 's3:GetObjectVersion'],
        resources: this.objects(prefixes),
        wildcard: OBJECTS_BY_PREFIX,
      },
      {
        // Without it S3 answers 403, not 404, for an object that is not there.
        sid: 'TellAbsentFromForbidden',
        actions: ['s3:ListBucket'],
        resources: [this.bucket.bucketArn],
      },
    );
  }

  /** Lets the grantee set, lift and read legal holds. The bucket policy lets only the holds function set and lift. */
  grantLegalHold(grantee: Grantee, ...prefixes: string[]): void {
    grantee.allow({
      sid: 'HoldEvidence',
      actions: ['s3:GetObjectLegalHold', 's3:PutObjectLegalHold'],
      resources: this.objects(prefixes),
      wildcard: OBJECTS_BY_PREFIX,
    });
  }

  /** Lets the grantee list every version and read holds, besides reading: what a rebuild of the tables starts from. */
  grantList(grantee: Grantee): void {
    grantee.allow(
      {
        sid: 'ListEvidence',
        actions: ['s3:GetBucketObjectLockConfiguration', 's3:ListBucketVersions'],
        resources: [this.bucket.bucketArn],
      },
      {
        sid: 'ReadHolds',
        actions: ['s3:GetObjectLegalHold'],
        resources: [this.bucket.arnForObjects('*')],
        wildcard: ALL_OBJECTS,
      },
    );
  }

  /** Lets the grantee do what the bucket policy refuses to everybody else. Object Lock in COMPLIANCE mode still holds. */
  grantBreakGlass(grantee: Grantee): void {
    grantee.allow(
      {
        sid: 'BreakGlassOnObjects',
        actions: [
          's3:BypassGovernanceRetention',
          's3:DeleteObject',
          's3:DeleteObjectVersion',
          's3:GetObject',
          's3:GetObjectLegalHold',
          's3:GetObjectRetention',
          's3:GetObjectVersion',
          's3:PutObjectLegalHold',
          's3:PutObjectRetention',
        ],
        resources: [this.bucket.arnForObjects('*')],
        wildcard: ALL_OBJECTS,
      },
      {
        sid: 'BreakGlassOnBucket',
        actions: ['s3:ListBucket', 's3:ListBucketVersions', 's3:PutBucketObjectLockConfiguration'],
        resources: [this.bucket.bucketArn],
      },
    );
  }

  private objects(prefixes: readonly string[]): string[] {
    return prefixes.map((prefix) => this.bucket.arnForObjects(`${prefix}*`));
  }
}
