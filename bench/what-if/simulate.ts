import { listDecisions } from '../../lib/app/simulate/list.ts';
import { runTask } from '../../lib/app/simulate/run-task.ts';
import type { Listed } from '../../lib/contracts/simulation.ts';
import { simulationId } from '../../lib/core/simulation.ts';
import { simulatorDeps } from '../../lib/runtime/simulator.ts';
import type { Simulate, Simulated } from './protocol.ts';

/** What the state machine has the simulator do, one chunk after the other in one process. */

process.on('message', (message: Simulate) => {
  void simulate(message).then((answer) => process.send?.(answer));
});

async function simulate({ question }: Simulate): Promise<Simulated> {
  const deps = simulatorDeps();
  const simulation = simulationId(question);
  const now = new Date().toISOString();
  await deps.simulations.save({
    ...question,
    id: simulation,
    state: 'running',
    attempt: 1,
    requested_at: now,
    requested_by: { arn: 'arn:aws:iam::111122223333:role/bench', unique_id: 'AROABENCH', account: '111122223333' },
    chunks: null,
    skipped: null,
    report: null,
    counts: null,
    failure: null,
    updated_at: now,
    revision: 1,
  });
  const from = performance.now();
  let listed: Listed = { cursor: null, chunks: 0 };
  do listed = await listDecisions(deps, simulation, listed.cursor);
  while (listed.cursor !== null);
  const execution = { simulation, attempt: 1 };
  for (let chunk = 0; chunk < listed.chunks; chunk++) await runTask(deps, { task: 'evaluate', ...execution, chunk });
  await runTask(deps, { task: 'report', ...execution });
  const ms = performance.now() - from;
  const { decisions = 0, unjudged = 0 } = (await deps.simulations.find(simulation))?.simulation.counts ?? {};
  return {
    ms,
    // ru_maxrss is in kilobytes.
    peakBytes: process.resourceUsage().maxRSS * 1024,
    decisions,
    unjudged,
  };
}
