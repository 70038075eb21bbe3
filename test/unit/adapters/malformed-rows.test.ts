import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, it } from 'vitest';
import { toItem } from '../../../lib/adapters/dynamodb/items.ts';
import { dynamoLedger } from '../../../lib/adapters/dynamodb/ledger.ts';
import { dynamoAsks, dynamoPromotions } from '../../../lib/adapters/dynamodb/promotions.ts';
import { dynamoRegistry } from '../../../lib/adapters/dynamodb/registry.ts';
import { dynamoWaivers } from '../../../lib/adapters/dynamodb/waivers.ts';
import type { Log } from '../../../lib/app/ports.ts';
import type { Ask } from '../../../lib/core/promotion.ts';
import { answeringDynamo } from '../../support/answering.ts';
import { aPromotion } from '../../support/promotions.ts';
import { refusal } from '../../support/refusals.ts';

const DIGEST = 'a'.repeat(64);

/** What the tables answer when another hand wrote `row` into them. */
function rows(row: object) {
  const item = toItem({ pk: 'p', sk: 's' }, row);
  const { client } = answeringDynamo([{ status: 200, body: { Item: item, Items: [item] } }]);
  const config = { client, evidenceTable: 'evidence', registryTable: 'registry' };
  return { ledger: dynamoLedger(config), registry: dynamoRegistry(config), waivers: dynamoWaivers(client, 'registry') };
}

it.each<[string, (tables: ReturnType<typeof rows>) => Promise<unknown>]>([
  ['activation', ({ registry }) => registry.activationHistory()],
  ['activation in force', ({ registry }) => registry.activations()],
  ['policy', ({ registry }) => registry.policy(DIGEST)],
  ['waiver', ({ registry }) => registry.waiver(DIGEST)],
  ['listed waiver', ({ waivers }) => waivers.waivers(new Date())],
  ['line of a look-up', ({ ledger }) => ledger.list('digest#x', { limit: 1 })],
  ['evidence', ({ ledger }) => ledger.find(DIGEST)],
])('a row that no function writes is not taken for a %s, which raises an alarm', async (_, read) => {
  for (const row of [{}, { sha256: 1, revision: 'one' }]) {
    await expect(read(rows(row))).rejects.toThrow(refusal('INTEGRITY_FAILURE'));
  }
});

const PROMOTION = aPromotion('2026-01-01T00:00:00.000Z');
const ASK: Ask = {
  promotion: PROMOTION.id,
  role: 'model-owner',
  round: 1,
  state: 'asked',
  people: [],
  asked_at: PROMOTION.requested_at,
  until: '2026-01-08T00:00:00.000Z',
  reminders: 0,
  mailed: [],
  token: null,
  deciding: null,
  decided: null,
  revision: 1,
};

it.each([
  ['the open promotions', (client, log) => dynamoPromotions(client, 'workflow').open(log), PROMOTION],
  [
    'the promotions that ended',
    (client, log) => dynamoPromotions(client, 'workflow').ended('credit', 9, log),
    PROMOTION,
  ],
  ['the open asks', (client, log) => dynamoAsks(client, 'workflow').open(log), ASK],
] satisfies [string, (client: DynamoDBClient, log: Log) => Promise<readonly object[]>, object][])(
  'a row that no function writes holds up no other of %s, and is told to the alarm',
  async (_, list, row) => {
    const [broken, whole] = [{ id: 5 }, row].map((one) => toItem({ pk: 'p', sk: 's' }, one));
    const { client } = answeringDynamo([{ status: 200, body: { Items: [broken, whole] } }]);
    const warned: string[] = [];
    const log = { info: () => {}, warn: (event: string) => void warned.push(event) };
    expect(await list(client, log)).toEqual([row]);
    expect(warned).toEqual(['INTEGRITY_FAILURE']);
  },
);
