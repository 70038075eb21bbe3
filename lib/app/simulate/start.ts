import type { SimulationInput } from '../../contracts/simulation.ts';
import { DomainError } from '../../core/errors.ts';
import { requireStep } from '../../core/policy.ts';
import type { StartSimulation } from '../../core/requests.ts';
import { executionName, requireRange, type Simulation, simulationId } from '../../core/simulation.ts';
import { requirePolicy } from '../find-policy.ts';
import { originOf } from '../origin.ts';
import type { Clock, Registry } from '../ports.ts';
import type { Caller } from '../submit-evidence.ts';
import type { Executions, Simulations, StandingSimulation } from './ports.ts';

export interface StartDeps {
  readonly registry: Pick<Registry, 'policy'>;
  readonly simulations: Simulations;
  readonly executions: Executions;
  readonly clock: Clock;
}

/**
 * Asks what a policy would have decided of what was decided. The same question is the same simulation: one that is finished
 * or running is answered as it stands, one that failed goes on from the chunks that are done.
 *
 * Crash after the save: a simulation that runs nowhere; the same question finds no execution and starts it.
 *
 * @throws DomainError REQUEST_INVALID, NOT_FOUND, POLICY_STATE_CONFLICT
 */
export async function startSimulation(
  deps: StartDeps,
  policy: string,
  request: StartSimulation,
  by: Caller,
): Promise<StandingSimulation> {
  const now = deps.clock();
  const { from, to = now.toISOString(), environment = null, slot } = request;
  const question = { policy, slot, from, to, environment };
  requireRange(question, now);
  requireStep(await requirePolicy(deps.registry, policy), 'simulate');
  const id = simulationId(question);
  const standing = await deps.simulations.find(id);
  if (standing && !(await needsExecution(deps, standing.simulation))) return standing;
  const before = standing?.simulation;
  const wanted: Simulation = {
    ...question,
    id,
    state: 'running',
    attempt: (before?.attempt ?? 0) + 1,
    requested_at: before?.requested_at ?? now.toISOString(),
    requested_by: before?.requested_by ?? originOf(deps, by).by,
    chunks: before?.chunks ?? null,
    skipped: before?.skipped ?? null,
    report: null,
    counts: null,
    failure: null,
    updated_at: now.toISOString(),
    revision: (before?.revision ?? 0) + 1,
  };
  if (!(await deps.simulations.save(wanted))) {
    throw new DomainError('REVISION_CONFLICT', 'the simulation changed meanwhile', { retryAfterMs: 1000 });
  }
  await start(deps, wanted);
  return { simulation: wanted, done: standing?.done ?? 0 };
}

/** Whether a new execution is wanted. One that was saved and never started is started here. */
async function needsExecution(deps: StartDeps, simulation: Simulation): Promise<boolean> {
  if (simulation.state !== 'running') return simulation.state === 'failed';
  const state = await deps.executions.state(executionName(simulation));
  if (state === 'absent') await start(deps, simulation);
  // It was stopped or ran out of time, and could not say so.
  return state === 'ended';
}

async function start({ executions }: StartDeps, simulation: Simulation): Promise<void> {
  const { id, attempt } = simulation;
  const input: SimulationInput = { simulation: id, attempt };
  await executions.start(executionName(simulation), input);
}
