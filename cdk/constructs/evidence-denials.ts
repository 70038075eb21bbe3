import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Prefix } from '../../lib/contracts/storage.ts';
import type { StageConfig } from '../config.ts';
import { emergencyRoleName, type FunctionName, WRITERS } from '../names.ts';
import { functionRoleArns, roleArn } from './principals.ts';

type Conditions = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface EvidenceDenialsProps {
  readonly config: StageConfig;
  readonly dataKeyArn: string;
}

/**
 * What the evidence bucket's policy refuses, to identities of whatever rights. Object Lock keeps what is there; this keeps
 * everything else out: what no writer of ours wrote, what would be written unlocked or twice, what takes away.
 */
export function evidenceDenials(bucket: s3.Bucket, props: EvidenceDenialsProps): readonly iam.PolicyStatement[] {
  return [
    ...creationDenials(bucket, props.config),
    ...lockDenials(bucket, props.config),
    ...encryptionDenials(bucket, props.dataKeyArn),
    ...removalDenials(bucket, props.config),
    deniedToAll(bucket),
  ];
}

/**
 * Only the functions create, each under its own prefixes, and an existing key is never written again. Parts of a
 * multipart upload create nothing; its completion does. Presigned PUTs are the artifacts function's: it signs them.
 */
function creationDenials(bucket: s3.Bucket, config: StageConfig): iam.PolicyStatement[] {
  const byWriters = new Map<string, readonly [readonly FunctionName[], readonly string[]]>();
  for (const [prefix, writers] of Object.entries(WRITERS)) {
    const [, prefixes = []] = byWriters.get(writers.join()) ?? [];
    byWriters.set(writers.join(), [writers, [...prefixes, prefix]]);
  }
  return [
    ...[...byWriters.values()].map(([writers, prefixes]) =>
      deny({
        sid: `OnlyWritersCreate${prefixes.map(capitalised).join('')}`,
        actions: ['s3:PutObject'],
        resources: prefixes.map((prefix) => bucket.arnForObjects(`${prefix}*`)),
        conditions: { ArnNotEquals: { 'aws:PrincipalArn': functionRoleArns(bucket, config, writers) } },
      }),
    ),
    deny({
      sid: 'NobodyCreatesElsewhere',
      actions: ['s3:PutObject'],
      notResources: Object.keys(WRITERS).map((prefix) => bucket.arnForObjects(`${prefix}*`)),
    }),
    deny({
      sid: 'CreateOnlyIfAbsent',
      actions: ['s3:PutObject'],
      resources: everyObject(bucket),
      conditions: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
    }),
  ];
}

/**
 * Everything is created locked, in the stage's mode, for at least the shortest retention; and only who creates prolongs:
 * a lock of a hundred years cannot be taken back either.
 * A denial on an inequality also hits requests without the key, hence `Null: false` beside it. (`…IfExists` would
 * not help: with the key absent it counts as true.)
 */
function lockDenials(bucket: s3.Bucket, config: StageConfig): iam.PolicyStatement[] {
  const { mode, days } = config.retention;
  const writers = [...new Set(Object.values(WRITERS).flat())];
  const denials = [
    deny({
      sid: 'OnlyWritersProlong',
      actions: ['s3:PutObjectRetention'],
      resources: everyObject(bucket),
      conditions: {
        ArnNotEquals: {
          'aws:PrincipalArn': [...functionRoleArns(bucket, config, writers), breakGlass(bucket, config)],
        },
      },
    }),
    deny({
      sid: 'CreateLocked',
      actions: ['s3:PutObject'],
      // Completing a multipart upload carries no lock headers: under artifacts/ the bucket's default is the backstop.
      notResources: [bucket.arnForObjects(`${Prefix.artifacts}*`)],
      conditions: { Null: { 's3:object-lock-mode': 'true' } },
    }),
    deny({
      sid: 'LockInStageMode',
      actions: ['s3:PutObject', 's3:PutObjectRetention'],
      resources: everyObject(bucket),
      conditions: { Null: { 's3:object-lock-mode': 'false' }, StringNotEquals: { 's3:object-lock-mode': mode } },
    }),
  ];
  // S3 counts whole days that remain. A lock of N days from receipt has N-1 whole days left when S3 receives it.
  const least = Math.min(...Object.values(days)) - 1;
  if (least > 0) {
    denials.push(
      deny({
        sid: 'LockLongEnough',
        actions: ['s3:PutObject', 's3:PutObjectRetention'],
        resources: everyObject(bucket),
        conditions: { NumericLessThan: { 's3:object-lock-remaining-retention-days': String(least) } },
      }),
    );
  }
  return denials;
}

/** Without a header the bucket's default applies, which is our key; with one it must name our key. */
function encryptionDenials(bucket: s3.Bucket, dataKeyArn: string): iam.PolicyStatement[] {
  return [
    deny({
      sid: 'EncryptWithKms',
      actions: ['s3:PutObject'],
      resources: everyObject(bucket),
      conditions: {
        Null: { 's3:x-amz-server-side-encryption': 'false' },
        StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' },
      },
    }),
    deny({
      sid: 'EncryptWithDataKey',
      actions: ['s3:PutObject'],
      resources: everyObject(bucket),
      conditions: {
        Null: { 's3:x-amz-server-side-encryption-aws-kms-key-id': 'false' },
        ArnNotEquals: { 's3:x-amz-server-side-encryption-aws-kms-key-id': dataKeyArn },
      },
    }),
  ];
}

/** Nobody but the break-glass role takes anything away. */
function removalDenials(bucket: s3.Bucket, config: StageConfig): iam.PolicyStatement[] {
  return [
    deny({
      sid: 'OnlyBreakGlassRemoves',
      actions: ['s3:BypassGovernanceRetention', 's3:DeleteObject', 's3:DeleteObjectVersion'],
      resources: everyObject(bucket),
      conditions: { ArnNotEquals: { 'aws:PrincipalArn': breakGlass(bucket, config) } },
    }),
    // Through the API a hold carries its reason and is countersigned; past it, it would not be.
    deny({
      sid: 'OnlyHoldsFunctionHolds',
      actions: ['s3:PutObjectLegalHold'],
      resources: everyObject(bucket),
      conditions: {
        ArnNotEquals: {
          'aws:PrincipalArn': [...functionRoleArns(bucket, config, ['holds']), breakGlass(bucket, config)],
        },
      },
    }),
  ];
}

/**
 * Ways past the rules above that nobody here has a use for: an object that arrives by replication is not put, one that is
 * encrypted anew depends on a key that somebody may delete, and tags can be changed under a lock.
 */
function deniedToAll(bucket: s3.Bucket): iam.PolicyStatement {
  return deny({
    sid: 'NobodyGetsAround',
    actions: [
      's3:DeleteObjectTagging',
      's3:DeleteObjectVersionTagging',
      's3:PutObjectTagging',
      's3:PutObjectVersionTagging',
      's3:ReplicateDelete',
      's3:ReplicateObject',
      's3:ReplicateTags',
      's3:UpdateObjectEncryption',
    ],
    resources: everyObject(bucket),
  });
}

function deny({
  sid,
  actions,
  resources,
  notResources,
  conditions = {},
}: {
  readonly sid: string;
  readonly actions: string[];
  readonly resources?: string[];
  readonly notResources?: string[];
  readonly conditions?: Conditions;
}): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid,
    effect: iam.Effect.DENY,
    principals: [new iam.AnyPrincipal()],
    actions,
    conditions,
    ...(resources === undefined ? {} : { resources }),
    ...(notResources === undefined ? {} : { notResources }),
  });
}

function everyObject(bucket: s3.Bucket): string[] {
  return [bucket.arnForObjects('*')];
}

function breakGlass(bucket: s3.Bucket, { stage }: StageConfig): string {
  return roleArn(bucket, emergencyRoleName(stage, 'break-glass'));
}

/** `attestations/` -> `Attestations` */
function capitalised(prefix: string): string {
  const words = prefix.split(/[^a-z]+/);
  return words.map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`).join('');
}
