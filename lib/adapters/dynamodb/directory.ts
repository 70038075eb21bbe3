import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import type { Directory } from '../../app/directory/ports.ts';
import { APPROVERS } from '../../contracts/storage.ts';
import { type Contact, ContactSchema, type ListedApprover, RecordedApproverSchema } from '../../core/approver.ts';
import { itemKey } from '../../core/layout.ts';
import { getItems, type Item, query, queryPartition, readItem } from './items.ts';

/** Without a contact once that is erased: what is left keeps a rebuild from bringing it back. */
const ContactItem = z.object({ revision: z.number(), contact: z.exactOptional(ContactSchema) });

/** What sorts before and behind every record, and not among the contacts. */
const RECORDS = ['person#', 'person#~'] as const;

/** The people of the registry table. All of them lie in one partition: a directory has hundreds of people, not millions. */
export function dynamoDirectory(client: DynamoDBClient, table: string): Directory {
  const find: Directory['find'] = async (id) => {
    return listedIn(await getItems(client, table, [itemKey.approver(id), itemKey.approverContact(id)]))[0];
  };

  const everybody: Directory['everybody'] = async () => {
    const items: Item[] = [];
    for await (const page of queryPartition(client, table, APPROVERS)) items.push(...page);
    return listedIn(items);
  };

  const page: Directory['page'] = async ({ limit, after }) => {
    const [first, last] = RECORDS;
    const { Items = [], LastEvaluatedKey } = await query(client, {
      TableName: table,
      KeyConditionExpression: 'pk = :partition AND sk BETWEEN :first AND :last',
      ExpressionAttributeValues: marshall({ ':partition': APPROVERS, ':first': first, ':last': last }),
      Limit: limit,
      ...(after === undefined ? {} : { ExclusiveStartKey: marshall(itemKey.approver(after)) }),
    });
    return {
      approvers: Items.map((item) => readItem(RecordedApproverSchema, item)),
      next: LastEvaluatedKey?.sk?.S && idIn(LastEvaluatedKey.sk.S),
    };
  };

  return { find, everybody, page };
}

/** The records among the items, in their order, each with the contact that lies among them. */
function listedIn(items: readonly Item[]): readonly ListedApprover[] {
  const contacts = new Map<string, Contact | undefined>();
  const records: Item[] = [];
  for (const item of items) {
    const sk = item.sk?.S ?? '';
    if (sk.startsWith('contact#')) contacts.set(idIn(sk), readItem(ContactItem, item).contact);
    else records.push(item);
  }
  return records.map((item) => {
    const approver = readItem(RecordedApproverSchema, item);
    return { approver, contact: contacts.get(approver.id) };
  });
}

function idIn(sortKey: string): string {
  return sortKey.slice(sortKey.indexOf('#') + 1);
}
