import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { StageConfig } from '../config.ts';
import { acknowledge } from '../nag.ts';
import { type StateMachineName, stateMachineName, stateMachineRoleName } from '../names.ts';
import { type Grantee, type Permission, Policy } from './policy.ts';
import { type StateMachineArns, stateMachineArns } from './state-machine-arns.ts';

const DEFINITIONS = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'statemachines');

/** What a definition has in place of values that differ between deployments: `"${Name}"`, or `${Name}` within a text. */
export type Substitutions = Readonly<Record<string, string | number>>;

export interface StateMachineProps {
  readonly config: StageConfig;
  readonly name: StateMachineName;
  /** Encrypts the log group. */
  readonly auditKey: kms.IKey;
  /** A value for every name in the definition, and none besides. */
  readonly substitutions: Substitutions;
}

/** A Standard state machine of statemachines/, with a log group, a role and a policy of its own. */
export class StateMachine extends Construct implements Grantee {
  readonly machine: sfn.StateMachine;
  private readonly arns: StateMachineArns;
  private readonly policy: Policy;

  constructor(scope: Construct, id: string, props: StateMachineProps) {
    super(scope, id);
    const { config, name, substitutions } = props;
    const physicalName = stateMachineName(config.stage, name);
    this.arns = stateMachineArns(this, config, name);
    const role = new iam.Role(this, 'Role', {
      roleName: stateMachineRoleName(config.stage, name),
      description: `Runs ${physicalName}`,
      assumedBy: new iam.ServicePrincipal('states.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': Stack.of(this).account },
          // A map's child executions come as the machine with the map's label behind it.
          ArnLike: { 'aws:SourceArn': [this.arns.machine, `${this.arns.machine}/*`] },
        },
      }),
    });
    this.policy = new Policy(this, 'Policy', { description: `What ${physicalName} may do`, roles: [role] });
    this.policy.allow(DELIVER_LOGS, WRITE_TRACES);
    this.machine = new sfn.StateMachine(this, 'StateMachine', {
      stateMachineName: physicalName,
      stateMachineType: sfn.StateMachineType.STANDARD,
      definitionBody: sfn.DefinitionBody.fromString(definitionOf(name, substitutions)),
      definitionSubstitutions: textsOf(substitutions),
      // By its ARN: CDK's own additions to the role would be inline, and wider than the policy above.
      role: iam.Role.fromRoleArn(this, 'RoleByArn', role.roleArn, { mutable: false }),
      logs: {
        destination: new logs.LogGroup(this, 'LogGroup', {
          // The prefix that AWS asks for: other names each lengthen a policy that the account has one of.
          logGroupName: `/aws/vendedlogs/states/${physicalName}`,
          retention: config.logRetentionDays,
          encryptionKey: props.auditKey,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
        level: sfn.LogLevel.ERROR,
        includeExecutionData: false,
      },
      tracingEnabled: true,
    });
    // Creating a state machine fails unless its role may deliver logs by then.
    this.machine.node.addDependency(this.policy);
    acknowledge(this.machine, {
      'AwsSolutions-SF1':
        'Step Functions itself keeps the whole history of an execution for 90 days; the log is for errors.',
    });
  }

  allow(...permissions: Permission[]): void {
    this.policy.allow(...permissions);
  }

  /** Lets the machine run a distributed map, whose items are executions of the machine itself under the map's label. */
  allowDistributedMap(label: string): void {
    const items = this.arns.items(label);
    const wildcard = 'Step Functions names the executions of a map by itself.';
    this.policy.allow(
      { sid: 'StartMap', actions: ['states:StartExecution'], resources: [this.arns.machine] },
      {
        sid: 'WatchAndStopMap',
        actions: ['states:DescribeExecution', 'states:StopExecution'],
        resources: [this.arns.executions, items],
        wildcard,
      },
      { sid: 'RedriveMap', actions: ['states:RedriveExecution'], resources: [items], wildcard },
    );
  }
}

/**
 * The definition in `statemachines/<name>.asl.json`. Numbers are put in here, because Amazon States Language wants them
 * without quotes and JSON has no placeholder for them; texts are left to CloudFormation, which alone knows ARNs.
 *
 * @throws Error naming what has no value, or which value has no place.
 */
export function definitionOf(name: StateMachineName, substitutions: Substitutions): string {
  const written = readFileSync(join(DEFINITIONS, `${name}.asl.json`), 'utf8');
  const wanted = new Set([...written.matchAll(/\$\{(\w+)\}/g)].map(([, variable = '']) => variable));
  const missing = [...wanted].filter((variable) => substitutions[variable] === undefined);
  const unused = Object.keys(substitutions).filter((variable) => !wanted.has(variable));
  if (missing.length + unused.length > 0) {
    throw new Error(`${name}.asl.json: no value for [${missing}], no place for [${unused}]`);
  }
  return JSON.stringify(
    JSON.parse(written, (_, value: unknown) => {
      const variable = typeof value === 'string' ? /^\$\{(\w+)\}$/.exec(value)?.[1] : undefined;
      const substitute = variable === undefined ? undefined : substitutions[variable];
      return typeof substitute === 'number' ? substitute : value;
    }),
  );
}

function textsOf(substitutions: Substitutions): Record<string, string> {
  return Object.fromEntries(
    Object.entries(substitutions).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

/** "Logging using CloudWatch Logs", AWS Step Functions Developer Guide. */
const DELIVER_LOGS: Permission = {
  sid: 'DeliverLogs',
  actions: [
    'logs:CreateLogDelivery',
    'logs:DeleteLogDelivery',
    'logs:DescribeLogGroups',
    'logs:DescribeResourcePolicies',
    'logs:GetLogDelivery',
    'logs:ListLogDeliveries',
    'logs:PutResourcePolicy',
    'logs:UpdateLogDelivery',
  ],
  resources: ['*'],
  wildcard: 'CloudWatch Logs has no resource to name for log deliveries.',
};

/** "X-Ray and Step Functions", AWS Step Functions Developer Guide. */
const WRITE_TRACES: Permission = {
  sid: 'WriteTraces',
  actions: ['xray:GetSamplingRules', 'xray:GetSamplingTargets', 'xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
  resources: ['*'],
  wildcard: 'X-Ray has no resource to name for these actions.',
};
