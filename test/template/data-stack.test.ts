import { describe, expect, it } from 'vitest';
import { stageConfig } from '../../cdk/config.ts';
import { Resolver } from './support/resolve.ts';
import { ofType, only, type Resource, synthesise } from './support/synth.ts';

const prod = synthesise('prod');
const dev = synthesise('dev');
const resolver = new Resolver(prod);

/** Properties of the one resource of a type whose logical id begins so, without intrinsic functions. */
function properties(type: string, idPrefix: string): unknown {
  return resolver.resolve(only(prod.data, type, idPrefix)[1].Properties, prod.data);
}

const BUCKETS = ofType(prod.data, 'AWS::S3::Bucket').map(([id]) => id);

describe('every bucket', () => {
  it('is one of the four', () => {
    expect(BUCKETS.map((id) => id.replace(/Bucket[0-9A-F]{8}$/, '')).sort()).toEqual([
      'AccessLogs',
      'Evidence',
      'Staging',
      'Trail',
    ]);
  });

  it.each(BUCKETS)('%s is private, versioned and owned by the account', (id) => {
    expect(properties('AWS::S3::Bucket', id)).toMatchObject({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      VersioningConfiguration: { Status: 'Enabled' },
    });
  });

  it.each(BUCKETS)('%s drops the parts of abandoned uploads', (id) => {
    expect(properties('AWS::S3::Bucket', id)).toMatchObject({
      LifecycleConfiguration: {
        Rules: [
          expect.objectContaining({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: expect.any(Number) } }),
        ],
      },
    });
  });
});

describe('the evidence bucket', () => {
  it('locks by default for the shortest retention, in the mode of the stage', () => {
    expect(properties('AWS::S3::Bucket', 'Evidence')).toMatchObject({
      ObjectLockEnabled: true,
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 365 } },
      },
    });
    expect(only(dev.data, 'AWS::S3::Bucket', 'Evidence')[1].Properties).toMatchObject({
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } } },
    });
  });

  it('encrypts with our key, through a bucket key, and takes no SSE-C', () => {
    expect(properties('AWS::S3::Bucket', 'Evidence')).toMatchObject({
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] },
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: {
              SSEAlgorithm: 'aws:kms',
              KMSMasterKeyID: expect.stringMatching(/:key\/datakey/),
            },
          },
        ],
      },
    });
  });

  it('logs into the unlocked bucket', () => {
    const target = String(resolver.name(only(prod.data, 'AWS::S3::Bucket', 'AccessLogs')[0], prod.data));
    for (const id of ['Evidence', 'Staging', 'Trail']) {
      expect(properties('AWS::S3::Bucket', id)).toMatchObject({
        LoggingConfiguration: { DestinationBucketName: target },
      });
    }
    expect(properties('AWS::S3::Bucket', 'AccessLogs')).not.toHaveProperty('ObjectLockConfiguration');
  });
});

it('staged uploads expire', () => {
  const { stagingDays } = stageConfig('prod');
  expect(properties('AWS::S3::Bucket', 'Staging')).not.toHaveProperty('ObjectLockConfiguration');
  expect(properties('AWS::S3::Bucket', 'Staging')).toMatchObject({
    LifecycleConfiguration: {
      Rules: [
        {
          Status: 'Enabled',
          ExpirationInDays: stagingDays,
          NoncurrentVersionExpiration: { NoncurrentDays: 1 },
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: stagingDays },
        },
      ],
    },
  });
});

describe.each(['EvidenceTable', 'RegistryTable', 'WorkflowTable'])('%s', (id) => {
  it('is paid per request, recoverable, protected, streamed, encrypted with our key, and expires what is temporary', () => {
    expect(properties('AWS::DynamoDB::Table', id)).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
      SSESpecification: {
        SSEEnabled: true,
        SSEType: 'KMS',
        KMSMasterKeyId: expect.stringMatching(/:key\/datakey/),
      },
      TimeToLiveSpecification: { AttributeName: 'expires_at', Enabled: true },
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    });
  });
});

it('only the workflow table has an index', () => {
  expect(properties('AWS::DynamoDB::Table', 'EvidenceTable')).not.toHaveProperty('GlobalSecondaryIndexes');
  expect(properties('AWS::DynamoDB::Table', 'RegistryTable')).not.toHaveProperty('GlobalSecondaryIndexes');
  expect(properties('AWS::DynamoDB::Table', 'WorkflowTable')).toMatchObject({
    GlobalSecondaryIndexes: [
      {
        IndexName: 'by-state',
        KeySchema: [
          { AttributeName: 'gsi1pk', KeyType: 'HASH' },
          { AttributeName: 'gsi1sk', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
  });
});

describe('keys', () => {
  it('the evidence key signs on P-256', () => {
    expect(properties('AWS::KMS::Key', 'EvidenceKey')).toMatchObject({
      KeySpec: 'ECC_NIST_P256',
      KeyUsage: 'SIGN_VERIFY',
    });
    expect(properties('AWS::KMS::Alias', 'EvidenceKey')).toMatchObject({
      AliasName: 'alias/countersign-prod-evidence',
    });
  });

  it.each(['DataKey', 'AuditKey'])('%s rotates', (id) => {
    expect(properties('AWS::KMS::Key', id)).toMatchObject({ EnableKeyRotation: true });
  });
});

describe('the trail', () => {
  it('records management events everywhere, KMS included, every call on an evidence object and every write to a table', () => {
    const bucket = resolver.arn(only(prod.data, 'AWS::S3::Bucket', 'Evidence')[0], prod.data);
    const tables = ofType(prod.data, 'AWS::DynamoDB::Table').map(([id]) => resolver.arn(id, prod.data));
    expect(properties('AWS::CloudTrail::Trail', 'Trail')).toMatchObject({
      IsLogging: true,
      IsMultiRegionTrail: true,
      IncludeGlobalServiceEvents: true,
      EnableLogFileValidation: true,
      KMSKeyId: expect.stringMatching(/:key\/auditkey/),
      AdvancedEventSelectors: [
        { FieldSelectors: [{ Field: 'eventCategory', Equals: ['Management'] }] },
        {
          FieldSelectors: [
            { Field: 'eventCategory', Equals: ['Data'] },
            { Field: 'resources.type', Equals: ['AWS::S3::Object'] },
            { Field: 'resources.ARN', StartsWith: [`${bucket}/`] },
          ],
        },
        {
          FieldSelectors: [
            { Field: 'eventCategory', Equals: ['Data'] },
            { Field: 'resources.type', Equals: ['AWS::DynamoDB::Table'] },
            { Field: 'resources.ARN', Equals: tables },
            { Field: 'readOnly', Equals: ['false'] },
          ],
        },
        {
          FieldSelectors: [
            { Field: 'eventCategory', Equals: ['Data'] },
            { Field: 'resources.type', Equals: ['AWS::Lambda::Function'] },
            {
              Field: 'resources.ARN',
              StartsWith: ['arn:aws:lambda:eu-central-1:123456789012:function:countersign-prod-'],
            },
          ],
        },
      ],
    });
  });

  it('lies locked at least as long as the longest evidence', () => {
    const { retention, auditRetentionDays } = stageConfig('prod');
    expect(auditRetentionDays).toBeGreaterThanOrEqual(Math.max(...Object.values(retention.days)));
    expect(properties('AWS::S3::Bucket', 'Trail')).toMatchObject({
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: auditRetentionDays } } },
    });
    expect(properties('AWS::S3::Bucket', 'AccessLogs')).toMatchObject({
      LifecycleConfiguration: { Rules: [{ ExpirationInDays: auditRetentionDays }] },
    });
  });
});

describe('removing the stack', () => {
  const keeps = (resources: Readonly<Record<string, Resource>>) =>
    Object.values(resources)
      .filter(({ Type }) => ['AWS::S3::Bucket', 'AWS::DynamoDB::Table', 'AWS::KMS::Key'].includes(Type))
      .map(({ DeletionPolicy }) => DeletionPolicy);

  it('keeps all data in production', () => {
    expect(new Set(keeps(prod.data.Resources))).toEqual(new Set(['Retain']));
  });
  it('takes the data with it in development', () => {
    expect(new Set(keeps(dev.data.Resources))).toEqual(new Set(['Delete']));
  });
});
