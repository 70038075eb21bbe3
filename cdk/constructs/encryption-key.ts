import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { TOKEN_PURPOSE } from '../../lib/contracts/promotion.ts';
import { SECRET_PURPOSE } from '../../lib/contracts/webhooks.ts';
import type { StageConfig } from '../config.ts';
import { KEY_ADMINISTRATION, onlyDeploymentsTakeOver } from './evidence-key.ts';
import type { Grantee, Permission } from './policy.ts';

/** AWS services through which a caller may use the data key. */
export type DataService = 's3' | 'dynamodb' | 'sqs';

const DECRYPT = ['kms:Decrypt'];
const ENCRYPT_AND_DECRYPT = [
  'kms:Decrypt',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

/** What the data key may be used for directly, as callers say in their encryption context. */
const SEALED = [SECRET_PURPOSE, TOKEN_PURPOSE];

const PURPOSE_KEY = 'kms:EncryptionContext:purpose';

/** Additional to {@link KEY_ADMINISTRATION}: only symmetric keys rotate by themselves. */
const ROTATION = [
  'kms:DisableKeyRotation',
  'kms:EnableKeyRotation',
  'kms:GetKeyRotationStatus',
  'kms:ListKeyRotations',
];

/** A symmetric key with yearly rotation, that identities use through named AWS services only, never directly. */
abstract class EncryptionKey extends Construct {
  readonly key: kms.Key;

  protected constructor(
    scope: Construct,
    id: string,
    props: {
      readonly config: StageConfig;
      readonly purpose: 'data' | 'audit';
      readonly description: string;
      readonly statements: (stack: Stack) => readonly iam.PolicyStatement[];
    },
  ) {
    super(scope, id);
    const { stage, retainData } = props.config;
    this.key = new kms.Key(this, 'Key', {
      description: `Countersign ${stage}: ${props.description}`,
      alias: `countersign-${stage}-${props.purpose}`,
      enableKeyRotation: true,
      policy: new iam.PolicyDocument({
        statements: [
          new iam.PolicyStatement({
            sid: 'AccountAdministers',
            principals: [new iam.AccountRootPrincipal()],
            actions: [...KEY_ADMINISTRATION, ...ROTATION],
            resources: ['*'],
          }),
          ...props.statements(Stack.of(this)),
          onlyDeploymentsTakeOver(this, props.config),
        ],
      }),
      removalPolicy: retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }
}

/** Encrypts evidence, tables and queues. */
export class DataKey extends EncryptionKey {
  constructor(scope: Construct, id: string, props: { readonly config: StageConfig }) {
    super(scope, id, {
      config: props.config,
      purpose: 'data',
      description: 'encrypts evidence, tables and queues',
      statements: (stack) => [
        useThroughServices(stack, 'AccountUsesThroughServices', ['s3', 'dynamodb', 'sqs']),
        new iam.PolicyStatement({
          // Not through a service: so that whoever may read a table may not open what is sealed in it.
          sid: 'AccountSeals',
          principals: [new iam.AccountRootPrincipal()],
          actions: ['kms:Decrypt', 'kms:Encrypt'],
          resources: ['*'],
          conditions: { StringEquals: { [PURPOSE_KEY]: SEALED } },
        }),
        new iam.PolicyStatement({
          // What a rule cannot hand over goes to an encrypted queue, in the name of EventBridge itself.
          sid: 'RulesKeepFailedEvents',
          principals: [new iam.ServicePrincipal('events.amazonaws.com')],
          actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
          resources: ['*'],
          conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
        }),
        new iam.PolicyStatement({
          // DynamoDB keeps a grant per table, made in the name of whoever creates the table.
          sid: 'TablesKeepGrants',
          principals: [new iam.AccountRootPrincipal()],
          actions: ['kms:CreateGrant'],
          resources: ['*'],
          conditions: {
            StringEquals: { 'kms:ViaService': viaService(stack, 'dynamodb') },
            Bool: { 'kms:GrantIsForAWSResource': 'true' },
          },
        }),
      ],
    });
  }

  /** Lets the grantee decrypt what it reads through the services. */
  grantDecrypt(grantee: Grantee, services: readonly DataService[]): void {
    grantee.allow(this.useStatement('DecryptThroughServices', DECRYPT, services));
  }

  /** Lets the grantee encrypt what it writes through the services, and read it back. */
  grantEncryptDecrypt(grantee: Grantee, services: readonly DataService[]): void {
    grantee.allow(this.useStatement('EncryptThroughServices', ENCRYPT_AND_DECRYPT, services));
  }

  /** Lets the grantee encrypt task tokens, directly, and not read them back. */
  grantSealTokens(grantee: Grantee): void {
    this.grantDirectly(grantee, 'SealTokens', ['kms:Encrypt'], TOKEN_PURPOSE);
  }

  /** Lets the grantee read task tokens. */
  grantOpenTokens(grantee: Grantee): void {
    this.grantDirectly(grantee, 'OpenTokens', DECRYPT, TOKEN_PURPOSE);
  }

  /** Lets the grantee encrypt the secrets of webhooks, and not read them back. */
  grantSealSecrets(grantee: Grantee): void {
    this.grantDirectly(grantee, 'SealSecrets', ['kms:Encrypt'], SECRET_PURPOSE);
  }

  /** Lets the grantee read the secrets of webhooks. */
  grantOpenSecrets(grantee: Grantee): void {
    this.grantDirectly(grantee, 'OpenSecrets', DECRYPT, SECRET_PURPOSE);
  }

  private grantDirectly(grantee: Grantee, sid: string, actions: string[], purpose: string): void {
    const conditions = { StringEquals: { [PURPOSE_KEY]: purpose } };
    grantee.allow({ sid, actions, resources: [this.key.keyArn], conditions });
  }

  private useStatement(sid: string, actions: string[], services: readonly DataService[]): Permission {
    const stack = Stack.of(this);
    return {
      sid,
      actions,
      resources: [this.key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': services.map((service) => viaService(stack, service)) } },
    };
  }
}

/** Encrypts what watches the system: CloudTrail files, log groups, the alarm topic. */
export class AuditKey extends EncryptionKey {
  constructor(scope: Construct, id: string, props: { readonly config: StageConfig; readonly trailArn: string }) {
    const { stage } = props.config;
    super(scope, id, {
      config: props.config,
      purpose: 'audit',
      description: 'encrypts CloudTrail files, log groups and alarms',
      statements: (stack) => [
        new iam.PolicyStatement({
          sid: 'AccountReadsTrail',
          principals: [new iam.AccountRootPrincipal()],
          actions: DECRYPT,
          resources: ['*'],
          conditions: { StringEquals: { 'kms:ViaService': viaService(stack, 's3') } },
        }),
        new iam.PolicyStatement({
          sid: 'CloudTrailEncrypts',
          principals: [new iam.ServicePrincipal('cloudtrail.amazonaws.com')],
          actions: ['kms:DescribeKey', 'kms:GenerateDataKey'],
          resources: ['*'],
          conditions: { StringEquals: { 'aws:SourceArn': props.trailArn } },
        }),
        new iam.PolicyStatement({
          sid: 'LogGroupsEncrypt',
          principals: [new iam.ServicePrincipal(`logs.${stack.region}.amazonaws.com`)],
          actions: ['kms:DescribeKey', ...ENCRYPT_AND_DECRYPT],
          resources: ['*'],
          conditions: {
            ArnLike: {
              'kms:EncryptionContext:aws:logs:arn': [
                `/aws/lambda/countersign-${stage}-*`,
                `/countersign/${stage}/*`,
                `/aws/vendedlogs/states/countersign-${stage}-*`,
                // API Gateway and AWS WAF prescribe how the names of their log groups begin.
                'API-Gateway-Execution-Logs_*',
                `aws-waf-logs-countersign-${stage}`,
                `aws-waf-logs-countersign-${stage}-pages`,
              ].map((name) => stack.formatArn({ service: 'logs', resource: `log-group:${name}` })),
            },
          },
        }),
        new iam.PolicyStatement({
          sid: 'AlarmsPublish',
          principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
          actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
          resources: ['*'],
          conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
        }),
      ],
    });
  }
}

function useThroughServices(stack: Stack, sid: string, services: readonly DataService[]): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid,
    principals: [new iam.AccountRootPrincipal()],
    actions: ['kms:DescribeKey', ...ENCRYPT_AND_DECRYPT],
    resources: ['*'],
    conditions: { StringEquals: { 'kms:ViaService': services.map((service) => viaService(stack, service)) } },
  });
}

function viaService(stack: Stack, service: DataService): string {
  return `${service}.${stack.region}.amazonaws.com`;
}
