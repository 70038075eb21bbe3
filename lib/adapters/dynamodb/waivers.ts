import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Registry } from '../../app/ports.ts';
import { DomainError } from '../../core/errors.ts';
import { WAIVERS } from '../../core/layout.ts';
import { type RecordedWaiver, RecordedWaiverSchema } from '../../core/waiver.ts';
import { fromItem, queryPartition } from './items.ts';

/** Of 1 MB each. Beyond them the waivers are not known, and waive nothing. */
const MAX_PAGES = 20;

/** The waivers of the registry table, and nothing else of it. */
export function dynamoWaivers(client: DynamoDBClient, table: string): Pick<Registry, 'waivers'> {
  return {
    async waivers() {
      const all: RecordedWaiver[] = [];
      let pages = 0;
      for await (const page of queryPartition(client, table, WAIVERS)) {
        if (++pages > MAX_PAGES) return undefined;
        for (const item of page) {
          const parsed = RecordedWaiverSchema.safeParse(fromItem(item));
          if (!parsed.success) throw new DomainError('INTEGRITY_FAILURE', 'an item among the waivers is none');
          all.push(parsed.data);
        }
      }
      return all;
    },
  };
}
