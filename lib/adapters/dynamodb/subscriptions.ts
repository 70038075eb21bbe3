import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import type { Subscribed, Subscriptions } from '../../app/webhooks/ports.ts';
import { WEBHOOKS } from '../../contracts/storage.ts';
import { RecordedSubscriptionSchema, type SealedSecrets } from '../../core/webhooks/subscription.ts';
import { type Item, queryPartition, readItem } from './items.ts';

const SecretsItem = z.object({ sealed: z.record(z.string(), z.string()) });

/** The webhooks of the registry table: a handful, all in one partition. */
export function dynamoSubscriptions(client: DynamoDBClient, table: string): Subscriptions {
  const all: Subscriptions['all'] = async () => {
    const items: Item[] = [];
    for await (const page of queryPartition(client, table, WEBHOOKS)) items.push(...page);
    const secrets = new Map<string, SealedSecrets>();
    for (const item of items) {
      const sk = item.sk?.S ?? '';
      if (sk.startsWith('secrets#')) secrets.set(sk.slice('secrets#'.length), readItem(SecretsItem, item).sealed);
    }
    return items
      .filter(({ sk }) => sk?.S?.startsWith('subscription#'))
      .map((item): Subscribed => {
        const subscription = readItem(RecordedSubscriptionSchema, item);
        return { subscription, sealed: secrets.get(subscription.id) ?? {} };
      });
  };

  const find: Subscriptions['find'] = async (id) => (await all()).find(({ subscription }) => subscription.id === id);

  return { find, all };
}
