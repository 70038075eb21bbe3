import { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { PARTITION_KEY, SORT_KEY, TTL_ATTRIBUTE } from '../../lib/contracts/storage.ts';
import type { StageConfig } from '../config.ts';
import { acknowledge } from '../nag.ts';
import { type EmergencyRoleName, emergencyRoleName, type FunctionName } from '../names.ts';
import type { DataKey } from './encryption-key.ts';
import type { Grantee } from './policy.ts';
import { deploymentRoleArn, functionRoleArns, roleArn } from './principals.ts';

/** An item operation of DynamoDB. No function scans: no access pattern is a Scan; the rebuilder does, to empty a table. */
export type TableAction =
  | 'GetItem'
  | 'BatchGetItem'
  | 'Query'
  | 'ConditionCheckItem'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'Scan';

/** What adds, changes or removes items. */
const WRITES = [
  'dynamodb:BatchWriteItem',
  'dynamodb:DeleteItem',
  'dynamodb:PartiQLDelete',
  'dynamodb:PartiQLInsert',
  'dynamodb:PartiQLUpdate',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
];

export interface ControlTableProps {
  readonly config: StageConfig;
  readonly dataKey: DataKey;
  /** Functions that write items. The table's policy refuses it to everybody else but the rebuilder. */
  readonly writers: readonly FunctionName[];
  /** @default - no secondary index */
  readonly index?: { readonly name: string; readonly partitionKey: string; readonly sortKey: string };
}

/**
 * One of the three tables: string keys, paid per request, recoverable to any second, protected, streamed, encrypted; and
 * written by nobody but its functions, because whoever wrote the registry would decide what keys may sign.
 */
export class ControlTable extends Construct {
  readonly table: dynamodb.Table;

  constructor(scope: Construct, id: string, props: ControlTableProps) {
    super(scope, id);
    this.table = new dynamodb.Table(this, 'Table', {
      partitionKey: stringAttribute(PARTITION_KEY),
      sortKey: stringAttribute(SORT_KEY),
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      stream: dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
      encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: props.dataKey.key,
      timeToLiveAttribute: TTL_ATTRIBUTE,
      resourcePolicy: this.policy(props),
      removalPolicy: props.config.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    if (props.index !== undefined) {
      this.table.addGlobalSecondaryIndex({
        indexName: props.index.name,
        partitionKey: stringAttribute(props.index.partitionKey),
        sortKey: stringAttribute(props.index.sortKey),
        projectionType: dynamodb.ProjectionType.ALL,
      });
    }
    acknowledge(this.table, {
      'NIST.800.53.R5-DynamoDBInBackupPlan':
        'Point-in-time recovery covers 35 days, and every table can be rebuilt from the evidence bucket (countersign reindex).',
    });
  }

  /** Lets the grantee run these item operations on the table. Its transactions need the operations they are made of. */
  grant(grantee: Grantee, sid: string, ...actions: TableAction[]): void {
    grantee.allow({
      sid,
      actions: actions.map((action) => `dynamodb:${action}`),
      resources: [this.table.tableArn],
    });
  }

  /** The same, but for items of some partitions only; `*` in a name stands for anything. */
  grantPartitions(grantee: Grantee, sid: string, partitions: readonly string[], ...actions: TableAction[]): void {
    grantee.allow({
      sid,
      actions: actions.map((action) => `dynamodb:${action}`),
      resources: [this.table.tableArn],
      conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...partitions] } },
    });
  }

  /** Lets the grantee query some partitions of the secondary index, which has every attribute of the items. */
  grantIndex(grantee: Grantee, sid: string, index: string, partitions: readonly string[]): void {
    grantee.allow({
      sid,
      actions: ['dynamodb:Query'],
      resources: [`${this.table.tableArn}/index/${index}`],
      conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...partitions] } },
    });
  }

  private policy({ config, writers }: ControlTableProps): iam.PolicyDocument {
    const role = (name: EmergencyRoleName) => roleArn(this, emergencyRoleName(config.stage, name));
    const onlyFor = (sid: string, actions: string[], allowed: string[]) =>
      new iam.PolicyStatement({
        sid,
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        actions,
        // The table itself: naming it would be a circle.
        resources: ['*'],
        conditions: { ArnNotEquals: { 'aws:PrincipalArn': allowed } },
      });
    return new iam.PolicyDocument({
      statements: [
        onlyFor('OnlyWritersWrite', WRITES, [...functionRoleArns(this, config, writers), role('rebuilder')]),
        onlyFor(
          'OnlyDeploymentsChangePolicy',
          ['dynamodb:DeleteResourcePolicy', 'dynamodb:PutResourcePolicy'],
          [deploymentRoleArn(this), role('break-glass')],
        ),
      ],
    });
  }
}

function stringAttribute(name: string): dynamodb.Attribute {
  return { name, type: dynamodb.AttributeType.STRING };
}
