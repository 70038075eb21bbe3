import type { Context } from 'aws-lambda';
import { expect, it, vi } from 'vitest';
import { requireEvidenceKey } from '../../../lib/app/countersign.ts';
import { PromotionFailure } from '../../../lib/app/promotion/failure.ts';
import { DomainError } from '../../../lib/core/errors.ts';
import { stateTasks } from '../../../lib/runtime/state-tasks.ts';
import { linesOf } from '../../support/log-lines.ts';

const signer = { keyArn: 'arn:aws:kms:eu-central-1:111122223333:key/new', sign: vi.fn() };

/** Of what Lambda hands over beside the task, only this is read. */
const CONTEXT = { awsRequestId: 'aws-1' } as Context;

it.each<[string, () => unknown]>([
  ['EvidenceKeyInactive', () => requireEvidenceKey(undefined, signer)],
  ['TransientError', () => fail(new DomainError('DEPENDENCY_UNAVAILABLE', 'busy', { retryAfterMs: 1000 }))],
  ['INTEGRITY_FAILURE', () => fail(new DomainError('INTEGRITY_FAILURE', 'other bytes'))],
  ['NobodyToAsk', () => fail(new PromotionFailure('NobodyToAsk', 'NOBODY_TO_ASK', 'all are away'))],
  ['INTERNAL', () => fail(new TypeError('a defect'))],
])('a state machine hears of %s by that name', async (name, throws) => {
  const run = stateTasks<{ readonly task: string }>(
    async () => ({ done: throws() }),
    () => ({}),
  );
  const lines = await linesOf(() => expect(run({ task: 'sign' }, CONTEXT)).rejects.toMatchObject({ name }));
  expect(lines).toHaveLength(1);
});

function fail(error: Error): never {
  throw error;
}
