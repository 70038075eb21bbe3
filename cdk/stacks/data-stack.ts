import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { MathExpression, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Alias } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { WORKFLOW_INDEX } from '../../lib/contracts/storage.ts';
import type { StageConfig } from '../config.ts';
import { type AlarmName, Alarms, AlarmTopic } from '../constructs/alarms.ts';
import { AnnouncementBus } from '../constructs/announcement-bus.ts';
import { AuditTrail, trailArn, trailName } from '../constructs/audit-trail.ts';
import { AccessLogBucket, StagingBucket } from '../constructs/buckets.ts';
import { ControlTable } from '../constructs/control-table.ts';
import { EmergencyRole } from '../constructs/emergency-role.ts';
import { AuditKey, DataKey } from '../constructs/encryption-key.ts';
import { EvidenceBucket } from '../constructs/evidence-bucket.ts';
import { EvidenceKey } from '../constructs/evidence-key.ts';
import { deploymentRoleArn } from '../constructs/principals.ts';
import { ServingRole } from '../constructs/serving-role.ts';
import {
  changesKeys,
  changesProtection,
  changesWriters,
  KMS_THROTTLED,
  pattern,
  runsPastTheApi,
  usesRole,
  writesTablesPastFunctions,
} from '../constructs/trail-patterns.ts';
import {
  APPROVAL_FUNCTION_NAMES,
  EMERGENCY_ROLES,
  emergencyRoleName,
  PROMOTION_FUNCTION_NAMES,
  RELEASE_FUNCTION_NAMES,
  SIGNERS,
  WEBHOOK_FUNCTION_NAMES,
} from '../names.ts';
import { grantRebuilder } from './access.ts';

/** Everything that must outlive a deployment: evidence, tables, keys, and the record of who touched them. */
export class DataStack extends Stack {
  readonly evidence: EvidenceBucket;
  readonly staging: StagingBucket;
  readonly evidenceTable: ControlTable;
  readonly registryTable: ControlTable;
  readonly workflowTable: ControlTable;
  readonly evidenceKey: EvidenceKey;
  readonly dataKey: DataKey;
  readonly auditKey: AuditKey;
  readonly trail: AuditTrail;
  readonly servingRole: ServingRole;
  readonly alarmTopic: AlarmTopic;
  readonly announcements: AnnouncementBus;

  constructor(scope: Construct, id: string, props: StackProps & { readonly config: StageConfig }) {
    super(scope, id, props);
    const { config } = props;

    this.evidenceKey = this.evidenceKeys(config);
    this.dataKey = new DataKey(this, 'DataKey', { config });
    this.auditKey = new AuditKey(this, 'AuditKey', { config, trailArn: trailArn(this, config) });

    const accessLogs = new AccessLogBucket(this, 'AccessLogs', { config });
    this.evidence = new EvidenceBucket(this, 'Evidence', { config, dataKey: this.dataKey, accessLogs });
    this.staging = new StagingBucket(this, 'Staging', { config, dataKey: this.dataKey, accessLogs });

    const { dataKey } = this;
    this.evidenceTable = new ControlTable(this, 'EvidenceTable', { config, dataKey, writers: SIGNERS });
    this.registryTable = new ControlTable(this, 'RegistryTable', {
      config,
      dataKey,
      writers: ['registry', 'policies', 'approvers', 'simulator', 'webhooks'],
    });
    this.workflowTable = new ControlTable(this, 'WorkflowTable', {
      config,
      dataKey,
      writers: [
        'policies',
        'simulator',
        ...PROMOTION_FUNCTION_NAMES,
        ...RELEASE_FUNCTION_NAMES,
        ...APPROVAL_FUNCTION_NAMES,
        ...WEBHOOK_FUNCTION_NAMES,
      ],
      index: WORKFLOW_INDEX,
    });

    this.trail = new AuditTrail(this, 'Trail', {
      config,
      auditKey: this.auditKey,
      accessLogs,
      evidence: this.evidence,
      tables: [this.evidenceTable, this.registryTable, this.workflowTable],
    });

    this.servingRole = new ServingRole(this, 'Serving', { config, evidence: this.evidence, dataKey });
    this.emergencyRoles(config);

    this.alarmTopic = new AlarmTopic(this, 'AlarmTopic', { config, auditKey: this.auditKey });
    this.raiseAlarms(config);

    // Here, because whoever listens has rules on it.
    this.announcements = new AnnouncementBus(this, 'Announcements', { config });

    const outputs: Record<string, readonly [value: string, description: string]> = {
      EvidenceBucketName: [this.evidence.bucket.bucketName, 'Where evidence lies, locked'],
      StagingBucketName: [
        this.staging.bucket.bucketName,
        'Uploads that are not verified yet, and the work of simulations',
      ],
      AccessLogBucketName: [accessLogs.bucket.bucketName, 'Server access logs of the other buckets'],
      TrailBucketName: [this.trail.bucket.bucketName, 'CloudTrail files, locked'],
      EvidenceTableName: [this.evidenceTable.table.tableName, 'Look-ups of evidence; reindex makes it again'],
      RegistryTableName: [
        this.registryTable.table.tableName,
        'Principals, keys and approvers; reindex makes it again but for names and addresses',
      ],
      WorkflowTableName: [this.workflowTable.table.tableName, 'Simulations, promotions, releases and findings'],
      EvidenceKeyArn: [this.evidenceKey.key.keyArn, 'Key that countersigns'],
      DataKeyArn: [this.dataKey.key.keyArn, 'Key that encrypts evidence, tables and queues'],
      AuditKeyArn: [this.auditKey.key.keyArn, 'Key that encrypts CloudTrail files, log groups and alarms'],
      AnnouncementBusName: [this.announcements.bus.eventBusName, 'Where what happened is announced'],
      AlarmTopicArn: [this.alarmTopic.topic.topicArn, 'Where alarms go'],
      TrailLogGroupName: [this.trail.logGroup.logGroupName, 'CloudTrail events, to search'],
    };
    for (const [name, [value, description]] of Object.entries(outputs)) {
      new CfnOutput(this, name, { value, description });
    }
  }

  /** The evidence keys of every generation. The last one signs, and the alias points at it. */
  private evidenceKeys(config: StageConfig): EvidenceKey {
    let current = new EvidenceKey(this, 'EvidenceKey', { config });
    for (let generation = 2; generation <= config.evidenceKeyGeneration; generation++) {
      // The service stack uses the former key until it is deployed in its turn.
      this.exportValue(current.key.keyArn);
      current = new EvidenceKey(this, `EvidenceKey${generation}`, { config });
    }
    // Apart from the keys, so that it moves: CloudFormation makes a new alias before it deletes an old one.
    new Alias(this, 'EvidenceKeyAlias', {
      aliasName: `countersign-${config.stage}-evidence`,
      targetKey: current.key,
    });
    return current;
  }

  private emergencyRoles(config: StageConfig): void {
    const breakGlass = new EmergencyRole(this, 'BreakGlass', {
      config,
      name: 'break-glass',
      purpose: 'what nobody else may do to evidence',
      session: Duration.hours(1),
    });
    this.evidence.grantBreakGlass(breakGlass.policy);
    this.trail.grantBreakGlass(breakGlass.policy);
    this.dataKey.grantDecrypt(breakGlass.policy, ['s3']);

    const rebuilder = new EmergencyRole(this, 'Rebuilder', {
      config,
      name: 'rebuilder',
      purpose: 'make the tables again from the evidence bucket',
      // Millions of objects are read one by one.
      session: Duration.hours(12),
    });
    grantRebuilder(rebuilder.policy, this);
  }

  private raiseAlarms(config: StageConfig): void {
    const alarms = new Alarms(this, 'Alarms', { config, topic: this.alarmTopic });
    const period = Duration.minutes(5);
    const watchTrail = (name: AlarmName, condition: string) =>
      alarms.watchLogs(name, [this.trail.logGroup], pattern(condition), period);
    for (const role of EMERGENCY_ROLES) watchTrail(`${role}-used`, usesRole(emergencyRoleName(config.stage, role)));
    watchTrail(
      'keys-changed',
      changesKeys([this.evidenceKey, this.dataKey, this.auditKey].map(({ key }) => key.keyArn)),
    );
    const buckets = [this.evidence, this.trail].map(({ bucket }) => bucket.bucketName);
    watchTrail('evidence-protection-changed', changesProtection(buckets, trailName(config)));
    watchTrail('tables-written', writesTablesPastFunctions(config.stage));
    watchTrail('writers-changed', changesWriters(config.stage, deploymentRoleArn(this)));
    watchTrail('run-past-the-api', runsPastTheApi(config.stage));
    watchTrail('kms-throttling', KMS_THROTTLED);
    for (const [subject, { table }] of Object.entries({
      evidence: this.evidenceTable,
      registry: this.registryTable,
      workflow: this.workflowTable,
    })) {
      const refused = new MathExpression({
        expression: 'FILL(reads, 0) + FILL(writes, 0)',
        usingMetrics: {
          reads: table.metric('ReadThrottleEvents', { statistic: Stats.SUM, period }),
          writes: table.metric('WriteThrottleEvents', { statistic: Stats.SUM, period }),
        },
        period,
      });
      alarms.watch('table-throttling', refused, { reaches: 1 }, subject);
    }
  }
}
