import { expect, it } from 'vitest';
import { dynamoGateFacts } from '../../../lib/adapters/dynamodb/gate-facts.ts';
import { toItem } from '../../../lib/adapters/dynamodb/items.ts';
import { answeringDynamo } from '../../support/answering.ts';

it('finds what is open about what is asked about, about an endpoint in whatever letters', async () => {
  const finding = (about: string) => ({ id: 'i', severity: 'critical', about, opened_at: '2026-01-01T00:00:00.000Z' });
  const Items = ['Fraud', 'credit', 'abc'].map((about) => toItem({ pk: 'p', sk: about }, finding(about)));
  const { client } = answeringDynamo([{ status: 200, body: { Items } }]);
  const { findings } = dynamoGateFacts(client, 'workflow');
  expect(await findings(['abc', 'FRAUD'])).toEqual({ known: true, items: [finding('Fraud'), finding('abc')] });
});
