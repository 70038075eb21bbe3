import type { Listed, SimulationChunk, SimulationTask } from '../../contracts/simulation.ts';
import { DomainError } from '../../core/errors.ts';
import { failureOf } from '../../core/simulation.ts';
import { type EvaluateDeps, evaluateChunk } from './evaluate.ts';
import { type ListDeps, listDecisions } from './list.ts';
import { type ReportDeps, writeReport } from './report.ts';
import { failSimulation, noteFailure } from './state.ts';

export type TaskDeps = ListDeps & EvaluateDeps & ReportDeps;

/** Does what the state machine asks for. What is not worth a retry is noted as the reason of the failure that follows. */
export async function runTask(deps: TaskDeps, task: SimulationTask): Promise<Listed | SimulationChunk | object> {
  try {
    switch (task.task) {
      case 'list':
        return await listDecisions(deps, task.simulation, task.cursor);
      case 'evaluate':
        return await evaluateChunk(deps, task.simulation, task.chunk);
      case 'report':
        await writeReport(deps, task.simulation);
        return {};
      case 'fail':
        await failSimulation(deps, task, failureOf(task.error));
        return {};
    }
  } catch (error) {
    if (error instanceof DomainError && error.retryAfterMs === undefined) {
      await noteFailure(deps, task, { code: error.code, detail: error.message });
    }
    throw error;
  }
}
