import { describe, expect, it } from 'vitest';
import { dynamoStatedPromotions } from '../../../lib/adapters/dynamodb/stated-promotions.ts';
import { answeringDynamo, cancelled, type WireAnswer } from '../../support/answering.ts';
import { aPromotion } from '../../support/promotions.ts';
import { anEntry, anEvent } from '../../support/records.ts';

const COMMITTED: WireAnswer = { status: 200, body: {} };
const record = anEvent('the event');
const evidence = { record, entries: [anEntry(record, 'decisions#1', '1')] };

async function save(...answers: readonly WireAnswer[]) {
  const { client, calls } = answeringDynamo(answers);
  const stated = dynamoStatedPromotions({ client, evidenceTable: 'evidence' }, 'workflow');
  return { isSaved: await stated.save(aPromotion('2026-01-01T00:00:00.000Z'), evidence), calls: calls() };
}

describe('a promotion and the evidence of what it became', () => {
  it('are one transaction', async () => {
    expect(await save(COMMITTED)).toEqual({ isSaved: true, calls: 1 });
  });

  it('are not written where the promotion changed, whether the evidence is there or not', async () => {
    const changed = { isSaved: false, calls: 1 };
    expect(await save(cancelled('ConditionalCheckFailed', 'None', 'None', 'None'))).toEqual(changed);
    expect(await save(cancelled('ConditionalCheckFailed', 'ConditionalCheckFailed', 'None', 'None'))).toEqual(changed);
  });

  it('are the promotion alone where a reindex has put the evidence there', async () => {
    const isThere = cancelled('None', 'ConditionalCheckFailed', 'ConditionalCheckFailed', 'None');
    expect(await save(isThere, COMMITTED)).toEqual({ isSaved: true, calls: 2 });
    expect(await save(isThere, cancelled('ConditionalCheckFailed'))).toEqual({ isSaved: false, calls: 2 });
  });
});
