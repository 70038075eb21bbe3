import { CreateTableCommand, UpdateContinuousBackupsCommand, UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb';
import type { Properties } from '../properties.ts';
import type { Maker, Makers } from './maker.ts';

const table: Maker = async (properties, context) => {
  const { cloud } = context;
  const name = properties.optionalText('TableName') ?? context.generatedName();
  const keys = keySchema(properties);
  const stream = properties.optionalPart('StreamSpecification');
  const encryption = properties.optionalPart('SSESpecification');
  const indexes = properties.parts('GlobalSecondaryIndexes').map((index) => {
    const projection = index.part('Projection');
    return {
      IndexName: index.text('IndexName'),
      KeySchema: keySchema(index),
      Projection: { ProjectionType: projection.oneOf('ProjectionType', ['ALL', 'KEYS_ONLY']) },
    };
  });
  const { TableDescription: made } = await cloud.clients.dynamodb.send(
    new CreateTableCommand({
      TableName: name,
      AttributeDefinitions: properties.parts('AttributeDefinitions').map((attribute) => ({
        AttributeName: attribute.text('AttributeName'),
        AttributeType: attribute.oneOf('AttributeType', ['S', 'N', 'B']),
      })),
      KeySchema: keys,
      BillingMode: properties.oneOf('BillingMode', ['PAY_PER_REQUEST']),
      DeletionProtectionEnabled: properties.flag('DeletionProtectionEnabled'),
      ...(indexes.length === 0 ? {} : { GlobalSecondaryIndexes: indexes }),
      ...(stream === undefined
        ? {}
        : { StreamSpecification: { StreamEnabled: true, StreamViewType: stream.oneOf('StreamViewType', VIEWS) } }),
      ...(encryption === undefined
        ? {}
        : {
            SSESpecification: {
              Enabled: encryption.flag('SSEEnabled'),
              SSEType: encryption.oneOf('SSEType', ['KMS']),
              KMSMasterKeyId: encryption.optionalText('KMSMasterKeyId'),
            },
          }),
    }),
  );
  const backups = properties.optionalPart('PointInTimeRecoverySpecification');
  if (backups?.flag('PointInTimeRecoveryEnabled')) {
    await cloud.clients.dynamodb.send(
      new UpdateContinuousBackupsCommand({
        TableName: name,
        PointInTimeRecoverySpecification: {
          PointInTimeRecoveryEnabled: true,
          RecoveryPeriodInDays: backups.optionalNumber('RecoveryPeriodInDays'),
        },
      }),
    );
  }
  const expiry = properties.optionalPart('TimeToLiveSpecification');
  if (expiry !== undefined) {
    await cloud.clients.dynamodb.send(
      new UpdateTimeToLiveCommand({
        TableName: name,
        TimeToLiveSpecification: { AttributeName: expiry.text('AttributeName'), Enabled: expiry.flag('Enabled') },
      }),
    );
  }
  // The emulator enforces no table policy: that is the IAM simulator's part.
  properties.ignore('ResourcePolicy');
  properties.ignore('Tags', 'OnDemandThroughput', 'ContributorInsightsSpecification');
  cloud.tableKeys.set(
    name,
    keys.map((key) => key.AttributeName),
  );
  return {
    ref: name,
    attributes: {
      Arn: `arn:aws:dynamodb:${cloud.region}:${cloud.accountId}:table/${name}`,
      ...(made?.LatestStreamArn === undefined ? {} : { StreamArn: made.LatestStreamArn }),
    },
  };
};

const VIEWS = ['NEW_AND_OLD_IMAGES', 'NEW_IMAGE', 'OLD_IMAGE', 'KEYS_ONLY'] as const;

function keySchema(properties: Properties) {
  return properties.parts('KeySchema').map((key) => ({
    AttributeName: key.text('AttributeName'),
    KeyType: key.oneOf('KeyType', ['HASH', 'RANGE']),
  }));
}

export const dynamodbMakers: Makers = { 'AWS::DynamoDB::Table': table };
