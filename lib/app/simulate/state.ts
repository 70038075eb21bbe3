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

/** Keeps why a simulation is about to fail; the first reason stays. The state machine does not hand on what a chunk said. */
export async function noteFailure({ simulations, clock }: StateDeps, id: string, failure: Failure): Promise<void> {
  const simulation = (await simulations.find(id))?.simulation;
  if (simulation?.state !== 'running' || simulation.failure) return;
  // Of chunks that fail at once one reason is enough.
  await simulations.save({
    ...simulation,
    failure,
    updated_at: clock().toISOString(),
    revision: simulation.revision + 1,
  });
}

/** Ends a simulation that cannot go on. Asked for again, it goes on from the chunks that are done. */
export async function failSimulation(deps: StateDeps, id: string, failure: Failure): Promise<void> {
  const { simulation } = await requireSimulation(deps.simulations, id);
  if (simulation.state !== 'running') return;
  await changeSimulation(deps, simulation, { state: 'failed', failure: simulation.failure ?? failure });
}
