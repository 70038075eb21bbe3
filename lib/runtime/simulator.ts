import type { Context } from 'aws-lambda';
import { dynamoGateLedger } from '../adapters/dynamodb/gate-ledger.ts';
import { dynamoSimulations } from '../adapters/dynamodb/simulations.ts';
import { readPolicyBundle } from '../adapters/opa/bundle.ts';
import { BESIDE_LIMITS, loadPolicy, POLICY_LIMITS } from '../adapters/opa/policy.ts';
import { s3SimulationWork } from '../adapters/s3/simulation-work.ts';
import { candidates } from '../app/simulate/candidate.ts';
import { runTask, type TaskDeps } from '../app/simulate/run-task.ts';
import { Env } from '../contracts/env.ts';
import { type SimulationTask, TRANSIENT_ERROR } from '../contracts/simulation.ts';
import { DomainError } from '../core/errors.ts';
import { MAIN } from '../core/slots.ts';
import { countersignDeps, kms, s3, tableConfig, tables } from './composition.ts';
import { required } from './environment.ts';
import { codeOf, logger, logProblem } from './http.ts';

/** A task may take minutes, and a retry by the state machine begins it anew: S3 may take its time within one. */
const S3_IDLE_MS = 30_000;

export function simulatorDeps(): TaskDeps {
  const client = s3(S3_IDLE_MS);
  const config = tableConfig();
  const base = countersignDeps(kms(), client);
  return {
    ...base,
    registry: tables(config).registry,
    ledger: dynamoGateLedger(config),
    simulations: dynamoSimulations(config.client, required(Env.WORKFLOW_TABLE)),
    work: s3SimulationWork(client, required(Env.STAGING_BUCKET)),
    candidate: candidates({
      store: base.store,
      load: async (bytes, slot) =>
        await loadPolicy(await readPolicyBundle(bytes), slot === MAIN ? POLICY_LIMITS : BESIDE_LIMITS),
    }),
  };
}

/** Serves the state machine, which retries by the name of an error. */
export function simulator(deps: TaskDeps) {
  return async (task: SimulationTask, context: Context): Promise<object> => {
    logger.appendKeys({
      aws_request_id: context.awsRequestId,
      trace_id: process.env._X_AMZN_TRACE_ID,
      simulation: task.simulation,
      task: task.task,
    });
    try {
      return await runTask(deps, task);
    } catch (error) {
      throw named(error);
    }
  };
}

function named(error: unknown): Error {
  const refusal = error instanceof DomainError ? error : undefined;
  const code = codeOf(error);
  logProblem(code, error);
  const name = refusal?.retryAfterMs === undefined ? code : TRANSIENT_ERROR;
  return Object.assign(new Error(refusal?.message ?? 'the log has the reason'), { name });
}
