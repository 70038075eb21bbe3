import type { IncidentRecords } from '../../../lib/app/incidents/ports.ts';
import type { GateFinding } from '../../../lib/core/gate/input.ts';
import { findingsOf, type RecordedIncident } from '../../../lib/core/incident.ts';
import type { MemoryLedger } from './ledger.ts';
import type { Steps } from './steps.ts';

/** The incidents of the workflow table, and what gates see of them. */
export class MemoryIncidents implements IncidentRecords {
  readonly incidents = new Map<string, RecordedIncident>();
  readonly #steps: Steps;
  readonly #ledger: MemoryLedger;

  constructor(steps: Steps, ledger: MemoryLedger) {
    this.#steps = steps;
    this.#ledger = ledger;
  }

  readonly find: IncidentRecords['find'] = (id) => this.#steps.read(() => structuredClone(this.incidents.get(id)));

  readonly commit: IncidentRecords['commit'] = (event, entries, incident) =>
    this.#steps.take('commit-incident', () => {
      if (this.#ledger.holds(event)) return 'exists';
      if ((this.incidents.get(incident.id)?.revision ?? 0) !== incident.revision - 1) return 'principal-changed';
      this.#ledger.write(event, entries);
      this.incidents.set(incident.id, structuredClone(incident));
      return 'committed';
    });

  readonly list: IncidentRecords['list'] = (state) =>
    this.#steps.read(() => ({
      items: [...this.incidents.values()].filter((incident) => incident.state === state).toReversed(),
      next: undefined,
    }));

  findings(): readonly GateFinding[] {
    return [...this.incidents.values()].filter(({ state }) => state !== 'resolved').flatMap(findingsOf);
  }
}
