import { createHash, randomBytes, randomUUID } from 'node:crypto';
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { KMSClient, SignCommand } from '@aws-sdk/client-kms';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { clientConfig } from './support/clients.ts';

/**
 * Where MiniStack 1.5.33 differs from AWS in what Countersign relies on. Each title says what AWS does, then what
 * the emulator does. A test passes while the difference lasts; one that fails after an upgrade brings good news.
 */

const local = inject('local');
const s3 = new S3Client(clientConfig(local, 'administrator'));
const kms = new KMSClient(clientConfig(local, 'administrator'));

const nameOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
    return 'accepted';
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
};

describe('S3', () => {
  const locked = `deviations-locked-${randomUUID()}`;
  const plain = `deviations-plain-${randomUUID()}`;

  beforeAll(async () => {
    await s3.send(new CreateBucketCommand({ Bucket: locked, ObjectLockEnabledForBucket: true }));
    await s3.send(
      new PutObjectLockConfigurationCommand({
        Bucket: locked,
        ObjectLockConfiguration: {
          ObjectLockEnabled: 'Enabled',
          Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 1 } },
        },
      }),
    );
    await s3.send(new CreateBucketCommand({ Bucket: plain }));
  });

  it('AWS applies the default retention to a copy; the emulator copies that of the source, here none', async () => {
    await s3.send(new PutObjectCommand({ Bucket: plain, Key: 'source', Body: 'x' }));
    await s3.send(new CopyObjectCommand({ Bucket: locked, Key: 'copy', CopySource: `${plain}/source` }));
    const retention = s3.send(new GetObjectRetentionCommand({ Bucket: locked, Key: 'copy' }));
    expect(await nameOf(retention)).toBe('NoSuchObjectLockConfiguration');
  });

  it('AWS applies the default retention to a multipart upload; the emulator does not', async () => {
    const target = { Bucket: locked, Key: 'multipart' };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
    const part = await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: 'x' }));
    await s3.send(
      new CompleteMultipartUploadCommand({
        ...target,
        UploadId,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag: part.ETag }] },
      }),
    );
    const retention = s3.send(new GetObjectRetentionCommand(target));
    expect(await nameOf(retention)).toBe('NoSuchObjectLockConfiguration');
  });

  it('AWS keeps versioning on where objects are locked; the emulator lets it be suspended', async () => {
    const versioning = (Status: 'Enabled' | 'Suspended') =>
      s3.send(new PutBucketVersioningCommand({ Bucket: locked, VersioningConfiguration: { Status } }));
    expect(await nameOf(versioning('Suspended'))).toBe('accepted');
    await versioning('Enabled');
  });

  it('AWS wants a retain-until date that lies ahead; the emulator takes a past one', async () => {
    const put = new PutObjectCommand({
      Bucket: locked,
      Key: 'past',
      Body: 'x',
      ObjectLockMode: 'GOVERNANCE',
      ObjectLockRetainUntilDate: new Date(Date.now() - 60_000),
    });
    expect(await nameOf(s3.send(put))).toBe('accepted');
  });

  it('AWS wants mode and retain-until date together; the emulator takes a mode alone', async () => {
    const put = new PutObjectCommand({ Bucket: locked, Key: 'mode', Body: 'x', ObjectLockMode: 'GOVERNANCE' });
    expect(await nameOf(s3.send(put))).toBe('accepted');
  });

  it('AWS enforces the bucket policy; the emulator only keeps it', async () => {
    const statement = {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: `arn:aws:s3:::${plain}/no/*`,
    };
    await s3.send(
      new PutBucketPolicyCommand({
        Bucket: plain,
        Policy: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
      }),
    );
    expect(await nameOf(s3.send(new PutObjectCommand({ Bucket: plain, Key: 'no/x', Body: 'x' })))).toBe('accepted');
  });

  it('AWS tells the checksum in the answer to a put; the emulator tells it to a head only', async () => {
    const digest = createHash('sha256').update('x').digest('base64');
    const target = { Bucket: plain, Key: 'checksum' };
    const put = await s3.send(new PutObjectCommand({ ...target, Body: 'x', ChecksumSHA256: digest }));
    const head = await s3.send(new HeadObjectCommand({ ...target, ChecksumMode: 'ENABLED' }));
    expect(head.ChecksumSHA256).toBe(digest);
    expect(put.ChecksumSHA256).toBeUndefined();
  });
});

describe('KMS', () => {
  it('AWS signs at most 4,096 raw bytes; the emulator signs more', async () => {
    const sign = new SignCommand({
      KeyId: local.resources.evidenceKeyArn,
      Message: randomBytes(4097),
      MessageType: 'RAW',
      SigningAlgorithm: 'ECDSA_SHA_256',
    });
    expect(await nameOf(kms.send(sign))).toBe('accepted');
  });
});

describe('CloudWatch', () => {
  const cloudwatch = new CloudWatchClient(clientConfig(local, 'administrator'));
  const stateOf = async (name: string) => {
    const { MetricAlarms } = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: [name] }));
    return MetricAlarms?.[0]?.StateValue;
  };

  it('AWS holds an alarm against the metric of its dimensions; the emulator against those of all', async () => {
    const AlarmName = `deviations-${randomUUID()}`;
    const MetricName = AlarmName;
    await cloudwatch.send(
      new PutMetricAlarmCommand({
        AlarmName,
        MetricName,
        Namespace: 'Deviations',
        Dimensions: [{ Name: 'Endpoint', Value: 'one' }],
        Statistic: 'Maximum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        TreatMissingData: 'notBreaching',
      }),
    );
    const another = { MetricName, Dimensions: [{ Name: 'Endpoint', Value: 'another' }], Value: 1 };
    await cloudwatch.send(new PutMetricDataCommand({ Namespace: 'Deviations', MetricData: [another] }));
    await vi.waitFor(async () => expect(await stateOf(AlarmName)).toBe('ALARM'), { timeout: 60_000, interval: 100 });
  });
});
