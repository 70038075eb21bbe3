import * as z from 'zod/mini';
import { dynamoIncidents } from '../adapters/dynamodb/incidents.ts';
import { acknowledgeIncident, requireIncident, resolveIncident } from '../app/incidents/manage-incidents.ts';
import { Env } from '../contracts/env.ts';
import { INCIDENT_STATES, INCIDENTS, runbookArticle } from '../contracts/incidents.ts';
import type { RecordedIncident } from '../core/incident.ts';
import { ResolveIncidentSchema } from '../core/requests.ts';
import { parseWith } from '../core/schema.ts';
import { cursorOf, digestParameter, paging } from './answers.ts';
import { countersignDeps, tableConfig } from './composition.ts';
import { required } from './environment.ts';
import { jsonBody, type RouteTable } from './http.ts';
import { incidentDeps } from './incident-deps.ts';

/** How the sort keys of incidents look: the time of opening, and the id. */
const INCIDENT_ORDER = /^[0-9T:.Z-]{24}#[0-9a-f]{64}$/;

const StateSchema = z.enum(INCIDENT_STATES);

/** What is told of incidents. */
export function incidentReadRoutes(): RouteTable {
  const incidents = dynamoIncidents({ ...tableConfig(), workflowTable: required(Env.WORKFLOW_TABLE) });
  return {
    'GET /v1/incidents': async (request) => {
      const state = parseWith(StateSchema, request.query.state ?? 'open', 'REQUEST_INVALID', '/state');
      const { items, next } = await incidents.list(state, paging(request, INCIDENT_ORDER));
      return { status: 200, body: { incidents: items.map(incidentJson), next: cursorOf(next) } };
    },
    'GET /v1/incidents/{id}': async (request) => ({
      status: 200,
      body: incidentJson(await requireIncident({ incidents }, digestParameter(request, 'id'))),
    }),
  };
}

/** What people do with them. */
export function incidentRoutes(): RouteTable {
  const deps = incidentDeps(countersignDeps(), tableConfig());
  return {
    'POST /v1/incidents/{id}/acknowledge': async (request) => ({
      status: 200,
      body: incidentJson(await acknowledgeIncident(deps, digestParameter(request, 'id'), request.caller)),
    }),
    'POST /v1/incidents/{id}/resolve': async (request) => {
      const { reason } = jsonBody(ResolveIncidentSchema, request);
      const resolved = await resolveIncident(deps, digestParameter(request, 'id'), reason, request.caller);
      return { status: 200, body: incidentJson(resolved) };
    },
  };
}

function incidentJson(incident: RecordedIncident): object {
  const { kind } = incident;
  return { ...incident, title: INCIDENTS[kind].title, runbook: runbookArticle(kind) };
}
