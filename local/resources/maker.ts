import type { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SESv2Client } from '@aws-sdk/client-sesv2';
import type { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { EventBus } from '../events/bus.ts';
import type { FrontDoor } from '../front-door.ts';
import type { Identities, LocalRole } from '../identities.ts';
import type { Made } from '../intrinsics.ts';
import type { LambdaHost } from '../lambda-host.ts';
import type { Mailbox } from '../mail/mailbox.ts';
import type { Statement } from '../policies.ts';
import type { Properties } from '../properties.ts';
import type { StepFunctions } from '../step-functions.ts';
import type { EventSource } from '../streams/event-source.ts';
import type { Visibility } from '../visibility.ts';
import type { ApiDraft } from './api-gateway.ts';

/** Clients that reach the emulator itself, past the front door: what provisioning does is nobody's AWS call. */
export interface EmulatorClients {
  readonly s3: S3Client;
  readonly kms: KMSClient;
  readonly dynamodb: DynamoDBClient;
  readonly events: EventBridgeClient;
  readonly sqs: SQSClient;
  readonly ses: SESv2Client;
  readonly sns: SNSClient;
  readonly logs: CloudWatchLogsClient;
  readonly cloudwatch: CloudWatchClient;
  readonly cloudtrail: CloudTrailClient;
}

/** What provisioning brings into being, beside the emulator's own state. */
export interface Cloud {
  readonly region: string;
  readonly accountId: string;
  readonly clients: EmulatorClients;
  readonly emulatorPort: number;
  readonly host: LambdaHost;
  readonly frontDoor: FrontDoor;
  readonly identities: Identities;
  readonly stepFunctions: StepFunctions;
  readonly bus: EventBus;
  readonly mailbox: Mailbox;
  /** IAM roles by name. */
  readonly roles: Map<string, LocalRole>;
  /** Statements of the managed policies by ARN. */
  readonly policies: Map<string, readonly Statement[]>;
  readonly visibility: Visibility;
  readonly sendToQueue: (queueArn: string, body: string) => Promise<void>;
  /** What reads streams for functions. */
  readonly eventSources: EventSource[];
  /** Key attributes of the tables by name. */
  readonly tableKeys: Map<string, readonly string[]>;
  /** REST APIs by id, until their stages are deployed. */
  readonly apis: Map<string, ApiDraft>;
}

export interface MakerContext {
  readonly cloud: Cloud;
  readonly logicalId: string;
  readonly stackName: string;
  /** Folder of the asset that the template names by its S3 key. */
  readonly assetFolder: (s3Key: string) => string;
  /** A name as CloudFormation makes one for a resource that has none, the same on every start. */
  readonly generatedName: () => string;
}

/** Makes one resource of a type out of its resolved properties. */
export type Maker = (properties: Properties, context: MakerContext) => Promise<Made> | Made;
export type Makers = Readonly<Record<string, Maker>>;

/** For types of the template that have no counterpart on one machine. */
export const withoutEffect: Maker = (properties, context) => {
  properties.ignoreAll();
  return { ref: context.logicalId };
};
