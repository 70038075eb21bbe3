import type { IncidentFacts } from '../../core/incident.ts';

export interface Incidents {
  /**
   * Opens an incident, or finds it open; it is evidence and announced when this resolves.
   *
   * @returns its id
   */
  open(facts: IncidentFacts): Promise<string>;
}
