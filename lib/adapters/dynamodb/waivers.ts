import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Registry } from '../../app/ports.ts';
import { WAIVERS } from '../../core/layout.ts';
import { type RecordedWaiver, RecordedWaiverSchema } from '../../core/waiver.ts';
import { query, queryPartition, readItem } from './items.ts';

/** Of 1 MB each. Beyond them the waivers are not known, and waive nothing. */
const MAX_PAGES = 20;

/** What sorts behind every instant, and before the rows by id. */
const LAST_END = ':';

/** The waivers of the registry table by their ends, and nothing else of it. */
export function dynamoWaivers(client: DynamoDBClient, table: string): Pick<Registry, 'waivers' | 'waiverPage'> {
  const waivers: Registry['waivers'] = async (at) => {
    const all: RecordedWaiver[] = [];
    let pages = 0;
    // '~' sorts after every waiver that ends in that very millisecond, which is over.
    const between = [`${at.toISOString()}~`, LAST_END] as const;
    for await (const page of queryPartition(client, table, WAIVERS, { between })) {
      if (++pages > MAX_PAGES) return undefined;
      for (const item of page) all.push(readItem(RecordedWaiverSchema, item));
    }
    return all;
  };

  const waiverPage: Registry['waiverPage'] = async ({ limit, after }) => {
    const { Items = [], LastEvaluatedKey } = await query(client, {
      TableName: table,
      KeyConditionExpression: 'pk = :partition AND sk < :last',
      ExpressionAttributeValues: marshall({ ':partition': WAIVERS, ':last': LAST_END }),
      ScanIndexForward: false,
      Limit: limit,
      ...(after === undefined ? {} : { ExclusiveStartKey: marshall({ pk: WAIVERS, sk: after }) }),
    });
    return { waivers: Items.map((item) => readItem(RecordedWaiverSchema, item)), next: LastEvaluatedKey?.sk?.S };
  };

  return { waivers, waiverPage };
}
