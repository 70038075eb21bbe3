import {
  CreateBucketCommand,
  type LifecycleRule,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketLoggingCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  PutPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import type { Properties } from '../properties.ts';
import type { Maker, MakerContext, Makers } from './maker.ts';

type Step = (bucket: string, properties: Properties, context: MakerContext) => Promise<unknown>;

const bucket: Maker = async (properties, context) => {
  const { cloud } = context;
  const name = properties.optionalText('BucketName') ?? context.generatedName();
  await cloud.clients.s3.send(
    new CreateBucketCommand({ Bucket: name, ObjectLockEnabledForBucket: properties.flag('ObjectLockEnabled') }),
  );
  for (const [property, step] of Object.entries(BUCKET_STEPS)) {
    const part = properties.optionalPart(property);
    if (part !== undefined) await step(name, part, context);
  }
  properties.ignore('Tags');
  return {
    ref: name,
    attributes: {
      Arn: `arn:aws:s3:::${name}`,
      DomainName: `${name}.s3.amazonaws.com`,
      RegionalDomainName: `${name}.s3.${cloud.region}.amazonaws.com`,
    },
  };
};

const BUCKET_STEPS: Readonly<Record<string, Step>> = {
  VersioningConfiguration: (Bucket, properties, { cloud }) =>
    cloud.clients.s3.send(
      new PutBucketVersioningCommand({
        Bucket,
        VersioningConfiguration: { Status: properties.oneOf('Status', ['Enabled', 'Suspended']) },
      }),
    ),
  ObjectLockConfiguration: (Bucket, properties, { cloud }) => {
    const retention = properties.optionalPart('Rule')?.part('DefaultRetention');
    return cloud.clients.s3.send(
      new PutObjectLockConfigurationCommand({
        Bucket,
        ObjectLockConfiguration: {
          ObjectLockEnabled: properties.oneOf('ObjectLockEnabled', ['Enabled']),
          ...(retention === undefined
            ? {}
            : {
                Rule: {
                  DefaultRetention: {
                    Mode: retention.oneOf('Mode', ['COMPLIANCE', 'GOVERNANCE']),
                    Days: retention.optionalNumber('Days'),
                    Years: retention.optionalNumber('Years'),
                  },
                },
              }),
        },
      }),
    );
  },
  BucketEncryption: (Bucket, properties, { cloud }) =>
    cloud.clients.s3.send(
      new PutBucketEncryptionCommand({
        Bucket,
        ServerSideEncryptionConfiguration: {
          Rules: properties.parts('ServerSideEncryptionConfiguration').map((rule) => {
            rule.ignore('BlockedEncryptionTypes'); // The emulator does not know it; nothing here sends SSE-C.
            const byDefault = rule.part('ServerSideEncryptionByDefault');
            return {
              BucketKeyEnabled: rule.flag('BucketKeyEnabled'),
              ApplyServerSideEncryptionByDefault: {
                SSEAlgorithm: byDefault.oneOf('SSEAlgorithm', ['AES256', 'aws:kms']),
                KMSMasterKeyID: byDefault.optionalText('KMSMasterKeyID'),
              },
            };
          }),
        },
      }),
    ),
  PublicAccessBlockConfiguration: (Bucket, properties, { cloud }) =>
    cloud.clients.s3.send(
      new PutPublicAccessBlockCommand({
        Bucket,
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: properties.flag('BlockPublicAcls'),
          BlockPublicPolicy: properties.flag('BlockPublicPolicy'),
          IgnorePublicAcls: properties.flag('IgnorePublicAcls'),
          RestrictPublicBuckets: properties.flag('RestrictPublicBuckets'),
        },
      }),
    ),
  LifecycleConfiguration: (Bucket, properties, { cloud }) =>
    cloud.clients.s3.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket,
        LifecycleConfiguration: { Rules: properties.parts('Rules').map(lifecycleRule) },
      }),
    ),
  LoggingConfiguration: (Bucket, properties, { cloud }) => {
    properties.ignore('TargetObjectKeyFormat'); // The emulator writes no access logs.
    return cloud.clients.s3.send(
      new PutBucketLoggingCommand({
        Bucket,
        BucketLoggingStatus: {
          LoggingEnabled: {
            TargetBucket: properties.text('DestinationBucketName'),
            TargetPrefix: properties.optionalText('LogFilePrefix') ?? '',
          },
        },
      }),
    );
  },
  OwnershipControls: (Bucket, properties, { cloud }) =>
    cloud.clients.s3.send(
      new PutBucketOwnershipControlsCommand({
        Bucket,
        OwnershipControls: {
          Rules: properties.parts('Rules').map((rule) => ({
            ObjectOwnership: rule.oneOf('ObjectOwnership', [
              'BucketOwnerEnforced',
              'BucketOwnerPreferred',
              'ObjectWriter',
            ]),
          })),
        },
      }),
    ),
};

function lifecycleRule(rule: Properties): LifecycleRule {
  const abort = rule.optionalPart('AbortIncompleteMultipartUpload');
  const noncurrent = rule.optionalPart('NoncurrentVersionExpiration');
  const days = rule.optionalNumber('ExpirationInDays');
  return {
    ID: rule.optionalText('Id'),
    Status: rule.oneOf('Status', ['Enabled', 'Disabled']),
    Filter: { Prefix: rule.optionalText('Prefix') ?? '' },
    ...(days === undefined ? {} : { Expiration: { Days: days } }),
    ...(abort === undefined
      ? {}
      : { AbortIncompleteMultipartUpload: { DaysAfterInitiation: abort.number('DaysAfterInitiation') } }),
    ...(noncurrent === undefined
      ? {}
      : { NoncurrentVersionExpiration: { NoncurrentDays: noncurrent.number('NoncurrentDays') } }),
  };
}

const bucketPolicy: Maker = async (properties, { cloud }) => {
  const name = properties.text('Bucket');
  // Stored for whoever reads it. The emulator does not enforce it: that is the IAM simulator's part.
  await cloud.clients.s3.send(
    new PutBucketPolicyCommand({ Bucket: name, Policy: JSON.stringify(properties.value('PolicyDocument')) }),
  );
  return { ref: name };
};

export const s3Makers: Makers = { 'AWS::S3::Bucket': bucket, 'AWS::S3::BucketPolicy': bucketPolicy };
