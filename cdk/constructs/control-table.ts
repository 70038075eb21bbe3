import { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { PARTITION_KEY, SORT_KEY, TTL_ATTRIBUTE } from '../../lib/contracts/storage.ts';
import type { StageConfig } from '../config.ts';
import { acknowledge } from '../nag.ts';
import type { DataKey } from './encryption-key.ts';
import type { Grantee } from './policy.ts';

/** An item operation of DynamoDB that a function may need. Scan is not among them: no access pattern is a Scan. */
export type TableAction =
  | 'GetItem'
  | 'BatchGetItem'
  | 'Query'
  | 'ConditionCheckItem'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'BatchWriteItem';

export interface ControlTableProps {
  readonly config: StageConfig;
  readonly dataKey: DataKey;
  /** @default - no secondary index */
  readonly index?: { readonly name: string; readonly partitionKey: string; readonly sortKey: string };
}

/** One of the three tables: string keys, paid per request, recoverable to any second, protected, streamed, encrypted. */
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
}

function stringAttribute(name: string): dynamodb.Attribute {
  return { name, type: dynamodb.AttributeType.STRING };
}
