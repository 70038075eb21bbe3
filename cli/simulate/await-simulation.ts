import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiClient, apiPath } from '../client.ts';
import { CliError, UnavailableError } from '../errors.ts';
import { ExitCode } from '../exit-codes.ts';
import { progressBar } from '../progress.ts';
import { readSimulation, type StandingSimulation } from './answers.ts';
import { failureOf } from './lines.ts';

const FIRST_POLL_MS = 200;
const SLOWEST_POLL_MS = 5000;

/** A chunk takes a minute, and its retries some more; a simulation that moves no more was stopped. */
const STALLED_MS = 30 * 60 * 1000;

/**
 * Waits until a simulation has ended.
 *
 * @returns the bytes of its report
 * @throws CliError when it failed or stands still
 */
export async function awaitSimulation(api: ApiClient, started: StandingSimulation): Promise<Buffer> {
  let simulation = started;
  let movedAt = Date.now();
  const bar = progressBar('simulating, chunks of decisions');
  try {
    for (let delay = FIRST_POLL_MS; simulation.state === 'running'; delay = Math.min(delay * 1.5, SLOWEST_POLL_MS)) {
      await sleep(delay);
      const before = simulation;
      const path = apiPath('/v1/simulations/{id}', { id: started.id });
      simulation = readSimulation(await api.json({ method: 'GET', path }));
      if (simulation.progress.done !== before.progress.done || simulation.updated_at !== before.updated_at) {
        movedAt = Date.now();
      }
      if (Date.now() - movedAt > STALLED_MS) throw new UnavailableError(`it stands still; ${goOn(simulation)}`);
      bar.update(simulation.progress.done);
    }
  } finally {
    bar.stop();
  }
  if (simulation.report) return await api.bytes(simulation.report.path);
  const why = simulation.failure ? failureOf(simulation.failure) : 'it says no reason';
  throw new CliError(`the simulation failed: ${why}`, ExitCode.REFUSED, {
    hint: goOn(simulation),
  });
}

/** The same question goes on from the chunks that are done. */
function goOn({ policy, from, to, environment }: StandingSimulation): string {
  const where = environment === null ? '' : ` --environment ${environment}`;
  return `it goes on with: countersign policy simulate ${policy} --from ${from} --to ${to}${where}`;
}
