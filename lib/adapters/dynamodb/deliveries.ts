import { type DynamoDBClient, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import type { Deliveries } from '../../app/webhooks/ports.ts';
import { TTL_ATTRIBUTE, WORKFLOW_INDEX } from '../../contracts/storage.ts';
import { itemKey, workflow } from '../../core/layout.ts';
import { type Delivery, DeliverySchema, expiresAt } from '../../core/webhooks/delivery.ts';
import { unavailable } from '../failures.ts';
import { putIfAt, query, queryPartition, readItem, toItem } from './items.ts';

const StopSchema = z.object({ webhook: z.string(), revision: z.number(), at: z.string() });

/** Deliveries by their webhook; the pending ones also in the index, by when they are due. */
export function dynamoDeliveries(client: DynamoDBClient, table: string): Deliveries {
  const { name, partitionKey, sortKey } = WORKFLOW_INDEX;

  const save: Deliveries['save'] = async (delivery) => {
    const { webhook, time, message, due } = delivery;
    const onDesk =
      due === null ? {} : { [partitionKey]: workflow.webhooksDue, [sortKey]: `${due}#${message}#${webhook}` };
    const item = { ...delivery, ...onDesk, [TTL_ATTRIBUTE]: expiresAt(delivery) };
    return await putIfAt(client, table, toItem(itemKey.delivery(webhook, time, message), item), delivery.revision - 1);
  };

  const due: Deliveries['due'] = async (at, limit) => {
    try {
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName: table,
          IndexName: name,
          KeyConditionExpression: `${partitionKey} = :due AND ${sortKey} <= :now`,
          // '~' sorts after every delivery that is due in this very millisecond.
          ExpressionAttributeValues: marshall({ ':due': workflow.webhooksDue, ':now': `${at.toISOString()}~` }),
          Limit: limit,
        }),
      );
      return Items.map((item) => readItem(DeliverySchema, item));
    } catch (error) {
      return unavailable('DynamoDB', error);
    }
  };

  const page: Deliveries['page'] = async (webhook, { limit, after }) => {
    const { Items = [], LastEvaluatedKey } = await query(client, {
      TableName: table,
      KeyConditionExpression: 'pk = :webhook',
      ExpressionAttributeValues: marshall({ ':webhook': workflow.deliveries(webhook) }),
      ScanIndexForward: false,
      Limit: limit,
      ...(after === undefined ? {} : { ExclusiveStartKey: marshall({ pk: workflow.deliveries(webhook), sk: after }) }),
    });
    return { deliveries: Items.map((item) => readItem(DeliverySchema, item)), next: LastEvaluatedKey?.sk?.S };
  };

  const since: Deliveries['since'] = async (webhook, time, limit) => {
    const found: Delivery[] = [];
    const between = [time, '~'] as const;
    for await (const items of queryPartition(client, table, workflow.deliveries(webhook), { between })) {
      found.push(...items.map((item) => readItem(DeliverySchema, item)));
      if (found.length >= limit) break;
    }
    return found.slice(0, limit);
  };

  const stop: Deliveries['stop'] = async (stopped) => {
    try {
      await client.send(
        new PutItemCommand({ TableName: table, Item: toItem(itemKey.webhookStop(stopped.webhook), stopped) }),
      );
    } catch (error) {
      return unavailable('DynamoDB', error);
    }
  };

  const stops: Deliveries['stops'] = async () => {
    const { Items = [] } = await query(client, {
      TableName: table,
      KeyConditionExpression: 'pk = :stops',
      ExpressionAttributeValues: marshall({ ':stops': workflow.webhookStops }),
    });
    return Items.map((item) => readItem(StopSchema, item));
  };

  return { save, due, page, since, stop, stops };
}
