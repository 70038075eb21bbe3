import type { SimulationInput } from '../../contracts/simulation.ts';
import { DomainError } from '../../core/errors.ts';
import type { Simulation } from '../../core/simulation.ts';
import type { Clock } from '../ports.ts';
import type { Simulations, StandingSimulation } from './ports.ts';

export interface StateDeps {
  readonly simulations: Simulations;
  readonly clock: Clock;
}

export async function requireSimulation(simulations: Simulations, id: string): Promise<StandingSimulation> {
  const standing = await simulations.find(id);
  if (standing) return standing;
  throw new DomainError('NOT_FOUND', `there is no simulation ${id}`, {
    hint: '`countersign policy simulations` lists those of a policy',
  });
}

/** @throws DomainError REVISION_CONFLICT, worth a retry, when it changed since it was read */
export async function changeSimulation(
  { simulations, clock }: StateDeps,
  before: Simulation,
  change: Partial<Simulation>,
): Promise<void> {
  const after = { ...before, ...change, updated_at: clock().toISOString(), revision: before.revision + 1 };
  if (await simulations.save(after)) return;
  throw new DomainError('REVISION_CONFLICT', `the simulation ${before.id} changed meanwhile`, { retryAfterMs: 1000 });
}

type Failure = NonNullable<Simulation['failure']>;

/** Keeps why an execution is about to fail; the first reason stays. The state machine does not hand on what a chunk said. */
export async function noteFailure(
  { simulations, clock }: StateDeps,
  execution: SimulationInput,
  failure: Failure,
): Promise<void> {
  const simulation = (await simulations.find(execution.simulation))?.simulation;
  if (!simulation || !isRunning(simulation, execution) || simulation.failure) return;
  // Of chunks that fail at once one reason is enough.
  await simulations.save({
    ...simulation,
    failure,
    updated_at: clock().toISOString(),
    revision: simulation.revision + 1,
  });
}

/** Ends a simulation whose execution cannot go on. Asked for again, it goes on from the chunks that are done. */
export async function failSimulation(deps: StateDeps, execution: SimulationInput, failure: Failure): Promise<void> {
  const { simulation } = await requireSimulation(deps.simulations, execution.simulation);
  if (!isRunning(simulation, execution)) return;
  await changeSimulation(deps, simulation, { state: 'failed', failure: simulation.failure ?? failure });
}

/** The end of an execution may be told late, or twice, when the next one runs already; that one ends by itself. */
function isRunning({ state, attempt }: Simulation, execution: SimulationInput): boolean {
  return state === 'running' && attempt === execution.attempt;
}
