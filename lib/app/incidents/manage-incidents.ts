import { DomainError } from '../../core/errors.ts';
import type { IncidentEvent } from '../../core/events.ts';
import {
  acknowledgedIncident,
  type Incident,
  type IncidentFacts,
  incidentEvent,
  incidentId,
  isStanding,
  openedIncident,
  type RecordedIncident,
  resolvedIncident,
} from '../../core/incident.ts';
import { CONTROL_PLANE } from '../../core/layout.ts';
import type { Announcer } from '../announce-waivers.ts';
import { type CountersignDeps, requireEvidenceKey } from '../countersign.ts';
import { personOf } from '../origin.ts';
import type { Registry } from '../ports.ts';
import type { Incidents } from '../promotion/incidents.ts';
import { storeEvent } from '../record-event.ts';
import type { Caller } from '../submit-evidence.ts';
import type { IncidentRecords } from './ports.ts';

export interface IncidentDeps extends CountersignDeps {
  readonly incidents: IncidentRecords;
  readonly registry: Pick<Registry, 'evidenceKey' | 'evidenceKeys'>;
  readonly announcer: Announcer;
}

/** Who acts where no person does. */
const OURSELVES: Caller = { arn: CONTROL_PLANE, uniqueId: CONTROL_PLANE, account: '', session: undefined };

/** How often whoever meets another's change looks again. */
const ATTEMPTS = 5;

/**
 * Opens incidents. One that is open stays as it is, and is announced once more under the same id: whoever opened it may have
 * died before. One that was resolved and happens again is opened again, unless it is a review; so is one that happens to another
 * promotion, where its kind is about all of them.
 */
export function incidentOpener(deps: IncidentDeps): Incidents {
  return { open: async (facts) => (await openIncident(deps, facts)).id };
}

async function openIncident(deps: IncidentDeps, facts: IncidentFacts): Promise<RecordedIncident> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const known = await deps.incidents.find(incidentId(facts));
    if (known && isStanding(known, facts)) {
      await announce(deps, known);
      return known;
    }
    const opened = await record(deps, openedIncident(facts, personOf(deps, OURSELVES), known), OURSELVES);
    if (opened) return opened;
  }
  return tooMany(incidentId(facts));
}

/** Takes an incident on, also from whoever had it. */
export async function acknowledgeIncident(deps: IncidentDeps, id: string, by: Caller): Promise<RecordedIncident> {
  return await changeIncident(deps, id, by, (known) =>
    known.owner === by.uniqueId && known.state === 'acknowledged'
      ? undefined
      : acknowledgedIncident(known, personOf(deps, by)),
  );
}

/** Ends an incident; the gates that it closed open with it. */
export async function resolveIncident(
  deps: IncidentDeps,
  id: string,
  reason: string,
  by: Caller,
): Promise<RecordedIncident> {
  return await changeIncident(deps, id, by, (known) =>
    known.state === 'resolved' ? undefined : resolvedIncident(known, personOf(deps, by), reason),
  );
}

export async function requireIncident(
  { incidents }: Pick<IncidentDeps, 'incidents'>,
  id: string,
): Promise<RecordedIncident> {
  const known = await incidents.find(id);
  if (known) return known;
  throw new DomainError('NOT_FOUND', `there is no incident ${id}`);
}

/** @param change - undefined when it was made already: the first answer may have been lost */
async function changeIncident(
  deps: IncidentDeps,
  id: string,
  by: Caller,
  change: (known: Incident) => Incident | undefined,
): Promise<RecordedIncident> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { event, ...known } = await requireIncident(deps, id);
    const wanted = change(known);
    const changed = wanted ? await record(deps, wanted, by) : { ...known, event };
    if (changed) {
      await announce(deps, changed);
      return changed;
    }
  }
  return tooMany(id);
}

/**
 * Makes a change of an incident evidence: the signed event under its number, then the record.
 *
 * Crash in between: an event without its change. Whoever changes the incident next meets it here, commits it first, and looks
 * again.
 *
 * @returns undefined when another change came first
 */
async function record(deps: IncidentDeps, incident: Incident, by: Caller): Promise<RecordedIncident | undefined> {
  const key = requireEvidenceKey(await deps.registry.evidenceKey(), deps.signer);
  const body: IncidentEvent = {
    at: incident.timeline.at(-1)?.at ?? incident.opened_at,
    by: { arn: by.arn, unique_id: by.uniqueId, account: by.account },
    action: ACTIONS[incident.state],
    revision: incident.revision,
    incident,
  };
  const event = await storeEvent(deps, body, incident.model ?? incident.id, key);
  if (!('incident' in event.body)) throw new DomainError('INTEGRITY_FAILURE', 'another event lies among the incidents');
  const recorded = { ...event.body.incident, event: event.record.sha256 };
  const outcome = await deps.incidents.commit(event.record, event.entries, recorded);
  // 'exists' says of our own event that somebody met it here and committed it first: the change was made all the same.
  if (event.resumed || outcome === 'principal-changed') return undefined;
  await announce(deps, recorded);
  return recorded;
}

const ACTIONS = {
  open: 'incident-opened',
  acknowledged: 'incident-acknowledged',
  resolved: 'incident-resolved',
} as const;

async function announce({ announcer, stage }: IncidentDeps, incident: RecordedIncident): Promise<void> {
  const event = incidentEvent(incident, stage);
  if (event) await announcer.announce([event]);
}

function tooMany(id: string): never {
  throw new DomainError('REVISION_CONFLICT', `the incident ${id} changes all the time`, { retryAfterMs: 1000 });
}
