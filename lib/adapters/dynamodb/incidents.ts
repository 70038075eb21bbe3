import { type DynamoDBClient, QueryCommand, type TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { IncidentRecords } from '../../app/incidents/ports.ts';
import { WORKFLOW_INDEX } from '../../contracts/storage.ts';
import { findingsOf, type RecordedIncident, RecordedIncidentSchema } from '../../core/incident.ts';
import { itemKey, workflow } from '../../core/layout.ts';
import { unavailable } from '../failures.ts';
import { getItem, type Item, put, putAfter, readItem, toItem, transact } from './items.ts';
import { evidenceWrites } from './ledger.ts';

const { name: INDEX, partitionKey, sortKey } = WORKFLOW_INDEX;

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
      try {
        const { Items = [], LastEvaluatedKey } = await client.send(
          new QueryCommand({
            TableName: workflowTable,
            IndexName: INDEX,
            KeyConditionExpression: '#partition = :partition',
            ExpressionAttributeNames: { '#partition': partitionKey },
            ExpressionAttributeValues: marshall({ ':partition': workflow.incidents(state) }),
            ScanIndexForward: false,
            Limit: limit,
            ...(after === undefined ? {} : { ExclusiveStartKey: startAfter(state, after) }),
          }),
        );
        const items = Items.map((item) => readItem(RecordedIncidentSchema, item));
        return { items, next: LastEvaluatedKey?.[sortKey]?.S };
      } catch (error) {
        return unavailable('DynamoDB', error);
      }
    },
  };
}

/** The incident follows the revision before it; its findings are there while it is not resolved. */
export function incidentWrites(table: string, incident: RecordedIncident): TransactWriteItem[] {
  const { id, state, opened_at, revision } = incident;
  const item: Item = toItem(itemKey.incident(id), {
    ...incident,
    [partitionKey]: workflow.incidents(state),
    [sortKey]: `${opened_at}#${id}`,
  });
  const findings = findingsOf(incident).map((finding): TransactWriteItem => {
    const key = itemKey.finding(id, finding.about);
    if (state === 'resolved') return { Delete: { TableName: table, Key: marshall(key) } };
    return put(table, toItem(key, finding));
  });
  return [putAfter(table, item, revision - 1), ...findings];
}

function startAfter(state: RecordedIncident['state'], after: string): Item {
  const id = after.slice(after.indexOf('#') + 1);
  return marshall({ ...itemKey.incident(id), [partitionKey]: workflow.incidents(state), [sortKey]: after });
}
