import { type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import type { Simulations } from '../../app/simulate/ports.ts';
import { itemKey, workflow } from '../../core/layout.ts';
import { type Simulation, SimulationSchema } from '../../core/simulation.ts';
import { unavailable } from '../failures.ts';
import { putIfAt, queryPartition, readItem, toItem } from './items.ts';
import { indexed, queryIndex } from './workflow-index.ts';

/** How many of a policy's simulations are listed. */
const LISTED = 100;

/** Beside the simulation's own item: chunks finish side by side, and changing one number set has no revision to lose. */
const ProgressItem = z.object({ done: z.set(z.number()) });

export function dynamoSimulations(client: DynamoDBClient, table: string): Simulations {
  const find: Simulations['find'] = async (id) => {
    let simulation: Simulation | undefined;
    let done = 0;
    for await (const items of queryPartition(client, table, itemKey.simulation(id).pk)) {
      for (const item of items) {
        if (item.sk?.S === itemKey.simulationProgress(id).sk) done = readItem(ProgressItem, item).done.size;
        else simulation = readItem(SimulationSchema, item);
      }
    }
    return simulation && { simulation, done };
  };

  const ofPolicy: Simulations['ofPolicy'] = async (sha256) => {
    const newest = { limit: LISTED, newestFirst: true } as const;
    const { items } = await queryIndex(client, table, workflow.simulationsOf(sha256), newest);
    return items.map((item) => readItem(SimulationSchema, item));
  };

  const save: Simulations['save'] = async (simulation) => {
    const { id, policy, requested_at, revision } = simulation;
    const item = toItem(itemKey.simulation(id), {
      ...simulation,
      ...indexed(workflow.simulationsOf(policy), `${requested_at}#${id}`),
    });
    return await putIfAt(client, table, item, revision - 1);
  };

  const markDone: Simulations['markDone'] = async (id, chunk) => {
    try {
      await client.send(
        new UpdateItemCommand({
          TableName: table,
          Key: marshall(itemKey.simulationProgress(id)),
          UpdateExpression: 'ADD done :chunk',
          ExpressionAttributeValues: marshall({ ':chunk': new Set([chunk]) }),
        }),
      );
    } catch (error) {
      unavailable('DynamoDB', error);
    }
  };

  return { find, ofPolicy, save, markDone };
}
