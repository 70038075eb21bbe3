import * as z from 'zod/mini';
import { Announcement } from '../contracts/announcements.ts';
import {
  INCIDENT_KINDS,
  INCIDENT_STATES,
  INCIDENTS,
  type IncidentKind,
  type IncidentState,
  runbookArticle,
} from '../contracts/incidents.ts';
import { canonicalBytes } from './canonical.ts';
import { sha256Hex } from './digest.ts';
import { DomainError } from './errors.ts';
import type { GateFinding } from './gate/input.ts';
import { type Person, PersonSchema } from './person.ts';
import type { CloudEvent } from './waiver-ending.ts';

/** What happened. One of the same kind and subject is the same incident. */
export interface IncidentFacts {
  readonly kind: IncidentKind;
  /** Id of the promotion that it happened to, or what else it is about. No address and no name of a person. */
  readonly subject: string;
  /** For the one who handles it; made by us, or hostile text. No personal data: it is kept for years. */
  readonly detail: string;
  readonly endpoint: string | null;
  /** SHA-256. */
  readonly model: string | null;
  /** Digests of the evidence that it rests on. */
  readonly evidence: readonly string[];
  /**
   * Unique ids of those who did what is to be reviewed: somebody else resolves it.
   * @default - nobody
   */
  readonly actors?: readonly string[];
}

export interface Incident extends IncidentFacts {
  readonly actors: readonly string[];
  /** Of {@link incidentId}. */
  readonly id: string;
  readonly severity: GateFinding['severity'];
  readonly state: IncidentState;
  /** Unique id of who handles it. */
  readonly owner: string | null;
  readonly opened_at: string;
  /** Every change, the oldest first. */
  readonly timeline: readonly IncidentStep[];
  /** Counts the changes, from 1. */
  readonly revision: number;
}

export interface IncidentStep extends Person {
  readonly state: IncidentState;
  readonly reason: string;
}

/** An incident together with the event that is the evidence of how it stands. */
export interface RecordedIncident extends Incident {
  readonly event: string;
}

const nullable = z.nullable(z.string());
const fields = {
  id: z.string(),
  kind: z.enum(INCIDENT_KINDS),
  subject: z.string(),
  detail: z.string(),
  endpoint: nullable,
  model: nullable,
  evidence: z.array(z.string()),
  actors: z.array(z.string()),
  severity: z.enum(['low', 'medium', 'high', 'critical']),
  state: z.enum(INCIDENT_STATES),
  owner: nullable,
  opened_at: z.string(),
  timeline: z.array(z.extend(PersonSchema, { state: z.enum(INCIDENT_STATES), reason: z.string() })),
  revision: z.number(),
};
export const IncidentSchema: z.ZodMiniType<Incident> = z.object(fields);
export const RecordedIncidentSchema: z.ZodMiniType<RecordedIncident> = z.object({ ...fields, event: z.string() });

export function incidentId({ kind, subject }: Pick<IncidentFacts, 'kind' | 'subject'>): string {
  return sha256Hex(canonicalBytes({ kind, subject }));
}

/**
 * A new incident, or one that happened again: somebody takes it on anew.
 *
 * @param before - as it stood until then
 */
export function openedIncident(facts: IncidentFacts, by: Person, before: Incident | undefined): Incident {
  return {
    ...facts,
    actors: facts.actors ?? [],
    id: incidentId(facts),
    severity: INCIDENTS[facts.kind].severity,
    state: 'open',
    owner: null,
    opened_at: by.at,
    timeline: [...(before?.timeline ?? []), { ...by, state: 'open', reason: facts.detail }],
    revision: (before?.revision ?? 0) + 1,
  };
}

/** @throws DomainError INCIDENT_STATE_CONFLICT when it is resolved */
export function acknowledgedIncident(incident: Incident, by: Person): Incident {
  if (incident.state === 'resolved') {
    throw new DomainError('INCIDENT_STATE_CONFLICT', `the incident ${incident.id} is resolved`);
  }
  return changed({ ...incident, owner: by.unique_id }, by, 'acknowledged', '');
}

/**
 * @throws DomainError INCIDENT_STATE_CONFLICT when nobody has acknowledged it; DUTIES_NOT_SEPARATE for whoever did what it is to
 *   review
 */
export function resolvedIncident(incident: Incident, by: Person, reason: string): Incident {
  if (incident.actors.includes(by.unique_id)) {
    throw new DomainError('DUTIES_NOT_SEPARATE', 'who did what an incident reviews does not resolve it', {
      hint: 'an operator who is another person runs `countersign incident resolve`',
    });
  }
  if (incident.state !== 'acknowledged') {
    throw new DomainError('INCIDENT_STATE_CONFLICT', `the incident ${incident.id} is ${incident.state}`, {
      hint: 'somebody takes it on first: `countersign incident acknowledge`',
    });
  }
  return changed(incident, by, 'resolved', reason);
}

function changed(incident: Incident, by: Person, state: IncidentState, reason: string): Incident {
  const { timeline, revision } = incident;
  return { ...incident, state, timeline: [...timeline, { ...by, state, reason }], revision: revision + 1 };
}

/** Kinds that happen once to what they are about: what was reviewed stays reviewed, whoever tells of it again. */
const REVIEWS: ReadonlySet<IncidentKind> = new Set(['break_glass_review', 'emergency_rollback_review']);

/** Kinds that are about more than one promotion: each that they happen to is told of, also where somebody has taken on an earlier one. */
const RECURRING: ReadonlySet<IncidentKind> = new Set(['mail_undeliverable']);

/** Steps after which an incident takes no news: it is one item of a table, and whoever handles it has heard enough. */
const MOST_STEPS = 200;

/** Whether telling of an incident that is known adds nothing to it. */
export function isStanding({ kind, state, timeline }: Incident, { detail }: Pick<IncidentFacts, 'detail'>): boolean {
  if (state === 'resolved') return REVIEWS.has(kind);
  if (!RECURRING.has(kind) || timeline.length >= MOST_STEPS) return true;
  const since = timeline.slice(timeline.findLastIndex((step) => step.state === 'resolved') + 1);
  return since.some(({ reason }) => reason === detail);
}

/** Kinds that close gates until they are resolved. */
const CLOSING: ReadonlySet<IncidentKind> = new Set(['tampered_artifact']);

/** What gates see of an incident that is not resolved: that something is wrong with the model, and with the endpoint. */
export function findingsOf({ id, kind, severity, model, endpoint, opened_at }: Incident): readonly GateFinding[] {
  if (!CLOSING.has(kind)) return [];
  return [model, endpoint].flatMap((about) => (about === null ? [] : [{ id, severity, about, opened_at }]));
}

/** What is announced when an incident is opened or resolved; nothing in between. */
export function incidentEvent(incident: RecordedIncident, stage: string): CloudEvent | undefined {
  const { id, kind, severity, state, subject, detail, endpoint, model, revision, event } = incident;
  const last = incident.timeline.at(-1);
  if (state === 'acknowledged' || !last) return undefined;
  return {
    specversion: '1.0',
    id: `${id}/${revision}`,
    source: `urn:countersign:${stage}`,
    type: state === 'open' ? Announcement.incidentOpened : Announcement.incidentResolved,
    subject: id,
    time: last.at,
    datacontenttype: 'application/json',
    data: {
      incident: id,
      kind,
      title: INCIDENTS[kind].title,
      severity,
      about: subject,
      detail: state === 'open' ? detail : last.reason,
      endpoint,
      model,
      runbook: runbookArticle(kind),
      evidence: event,
    },
  };
}
