import { simulationWork } from '../../contracts/simulation.ts';
import { canonicalBytes } from '../../core/canonical.ts';
import { sha256Hex } from '../../core/digest.ts';
import { DomainError } from '../../core/errors.ts';
import { ReportBuilder, type SimulationReport } from '../../core/gate/what-if-report.ts';
import { objectKey } from '../../core/layout.ts';
import { isStep, type PolicyRecord } from '../../core/policy.ts';
import { isRolledBack } from '../../core/policy-standing.ts';
import { completeUntil, type Simulation } from '../../core/simulation.ts';
import { parseResult } from '../../core/simulation-work.ts';
import { type CountersignDeps, retainUntil } from '../countersign.ts';
import { requirePolicy } from '../find-policy.ts';
import { changePolicy } from '../manage-policies.ts';
import type { Registry } from '../ports.ts';
import type { WorkStore } from './ports.ts';
import { changeSimulation, requireSimulation, type StateDeps } from './state.ts';

export interface ReportDeps extends StateDeps, CountersignDeps {
  readonly work: WorkStore;
  readonly registry: Registry;
}

/**
 * Makes the report of a simulation whose chunks are all done, keeps it, and records it as a step of the policy's life where it
 * looked far enough back.
 *
 * Crash after the report's put: a report that nothing names; the same call finds it. Crash after the step: a simulation that
 * runs; the same call finds the step taken.
 *
 * @throws DomainError REVISION_CONFLICT when it failed meanwhile: an execution must not succeed without a report
 */
export async function writeReport(deps: ReportDeps, id: string): Promise<void> {
  const { simulation } = await requireSimulation(deps.simulations, id);
  if (simulation.state === 'finished') return;
  if (simulation.state === 'failed') {
    throw new DomainError('REVISION_CONFLICT', `the simulation ${id} was recorded as failed meanwhile`);
  }
  const policy = await requirePolicy(deps.registry, simulation.policy);
  const report = await makeReport(deps.work, simulation, policy);
  const bytes = canonicalBytes(report);
  const sha256 = sha256Hex(bytes);
  await deps.store.putOnce(objectKey.simulationReport(sha256), bytes, {
    contentType: 'application/json',
    retainUntil: retainUntil(deps.retention, 'production', deps.clock()),
  });
  await takeStep(deps, policy, simulation, report, sha256);
  await changeSimulation(deps, simulation, {
    state: 'finished',
    report: sha256,
    counts: report.counts,
    failure: null,
  });
}

/** Results that are in memory at the same time. */
const READERS = 8;

async function makeReport(work: WorkStore, simulation: Simulation, policy: PolicyRecord): Promise<SimulationReport> {
  const { id, slot, from, to, environment, chunks, skipped } = simulation;
  if (chunks === null || skipped === null)
    throw new DomainError('NOT_FOUND', `the decisions of the simulation ${id} are not listed`);
  const builder = new ReportBuilder();
  const results: string[] = [];
  // From the last chunk to the first: what a report has no room for is the oldest.
  for (let end = chunks; end > 0; end -= READERS) {
    const numbers = Array.from({ length: Math.min(READERS, end) }, (_, index) => end - 1 - index);
    const read = numbers.map((chunk) => work.read(simulationWork.result(id, chunk)));
    for (const bytes of await Promise.all(read)) {
      const { sha256, outcomes } = parseResult(bytes);
      results.unshift(sha256);
      for (const outcome of outcomes.toReversed()) builder.add(outcome);
    }
  }
  const { sha256, bundle_revision: revision, entrypoint } = policy;
  const about = {
    simulation: id,
    slot,
    from,
    to,
    complete_until: completeUntil(simulation),
    environment,
    skipped,
    results,
  };
  return builder.build(about, { sha256, revision, entrypoint });
}

/**
 * The newest simulation counts. One of an approved policy changes nothing that its approver has seen; but what was rolled back,
 * or is to stand elsewhere, begins here again.
 */
async function takeStep(
  deps: ReportDeps,
  policy: PolicyRecord,
  { id, slot, from, to, requested_by: by }: Simulation,
  report: SimulationReport,
  sha256: string,
): Promise<void> {
  const isNews = policy.simulated === undefined || policy.simulated.to < to;
  if (!isNews || !isStep(report)) return;
  const isElsewhere = policy.simulated !== undefined && policy.simulated.slot !== slot;
  if (policy.state === 'approved' && !isElsewhere) {
    if (!isRolledBack(policy, await deps.registry.activationHistory())) return;
  }
  const { form, counts } = report;
  const simulated = { simulation: id, slot, report: sha256, from, to, form, counts, at: deps.clock().toISOString() };
  const value: PolicyRecord = { ...policy, state: 'simulated', simulated, revision: policy.revision + 1 };
  // It is the step of whoever asked.
  const caller = { uniqueId: by.unique_id, arn: by.arn, account: by.account, session: undefined };
  await changePolicy(deps, 'policy-simulated', value, caller);
}
