import { dynamoGateLedger } from '../adapters/dynamodb/gate-ledger.ts';
import { dynamoSimulations } from '../adapters/dynamodb/simulations.ts';
import { readPolicyBundle } from '../adapters/opa/bundle.ts';
import { BESIDE_LIMITS, loadPolicy, POLICY_LIMITS } from '../adapters/opa/policy.ts';
import { s3SimulationWork } from '../adapters/s3/simulation-work.ts';
import { candidates } from '../app/simulate/candidate.ts';
import { runTask, type TaskDeps } from '../app/simulate/run-task.ts';
import { Env } from '../contracts/env.ts';
import type { SimulationTask } from '../contracts/simulation.ts';
import { MAIN } from '../core/slots.ts';
import { countersignDeps, kms, s3, tableConfig, tables } from './composition.ts';
import { required } from './environment.ts';
import { stateTasks } from './state-tasks.ts';

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

export function simulator(deps: TaskDeps) {
  return stateTasks<SimulationTask>(
    (task) => runTask(deps, task),
    ({ simulation }) => ({ simulation }),
  );
}
