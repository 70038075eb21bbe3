import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import type { Endpoints, Lease, Waiting } from '../../app/promotion/ports.ts';
import { PROMOTION_KINDS } from '../../contracts/promotion.ts';
import { itemKey } from '../../core/layout.ts';
import { unavailable } from '../failures.ts';
import { ifAt, queryPartition, readItem, toItem } from './items.ts';

const LeaseSchema: z.ZodMiniType<Lease> = z.object({
  endpoint: z.string(),
  promotion: z.string(),
  until: z.string(),
  revision: z.number(),
});
const WaitingSchema: z.ZodMiniType<Waiting> = z.object({
  promotion: z.string(),
  kind: z.enum(PROMOTION_KINDS),
  requested_at: z.string(),
  until: z.string(),
  token: z.nullable(z.string()),
});

/** The endpoints of the workflow table. Waiters are ordered by their sort keys, which begin with the time of the request. */
export function dynamoEndpoints(client: DynamoDBClient, table: string): Endpoints {
  /** @returns false when the item is not as the condition wants it */
  async function unlessRefused(sent: Promise<unknown>): Promise<boolean> {
    try {
      await sent;
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      return unavailable('DynamoDB', error);
    }
  }

  return {
    async find(endpoint) {
      const key = itemKey.lease(endpoint);
      let lease: Lease | undefined;
      const waiting: Waiting[] = [];
      for await (const items of queryPartition(client, table, key.pk)) {
        for (const item of items) {
          if (item.sk?.S === key.sk) lease = readItem(LeaseSchema, item);
          else waiting.push(readItem(WaitingSchema, item));
        }
      }
      return { lease, waiting };
    },
    // A lease that was given back, and taken by another, counts from 1 again: the revision alone does not tell them apart.
    take: async (lease, before) =>
      await unlessRefused(
        client.send(
          new PutItemCommand({
            TableName: table,
            Item: toItem(itemKey.lease(lease.endpoint), lease),
            ...(before
              ? {
                  ConditionExpression: 'revision = :revision AND promotion = :promotion',
                  ExpressionAttributeValues: marshall({ ':revision': before.revision, ':promotion': before.promotion }),
                }
              : ifAt(0)),
          }),
        ),
      ),
    async renew(endpoint, promotion, until) {
      try {
        await client.send(
          new UpdateItemCommand({
            TableName: table,
            Key: marshall(itemKey.lease(endpoint)),
            UpdateExpression: 'SET #until = :until ADD revision :one',
            ConditionExpression: 'promotion = :promotion AND #until < :until',
            ExpressionAttributeNames: { '#until': 'until' },
            ExpressionAttributeValues: marshall({ ':until': until, ':promotion': promotion, ':one': 1 }),
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        );
        return true;
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) return unavailable('DynamoDB', error);
        // Its own, and kept for longer already.
        return error.Item !== undefined && readItem(LeaseSchema, error.Item).promotion === promotion;
      }
    },
    async giveBack(endpoint, promotion) {
      await unlessRefused(
        client.send(
          new DeleteItemCommand({
            TableName: table,
            Key: marshall(itemKey.lease(endpoint)),
            ConditionExpression: 'promotion = :promotion',
            ExpressionAttributeValues: marshall({ ':promotion': promotion }),
          }),
        ),
      );
    },
    async enqueue(endpoint, waiting) {
      const key = itemKey.waiting(endpoint, waiting.requested_at, waiting.promotion);
      await unlessRefused(client.send(new PutItemCommand({ TableName: table, Item: toItem(key, waiting) })));
    },
    async dequeue(endpoint, { requested_at, promotion }) {
      const key = itemKey.waiting(endpoint, requested_at, promotion);
      await unlessRefused(client.send(new DeleteItemCommand({ TableName: table, Key: marshall(key) })));
    },
  };
}
