import type { EvidenceRecord, IndexEntry } from '../../core/evidence.ts';
import type { RecordedIncident } from '../../core/incident.ts';
import type { CommitOutcome, Page } from '../ports.ts';

/** The incidents of the workflow table, and the open findings that gates see of them. */
export interface IncidentRecords {
  /** Consistent. */
  find(id: string): Promise<RecordedIncident | undefined>;
  /**
   * Writes the event's evidence, the incident on condition of the revision before, and its findings (or takes them away when
   * it is resolved) in one transaction, or nothing.
   */
  commit(event: EvidenceRecord, entries: readonly IndexEntry[], incident: RecordedIncident): Promise<CommitOutcome>;
  /** Those in a state, newest first; one that changed this second may be told as it was. */
  list(
    state: RecordedIncident['state'],
    page: { readonly limit: number; readonly after: string | undefined },
  ): Promise<Page<RecordedIncident>>;
}
