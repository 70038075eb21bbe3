import { DefaultStackSynthesizer, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { Prefix } from '../../lib/contracts/storage.ts';
import type { StageConfig } from '../config.ts';
import { acknowledge } from '../nag.ts';
import { emergencyRoleName, functionRoleName } from '../names.ts';
import {
  ABANDONED_PARTS,
  type AccessLogBucket,
  lockFor,
  ONE_REGION,
  PRIVATE_BUCKET,
  removalPolicyOf,
} from './buckets.ts';
import type { DataKey } from './encryption-key.ts';
import type { Grantee } from './policy.ts';

const OBJECTS_BY_PREFIX = 'Objects are named by their digests; the prefix says what kind of object it is.';
const ALL_OBJECTS = 'Objects are named by their digests; this is about all of them.';

export interface EvidenceBucketProps {
  readonly config: StageConfig;
  readonly dataKey: DataKey;
  readonly accessLogs: AccessLogBucket;
}

/**
 * The bucket in which evidence is written once and cannot be taken back.
 *
 * Object Lock is what holds; the bucket policy refuses, for every identity of whatever rights, the requests that would
 * get around it: creating over an existing key, creating unlocked or shortly locked, deleting, bypassing.
 */
export class EvidenceBucket extends Construct {
  readonly bucket: s3.Bucket;
  private readonly config: StageConfig;
  private readonly dataKey: DataKey;

  constructor(scope: Construct, id: string, props: EvidenceBucketProps) {
    super(scope, id);
    this.config = props.config;
    this.dataKey = props.dataKey;
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
    for (const statement of [
      ...this.creationDenials(),
      ...this.lockDenials(),
      ...this.encryptionDenials(),
      ...this.removalDenials(),
    ]) {
      this.bucket.addToResourcePolicy(statement);
    }
    acknowledge(this.bucket, { 'NIST.800.53.R5-S3BucketReplicationEnabled': ONE_REGION });
  }

  /** Lets the grantee create locked objects under these prefixes, and read back what lies there. */
  grantCreate(grantee: Grantee, ...prefixes: string[]): void {
    grantee.allow({
      sid: 'CreateLockedEvidence',
      actions: ['s3:PutObject', 's3:PutObjectRetention'],
      resources: this.objects(prefixes),
      wildcard: OBJECTS_BY_PREFIX,
    });
    this.grantRead(grantee, ...prefixes);
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

  /** An existing key is never written again. Parts of a multipart upload create nothing; its completion does. */
  private creationDenials(): iam.PolicyStatement[] {
    return [
      this.deny('CreateOnlyIfAbsent', ['s3:PutObject'], {
        Null: { 's3:if-none-match': 'true' },
        Bool: { 's3:ObjectCreationOperation': 'true' },
      }),
    ];
  }

  /**
   * Everything is created locked, in the stage's mode, for at least the shortest retention.
   * A denial on an inequality also hits requests without the key, hence `Null: false` beside it. (`…IfExists` would
   * not help: with the key absent it counts as true.)
   */
  private lockDenials(): iam.PolicyStatement[] {
    const { mode, days } = this.config.retention;
    const denials = [
      new iam.PolicyStatement({
        sid: 'CreateLocked',
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        actions: ['s3:PutObject'],
        // Completing a multipart upload carries no lock headers: under artifacts/ the bucket's default is the backstop.
        notResources: [this.bucket.arnForObjects(`${Prefix.artifacts}*`)],
        conditions: { Null: { 's3:object-lock-mode': 'true' } },
      }),
      this.deny('LockInStageMode', ['s3:PutObject', 's3:PutObjectRetention'], {
        Null: { 's3:object-lock-mode': 'false' },
        StringNotEquals: { 's3:object-lock-mode': mode },
      }),
    ];
    // S3 counts whole days that remain. A lock of N days from receipt has N-1 whole days left when S3 receives it.
    const least = Math.min(...Object.values(days)) - 1;
    if (least > 0) {
      denials.push(
        this.deny('LockLongEnough', ['s3:PutObject', 's3:PutObjectRetention'], {
          NumericLessThan: { 's3:object-lock-remaining-retention-days': String(least) },
        }),
      );
    }
    return denials;
  }

  /** Without a header the bucket's default applies, which is our key; with one it must name our key. */
  private encryptionDenials(): iam.PolicyStatement[] {
    return [
      this.deny('EncryptWithKms', ['s3:PutObject'], {
        Null: { 's3:x-amz-server-side-encryption': 'false' },
        StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' },
      }),
      this.deny('EncryptWithDataKey', ['s3:PutObject'], {
        Null: { 's3:x-amz-server-side-encryption-aws-kms-key-id': 'false' },
        ArnNotEquals: { 's3:x-amz-server-side-encryption-aws-kms-key-id': this.dataKey.key.keyArn },
      }),
    ];
  }

  /** Nobody but the break-glass role takes anything away. */
  private removalDenials(): iam.PolicyStatement[] {
    const { stage } = this.config;
    const breakGlass = this.roleArn(emergencyRoleName(stage, 'break-glass'));
    const holds = this.roleArn(functionRoleName(stage, 'holds'));
    const deployment = this.roleArn(deploymentRoleName(Stack.of(this)));
    return [
      this.deny(
        'OnlyBreakGlassRemoves',
        ['s3:BypassGovernanceRetention', 's3:DeleteObject', 's3:DeleteObjectVersion'],
        {
          ArnNotEquals: { 'aws:PrincipalArn': breakGlass },
        },
      ),
      // Through the API a hold carries its reason and is countersigned; past it, it would not be.
      this.deny('OnlyHoldsFunctionHolds', ['s3:PutObjectLegalHold'], {
        ArnNotEquals: { 'aws:PrincipalArn': [holds, breakGlass] },
      }),
      new iam.PolicyStatement({
        sid: 'OnlyDeploymentsChangeTheDefaultLock',
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        actions: ['s3:PutBucketObjectLockConfiguration'],
        resources: [this.bucket.bucketArn],
        conditions: { ArnNotEquals: { 'aws:PrincipalArn': [deployment, breakGlass] } },
      }),
    ];
  }

  private deny(
    sid: string,
    actions: string[],
    conditions: Record<string, Record<string, unknown>>,
  ): iam.PolicyStatement {
    return new iam.PolicyStatement({
      sid,
      effect: iam.Effect.DENY,
      principals: [new iam.AnyPrincipal()],
      actions,
      resources: [this.bucket.arnForObjects('*')],
      conditions,
    });
  }

  private roleArn(roleName: string): string {
    return Stack.of(this).formatArn({ service: 'iam', region: '', resource: 'role', resourceName: roleName });
  }
}

/** The role that `cdk bootstrap` makes for CloudFormation to deploy with. */
function deploymentRoleName(stack: Stack): string {
  return `cdk-${DefaultStackSynthesizer.DEFAULT_QUALIFIER}-cfn-exec-role-${stack.account}-${stack.region}`;
}
