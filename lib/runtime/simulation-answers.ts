import type { StandingSimulation } from '../app/simulate/ports.ts';
import type { JsonObject } from '../core/json.ts';
import type { Simulation } from '../core/simulation.ts';
import type { Answer } from './http.ts';

/** 202 while it runs, 200 once it has ended. */
export function simulationAnswer(standing: StandingSimulation): Answer {
  const { id, state } = standing.simulation;
  return {
    status: state === 'running' ? 202 : 200,
    headers: { location: `/v1/simulations/${id}` },
    body: standingJson(standing),
  };
}

export function standingJson({ simulation, done }: StandingSimulation): JsonObject {
  return { ...simulationJson(simulation), progress: { done, chunks: simulation.chunks } };
}

export function simulationJson({ revision: _revision, report, ...simulation }: Simulation): JsonObject {
  const path = `/v1/simulations/${simulation.id}/report`;
  return { ...simulation, report: report === null ? null : { sha256: report, path } };
}
