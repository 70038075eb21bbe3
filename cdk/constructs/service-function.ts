import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { Env, type EnvName } from '../../lib/contracts/env.ts';
import type { StageConfig } from '../config.ts';
import { acknowledge } from '../nag.ts';
import { type FunctionName, functionName, functionRoleName } from '../names.ts';
import { type Grantee, type Permission, Policy } from './policy.ts';

export interface ServiceFunctionProps {
  readonly config: StageConfig;
  readonly name: FunctionName;
  readonly description: string;
  /** Gives the folder with a function's code. */
  readonly codeOf: (name: FunctionName) => string;
  /** Encrypts the log group. */
  readonly auditKey: kms.IKey;
  /** In MB. CPU comes in proportion: 1,769 MB are one whole processor. */
  readonly memorySize: number;
  readonly timeout: Duration;
  /**
   * Whether the function hands long work to a run of its own. Lambda ends such chains after about 16 runs, taking them
   * for a loop, unless told that they are meant.
   * @default false
   */
  readonly continuesItself?: boolean;
  /**
   * Whether X-Ray traces it.
   * @default true
   */
  readonly isTraced?: boolean;
  readonly environment: Partial<Readonly<Record<EnvName, string>>>;
}

/** A Lambda of ours: bundled, with a log group, a role and a policy of its own that starts out with logs and traces only. */
export class ServiceFunction extends Construct implements Grantee {
  readonly fn: lambda.Function;
  readonly logGroup: logs.LogGroup;
  private readonly policy: Policy;

  constructor(scope: Construct, id: string, props: ServiceFunctionProps) {
    super(scope, id);
    const { config, name } = props;
    this.logGroup = new logs.LogGroup(this, 'LogGroup', {
      logGroupName: `/aws/lambda/${functionName(config.stage, name)}`,
      retention: config.logRetentionDays,
      encryptionKey: props.auditKey,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new iam.Role(this, 'Role', {
      roleName: functionRoleName(config.stage, name),
      description: `Runs ${functionName(config.stage, name)}`,
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    });
    this.policy = new Policy(this, 'Policy', {
      description: `What ${functionName(config.stage, name)} may do`,
      roles: [role],
    });
    this.policy.allow(
      {
        sid: 'WriteLogs',
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [this.logGroup.logGroupArn],
      },
      {
        sid: 'WriteTraces',
        actions: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
        resources: ['*'],
        wildcard: 'X-Ray has no resource to name for these actions.',
      },
    );
    this.fn = new lambda.Function(this, 'Function', {
      functionName: functionName(config.stage, name),
      description: props.description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: lambda.Code.fromAsset(props.codeOf(name)),
      handler: 'index.handler',
      memorySize: props.memorySize,
      timeout: props.timeout,
      environment: {
        NODE_OPTIONS: '--enable-source-maps',
        [Env.STAGE]: config.stage,
        ...props.environment,
      },
      // By its ARN: CDK's own additions to the role would be inline, and wider than the policy above.
      role: iam.Role.fromRoleArn(this, 'RoleByArn', role.roleArn, { mutable: false }),
      logGroup: this.logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      tracing: props.isTraced === false ? lambda.Tracing.DISABLED : lambda.Tracing.ACTIVE,
      ...(props.continuesItself === true ? { recursiveLoop: lambda.RecursiveLoop.ALLOW } : {}),
    });
    // Without its policy the function would fail until IAM has caught up.
    this.fn.node.addDependency(this.policy);
    this.acknowledgeFindings();
  }

  allow(...permissions: Permission[]): void {
    this.policy.allow(...permissions);
  }

  private acknowledgeFindings(): void {
    acknowledge(this.fn, {
      'NIST.800.53.R5-LambdaConcurrency':
        'API throttling bounds it. Reserving would fail in accounts whose limit is the initial one.',
      'NIST.800.53.R5-LambdaDLQ':
        'Called synchronously, so the caller has the error; what is called asynchronously has an on-failure queue, or is called again the next day.',
      'NIST.800.53.R5-LambdaInsideVPC':
        'Talks to AWS APIs only, by TLS and IAM; a VPC would add a network to defend and take none away.',
    });
  }
}

/** ARN of a function of ours by its fixed name: lets policies name functions without depending on them. */
export function functionArn(stack: Stack, config: StageConfig, name: FunctionName): string {
  return stack.formatArn({
    service: 'lambda',
    resource: `function:${functionName(config.stage, name)}`,
  });
}

/** Just under the API's own limit of 29 s: a caller who was told 504 knows that nothing is still being written. */
export const API_FUNCTION_TIMEOUT = Duration.seconds(28);
