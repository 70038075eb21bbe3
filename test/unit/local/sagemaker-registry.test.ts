import {
  CreateModelPackageCommand,
  CreateModelPackageGroupCommand,
  DescribeModelPackageCommand,
  DescribeModelPackageGroupCommand,
  ListModelPackagesCommand,
  UpdateModelPackageCommand,
} from '@aws-sdk/client-sagemaker';
import { beforeEach, describe, expect, it } from 'vitest';
import { localSageMaker } from '../../support/local-sagemaker.ts';

const GROUP = { ModelPackageGroupName: 'Fraud' };
const DATA = 's3://evidence/artifacts/sha256/ab/model';
const specification = (S3Uri: string) => ({
  Containers: [
    {
      Image: 'registry.example/fraud:1',
      ModelDataSource: { S3DataSource: { S3Uri, S3DataType: 'S3Object', CompressionType: 'Gzip' } as const },
    },
  ],
});

let aws: ReturnType<typeof localSageMaker>;
beforeEach(async () => {
  aws = localSageMaker({
    realNow: () => Date.parse('2026-01-01T00:00:00Z'),
    alarmStates: async () => new Map(),
    objectExists: async (bucket, key) => `s3://${bucket}/${key}` === DATA,
  });
  await aws.client.send(new CreateModelPackageGroupCommand(GROUP));
});

const create = async (input: Partial<CreateModelPackageCommand['input']> = {}) =>
  await aws.client.send(new CreateModelPackageCommand({ ...GROUP, ...input }));
const refusedWith = (message: RegExp) =>
  expect.objectContaining({ name: 'ValidationException', message: expect.stringMatching(message) });

describe('a group of model packages', () => {
  it('is made once, by a name that cases do not tell apart', async () => {
    await expect(
      aws.client.send(new CreateModelPackageGroupCommand({ ModelPackageGroupName: 'fraud' })),
    ).rejects.toEqual(refusedWith(/already exists/));
    expect(await aws.client.send(new DescribeModelPackageGroupCommand(GROUP))).toMatchObject({
      ModelPackageGroupArn: 'arn:aws:sagemaker:eu-west-1:111122223333:model-package-group/fraud',
      ModelPackageGroupStatus: 'Completed',
    });
  });

  it('is named as SageMaker wants it, and has to be there', async () => {
    await expect(
      aws.client.send(new CreateModelPackageGroupCommand({ ModelPackageGroupName: 'x'.repeat(64) })),
    ).rejects.toEqual(refusedWith(/less than or equal to 63/));
    await expect(create({ ModelPackageGroupName: 'other' })).rejects.toEqual(refusedWith(/does not exist/));
  });
});

describe('a version', () => {
  it('waits for a decision, is numbered, listed newest first, and decided', async () => {
    await create({ ModelPackageDescription: 'one', InferenceSpecification: specification(DATA) });
    const { ModelPackageArn } = await create({ ModelPackageDescription: 'two' });
    await aws.client.send(
      new UpdateModelPackageCommand({ ModelPackageArn, ModelApprovalStatus: 'Approved', ApprovalDescription: 'good' }),
    );
    const { ModelPackageSummaryList } = await aws.client.send(new ListModelPackagesCommand(GROUP));
    expect(ModelPackageSummaryList).toMatchObject([
      { ModelPackageVersion: 2, ModelPackageDescription: 'two', ModelApprovalStatus: 'Approved' },
      { ModelPackageVersion: 1, ModelPackageDescription: 'one', ModelApprovalStatus: 'PendingManualApproval' },
    ]);
    expect(await aws.client.send(new DescribeModelPackageCommand({ ModelPackageName: ModelPackageArn }))).toMatchObject(
      { ApprovalDescription: 'good', ModelPackageVersion: 2 },
    );
  });

  it('is listed by pages, and by its state', async () => {
    for (let at = 0; at < 3; at++) await create();
    const first = await aws.client.send(new ListModelPackagesCommand({ ...GROUP, MaxResults: 2 }));
    const { NextToken } = first;
    const second = await aws.client.send(new ListModelPackagesCommand({ ...GROUP, MaxResults: 2, NextToken }));
    const numbers = [first, second].map(({ ModelPackageSummaryList = [] }) =>
      ModelPackageSummaryList.map(({ ModelPackageVersion }) => ModelPackageVersion),
    );
    expect(numbers).toEqual([[3, 2], [1]]);
    const approved = await aws.client.send(new ListModelPackagesCommand({ ...GROUP, ModelApprovalStatus: 'Approved' }));
    expect(approved.ModelPackageSummaryList).toEqual([]);
  });

  it('of one token is one version', async () => {
    const [one, again] = [await create({ ClientToken: 'token-1' }), await create({ ClientToken: 'token-1' })];
    expect(again.ModelPackageArn).toBe(one.ModelPackageArn);
    expect((await create({ ClientToken: 'token-2' })).ModelPackageArn).not.toBe(one.ModelPackageArn);
  });

  it.each<readonly [string, Partial<CreateModelPackageCommand['input']>, RegExp]>([
    [
      'data that is not there',
      { InferenceSpecification: specification('s3://evidence/other') },
      /Could not find model data/,
    ],
    [
      'a property that is too long',
      { CustomerMetadataProperties: { id: 'x'.repeat(257) } },
      /less than or equal to 256/,
    ],
    [
      'a property with a character that is not allowed',
      { CustomerMetadataProperties: { id: '<b>' } },
      /regular expression/,
    ],
    ['a token that is too long', { ClientToken: 'x'.repeat(37) }, /less than or equal to 36/],
    [
      'a card of another schema',
      { ModelCard: { ModelCardContent: '{"model_overview":{"model_name":"x"}}' } },
      /schema/,
    ],
    ['a card that is no JSON', { ModelCard: { ModelCardContent: '{' } }, /schema/],
  ])('with %s is refused', async (_, input, message) => {
    await expect(create(input)).rejects.toEqual(refusedWith(message));
  });

  it('has 50 properties at most', async () => {
    const properties = (from: number, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`p${from + at}`, 'x']));
    await expect(create({ CustomerMetadataProperties: properties(0, 51) })).rejects.toEqual(refusedWith(/equal to 50/));
    const { ModelPackageArn } = await create({ CustomerMetadataProperties: properties(0, 50) });
    const update = { ModelPackageArn, CustomerMetadataProperties: properties(50, 1) };
    await expect(aws.client.send(new UpdateModelPackageCommand(update))).rejects.toEqual(refusedWith(/more than 50/));
  });
});
