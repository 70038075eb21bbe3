import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { EMULATOR_CREDENTIALS } from './ministack.ts';
import { LOOPBACK } from './ports.ts';
import type { EmulatorClients } from './resources/maker.ts';

/** Clients of the emulator itself. */
export function emulatorClients(port: number, region: string): EmulatorClients {
  const config = { endpoint: `http://${LOOPBACK}:${port}`, region, credentials: EMULATOR_CREDENTIALS };
  return {
    s3: new S3Client(config),
    kms: new KMSClient(config),
    dynamodb: new DynamoDBClient(config),
    events: new EventBridgeClient(config),
    ses: new SESv2Client(config),
    sqs: new SQSClient(config),
    sns: new SNSClient(config),
    logs: new CloudWatchLogsClient(config),
    cloudwatch: new CloudWatchClient(config),
    cloudtrail: new CloudTrailClient(config),
  };
}

export function closeClients(clients: EmulatorClients): void {
  for (const client of Object.values(clients)) client.destroy();
}
