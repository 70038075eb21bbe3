import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { MathExpression, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { Env } from '../../lib/contracts/env.ts';
import type { ProblemCode } from '../../lib/contracts/problems.ts';
import type { StageConfig } from '../config.ts';
import { Alarms } from '../constructs/alarms.ts';
import { DailyRun } from '../constructs/daily-run.ts';
import { FailedEvents } from '../constructs/failed-events.ts';
import { MachineApi } from '../constructs/machine-api.ts';
import { RolePolicies } from '../constructs/role-policies.ts';
import { API_FUNCTION_TIMEOUT, functionArn, ServiceFunction } from '../constructs/service-function.ts';
import { StateMachine } from '../constructs/state-machine.ts';
import { type StateMachineArns, stateMachineArns } from '../constructs/state-machine-arns.ts';
import { type FunctionName, functionName } from '../names.ts';
import {
  grantApprovers,
  grantArtifacts,
  grantAuditor,
  grantGates,
  grantHolds,
  grantIntake,
  grantPolicies,
  grantReader,
  grantRegistry,
  grantSimulatePolicy,
  grantSimulator,
  grantVerifier,
  grantWaiverWatch,
} from './access.ts';
import type { DataStack } from './data-stack.ts';
import { evidenceEnvironment, signingEnvironment } from './environments.ts';
import { PERIOD, watchFailedEvents, watchFunctions } from './function-alarms.ts';
import type { PromotionStack, PromotionStackFunctions } from './promotion-stack.ts';

/**
 * Memory of the functions behind the API, in MB. A cold start is CPU-bound and CPU comes with memory; beyond this the
 * few milliseconds of CPU that a request takes no longer shrink while its price doubles.
 */
const API_FUNCTION_MEMORY = 1024;

/** One whole processor: hashing is what the verifier does, and it uses one thread. */
const VERIFIER_MEMORY = 1769;

/** The same: a simulation evaluates one decision after the other. */
const SIMULATOR_MEMORY = VERIFIER_MEMORY;

/** Lambda's own limit. The verifier hands its hash state to a successor before it is reached; what the simulator does in one run is bounded. */
const LONGEST_TIMEOUT = Duration.minutes(15);

/** Half of the executions that a new account may run at a time: a simulation leaves room for the functions that people wait for. */
const CHUNKS_AT_A_TIME = 5;

/** Once a day, and nobody waits for it. */
const WATCH_MEMORY = 256;
const WATCH_TIMEOUT = Duration.minutes(1);

/** The slowest hundredth of answers may take this long, in ms: a cold start and one retry of a dependency. */
const SLOW_ANSWER_MS = 3000;
/** Server errors in five minutes that a dependency's hiccup can explain; more cannot be. */
const SERVER_ERRORS = 5;

/** The line that a function logs with such an answer: its message is the code of the problem. */
const INTEGRITY_FAILURE = `{ $.message = "${'INTEGRITY_FAILURE' satisfies ProblemCode}" }`;

/**
 * The line of a refusal with any such code. POLICY_UNAVAILABLE is not among them: it is a server error, for which there is an
 * alarm, or the answer about a time before any policy.
 */
const POLICY_BROKEN = '{ $.message = "refused" && $.code = "POLICY_*" }';

/** The line of a day on which waivers end soon. */
const WAIVERS_ENDING = '{ $.message = "waivers-ending" }';

type Functions = Readonly<Record<Exclude<FunctionName, keyof PromotionStackFunctions>, ServiceFunction>>;

/** What answers requests. Can be deleted and deployed again without losing anything. */
export class ServiceStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    props: StackProps & {
      readonly config: StageConfig;
      readonly data: DataStack;
      readonly promotion: PromotionStack;
      /** Gives the folder with a function's code. */
      readonly codeOf: (name: FunctionName) => string;
    },
  ) {
    super(scope, id, props);
    const { config, data, promotion } = props;

    const simulations = stateMachineArns(this, config, 'simulate-policy');
    const functions = this.functions(config, data, simulations, props.codeOf);
    const verifierArn = functionArn(this, config, 'artifact-verifier');
    grantIntake(functions.intake, data);
    grantArtifacts(functions.artifacts, data, verifierArn);
    grantVerifier(functions['artifact-verifier'], data, verifierArn);
    grantReader(functions.reader, data);
    grantRegistry(functions.registry, data);
    grantHolds(functions.holds, data);
    grantGates(functions.gates, data);
    grantPolicies(functions.policies, data, simulations);
    grantApprovers(functions.approvers, data);
    grantSimulator(functions.simulator, data);
    grantWaiverWatch(functions['waiver-watch'], data);
    new DailyRun(this, 'WatchWaivers', { config, source: functions['waiver-watch'], name: 'waiver-watch', hour: 6 });

    const simulatePolicy = this.simulatePolicy(config, data);

    const failedEvents = new FailedEvents(this, 'FailedEvents', {
      config,
      dataKey: data.dataKey,
      source: functions['artifact-verifier'],
      name: 'artifact-verifier',
      holds: 'Uploads whose verification failed for good',
    });
    const all = { ...functions, ...promotion.functions };
    const api = new MachineApi(this, 'Api', { config, auditKey: data.auditKey.key, functions: all });

    const roles = new RolePolicies(this, 'Roles', { config, api });
    grantAuditor(roles.of('auditor'), data);

    const alarms = new Alarms(this, 'Alarms', { config, topic: data.alarmTopic });
    this.raiseAlarms(alarms, functions, failedEvents, api);
    const logs = Object.values(all).map(({ logGroup }) => logGroup);
    alarms.watchLogs('integrity-failure', logs, INTEGRITY_FAILURE, PERIOD);
    this.watchExecutions(alarms, simulatePolicy);
    new CfnOutput(this, 'ApiUrl', { value: api.api.url, description: 'Base of the paths of the API' });
  }

  private functions(
    config: StageConfig,
    data: DataStack,
    simulations: StateMachineArns,
    codeOf: (name: FunctionName) => string,
  ): Functions {
    const evidence = evidenceEnvironment(data);
    const signing = signingEnvironment(config, data);
    const staging = {
      ...signing,
      [Env.STAGING_BUCKET]: data.staging.bucket.bucketName,
      [Env.ARTIFACT_VERIFIER]: functionName(config.stage, 'artifact-verifier'),
    };
    const common = { config, codeOf, auditKey: data.auditKey.key };
    const behindApi = { ...common, memorySize: API_FUNCTION_MEMORY, timeout: API_FUNCTION_TIMEOUT };

    return {
      intake: new ServiceFunction(this, 'Intake', {
        ...behindApi,
        name: 'intake',
        description: 'Verifies attestations, stores and countersigns them',
        environment: { ...signing, [Env.UNSIGNED_STAGES]: config.unsignedStages.join(',') },
      }),
      artifacts: new ServiceFunction(this, 'Artifacts', {
        ...behindApi,
        name: 'artifacts',
        description: 'Presigns artifact uploads and registers what arrived',
        environment: { ...staging, [Env.SINGLE_PUT_MAX_BYTES]: String(config.singlePutMaxBytes) },
      }),
      'artifact-verifier': new ServiceFunction(this, 'ArtifactVerifier', {
        ...common,
        name: 'artifact-verifier',
        description: 'Hashes staged uploads and copies what holds into the evidence bucket',
        memorySize: VERIFIER_MEMORY,
        timeout: LONGEST_TIMEOUT,
        continuesItself: true,
        environment: staging,
      }),
      reader: new ServiceFunction(this, 'Reader', {
        ...behindApi,
        name: 'reader',
        description: 'Answers look-ups',
        environment: {
          ...evidence,
          [Env.WORKFLOW_TABLE]: data.workflowTable.table.tableName,
          [Env.RETENTION]: JSON.stringify(config.retention),
          [Env.UNSIGNED_STAGES]: config.unsignedStages.join(','),
        },
      }),
      registry: new ServiceFunction(this, 'Registry', {
        ...behindApi,
        name: 'registry',
        description: 'Registers principals and keys',
        environment: signing,
      }),
      holds: new ServiceFunction(this, 'Holds', {
        ...behindApi,
        name: 'holds',
        description: 'Sets and lifts legal holds',
        environment: signing,
      }),
      gates: new ServiceFunction(this, 'Gates', {
        ...behindApi,
        name: 'gates',
        description: 'Decides whether a model may enter an environment',
        environment: {
          ...signing,
          [Env.WORKFLOW_TABLE]: data.workflowTable.table.tableName,
          [Env.GATE_SAMPLING]: JSON.stringify(config.gateSampling),
        },
      }),
      policies: new ServiceFunction(this, 'Policies', {
        ...behindApi,
        name: 'policies',
        description: 'Takes policies through their life',
        environment: {
          ...signing,
          [Env.WORKFLOW_TABLE]: data.workflowTable.table.tableName,
          [Env.SIMULATION_MACHINE_ARN]: simulations.machine,
        },
      }),
      approvers: new ServiceFunction(this, 'Approvers', {
        ...behindApi,
        name: 'approvers',
        description: 'Keeps the directory of the people who may be asked to approve',
        environment: signing,
      }),
      simulator: new ServiceFunction(this, 'Simulator', {
        ...common,
        name: 'simulator',
        description: 'Says what a policy would have decided',
        memorySize: SIMULATOR_MEMORY,
        timeout: LONGEST_TIMEOUT,
        environment: {
          ...signing,
          [Env.STAGING_BUCKET]: data.staging.bucket.bucketName,
          [Env.WORKFLOW_TABLE]: data.workflowTable.table.tableName,
        },
      }),
      'waiver-watch': new ServiceFunction(this, 'WaiverWatch', {
        ...common,
        name: 'waiver-watch',
        description: 'Announces waivers that end soon',
        memorySize: WATCH_MEMORY,
        timeout: WATCH_TIMEOUT,
        environment: { [Env.REGISTRY_TABLE]: data.registryTable.table.tableName },
      }),
    };
  }

  private simulatePolicy(config: StageConfig, data: DataStack): StateMachine {
    const simulatorArn = functionArn(this, config, 'simulator');
    const machine = new StateMachine(this, 'SimulatePolicy', {
      config,
      name: 'simulate-policy',
      auditKey: data.auditKey.key,
      substitutions: {
        Simulator: simulatorArn,
        StagingBucket: data.staging.bucket.bucketName,
        ChunksAtATime: CHUNKS_AT_A_TIME,
      },
    });
    grantSimulatePolicy(machine, data, simulatorArn);
    return machine;
  }

  private watchExecutions(alarms: Alarms, { machine }: StateMachine): void {
    const unfinished = new MathExpression({
      expression: 'FILL(failed, 0) + FILL(late, 0)',
      usingMetrics: {
        failed: machine.metricFailed({ period: PERIOD }),
        late: machine.metricTimedOut({ period: PERIOD }),
      },
      period: PERIOD,
    });
    alarms.watch('simulation-failed', unfinished, { reaches: 1 });
  }

  private raiseAlarms(alarms: Alarms, functions: Functions, failedEvents: FailedEvents, { api }: MachineApi): void {
    watchFunctions(alarms, functions);
    alarms.watchLogs('waivers-ending', [functions['waiver-watch'].logGroup], WAIVERS_ENDING, PERIOD);
    alarms.watchLogs('gate-without-a-policy', [functions.gates.logGroup], POLICY_BROKEN, PERIOD);
    watchFailedEvents(alarms, failedEvents.queue);
    const lost = functions['artifact-verifier'].fn.metric('DestinationDeliveryFailures', {
      period: PERIOD,
      statistic: Stats.SUM,
    });
    alarms.watch('failed-events', lost, { reaches: 1 }, 'lost');
    const serverErrors = api.deploymentStage.metricServerError({ period: PERIOD });
    alarms.watch('api-server-errors', serverErrors, { reaches: SERVER_ERRORS });
    const latency = api.deploymentStage.metricLatency({ period: PERIOD, statistic: 'p99' });
    alarms.watch('api-latency', latency, { reaches: SLOW_ANSWER_MS, periods: 3 });
  }
}
