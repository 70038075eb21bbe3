import { describe, expect, it } from 'vitest';
import { putNew, transact } from '../../../lib/adapters/dynamodb/items.ts';
import { DomainError } from '../../../lib/core/errors.ts';
import { answeringDynamo, cancelled, type WireAnswer } from '../../support/answering.ts';
import { refusal } from '../../support/refusals.ts';

const items = ['one', 'two'].map((pk) => putNew('table', { pk: { S: pk }, sk: { S: 'x' } }));
const COMMITTED: WireAnswer = { status: 200, body: {} };

function run(...answers: readonly WireAnswer[]) {
  const { client, calls } = answeringDynamo(answers);
  return { outcome: transact(client, items), calls };
}

describe('a transaction', () => {
  it('names the first item whose condition failed, whatever else went wrong', async () => {
    await expect(run(cancelled('None', 'ConditionalCheckFailed')).outcome).resolves.toBe(1);
    await expect(run(cancelled('TransactionConflict', 'ConditionalCheckFailed')).outcome).resolves.toBe(1);
  });

  it.each(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded'])(
    'is sent again after %s',
    async (reason) => {
      const { outcome, calls } = run(cancelled(reason, 'None'), COMMITTED);
      await expect(outcome).resolves.toBeUndefined();
      expect(calls()).toBe(2);
    },
  );

  it('that keeps meeting others is for the caller to send again', async () => {
    const { outcome, calls } = run(cancelled('TransactionConflict', 'None'));
    await expect(outcome).rejects.toThrow(refusal('DEPENDENCY_UNAVAILABLE'));
    expect(calls()).toBe(5);
  });

  it.each(['ValidationError', 'ItemCollectionSizeLimitExceeded', 'AccessDenied'])(
    'that can never commit (%s) is no outage: it is not sent again, and the log is told why',
    async (reason) => {
      const { outcome, calls } = run(cancelled('TransactionConflict', reason));
      const error = await outcome.catch((thrown: unknown) => thrown);
      expect(error).not.toBeInstanceOf(DomainError);
      expect(error).toMatchObject({ message: expect.stringContaining(`because of ${reason}`) });
      expect(calls()).toBe(1);
    },
  );
});

describe('a connection', () => {
  it.each(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT'])('that breaks (%s) is an outage', async (code) => {
    const broken = Object.assign(new Error('broken'), { code });
    await expect(run(broken).outcome).rejects.toThrow(refusal('DEPENDENCY_UNAVAILABLE'));
  });

  it.each(['ERR_INVALID_ARG_TYPE', 'ERR_TLS_CERT_ALTNAME_INVALID', 'ENOENT'])(
    'is not to blame for %s, which no retry mends',
    async (code) => {
      const defect = Object.assign(new Error('a defect'), { code });
      await expect(run(defect).outcome).rejects.toThrow('a defect');
    },
  );
});
