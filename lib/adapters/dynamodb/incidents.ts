import type { DynamoDBClient, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { IncidentRecords } from '../../app/incidents/ports.ts';
import { findingsOf, type RecordedIncident, RecordedIncidentSchema } from '../../core/incident.ts';
import { itemKey, workflow } from '../../core/layout.ts';
import { getItem, type Item, put, putAfter, readItem, toItem, transact } from './items.ts';
import { evidenceWrites } from './ledger.ts';
import { indexed, indexKey, queryIndex } from './workflow-index.ts';

export interface IncidentTables {
  readonly client: DynamoDBClient;
  readonly evidenceTable: string;
  readonly workflowTable: string;
}

/** Incidents and findings of the workflow table; the events are evidence. */
export function dynamoIncidents({ client, evidenceTable, workflowTable }: IncidentTables): IncidentRecords {
  return {
    async find(id) {
      const item = await getItem(client, workflowTable, itemKey.incident(id));
      return item && readItem(RecordedIncidentSchema, item);
    },
    async commit(event, entries, incident) {
      const writes = evidenceWrites(evidenceTable, event, entries);
      const failed = await transact(client, [...writes, ...incidentWrites(workflowTable, incident)]);
      if (failed === undefined) return 'committed';
      return failed < writes.length ? 'exists' : 'principal-changed';
    },
    async list(state, { limit, after }) {
      const partition = workflow.incidents(state);
      const start = after === undefined ? undefined : indexKey(keyIn(after), partition, after);
      const { items, next } = await queryIndex(client, workflowTable, partition, {
        limit,
        newestFirst: true,
        after: start,
      });
      return { items: items.map((item) => readItem(RecordedIncidentSchema, item)), next };
    },
  };
}

/** The incident follows the revision before it; its findings are there while it is not resolved. */
export function incidentWrites(table: string, incident: RecordedIncident): TransactWriteItem[] {
  const { id, state, opened_at, revision } = incident;
  const item: Item = toItem(itemKey.incident(id), {
    ...incident,
    ...indexed(workflow.incidents(state), `${opened_at}#${id}`),
  });
  const findings = findingsOf(incident).map((finding): TransactWriteItem => {
    const key = itemKey.finding(id, finding.about);
    if (state === 'resolved') return { Delete: { TableName: table, Key: marshall(key) } };
    return put(table, toItem(key, finding));
  });
  return [putAfter(table, item, revision - 1), ...findings];
}

function keyIn(order: string) {
  return itemKey.incident(order.slice(order.indexOf('#') + 1));
}
