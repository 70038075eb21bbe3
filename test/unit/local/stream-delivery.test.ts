import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../local/lambda-copy.ts';
import { type DeliveryOptions, deliver } from '../../../local/streams/delivery.ts';
import type { StreamRecord } from '../../../local/streams/stream.ts';

const record = (name: string): StreamRecord => ({
  eventName: 'INSERT',
  dynamodb: { SequenceNumber: name, ApproximateCreationDateTime: 1_790_000_000 },
});
const namesOf = (records: readonly StreamRecord[]) => records.map(({ dynamodb }) => dynamodb.SequenceNumber).join('');
const FAILED: Outcome = { kind: 'function-error', error: { errorType: 'Error', errorMessage: 'no' } };
const done = (payload: unknown = null): Outcome => ({ kind: 'result', payload: JSON.stringify(payload) });
const failing = (...names: readonly string[]) =>
  done({ batchItemFailures: names.map((itemIdentifier) => ({ itemIdentifier })) });

/** Delivers the batch `abcd`, and tells what the function was handed and what was given up. */
async function delivered(
  answer: (names: string, call: number) => Outcome,
  options: Partial<DeliveryOptions> = {},
): Promise<{ readonly handed: readonly string[]; readonly givenUp: readonly string[] }> {
  const handed: string[] = [];
  const givenUp: string[] = [];
  await deliver([...'abcd'].map(record), {
    retries: 2,
    bisect: false,
    reportsFailures: false,
    invoke: async (records) => {
      handed.push(namesOf(records));
      return answer(namesOf(records), handed.length);
    },
    giveUp: async (records, attempts) => {
      givenUp.push(`${namesOf(records)} after ${attempts}`);
    },
    pause: async () => true,
    ...options,
  });
  return { handed, givenUp };
}

describe('a batch of stream records', () => {
  it('is handed over once to a function that takes it', async () => {
    expect(await delivered(() => done())).toEqual({ handed: ['abcd'], givenUp: [] });
  });

  it('is handed over again as often as the template says, then given up', async () => {
    const expected = { handed: ['abcd', 'abcd', 'abcd'], givenUp: ['abcd after 3'] };
    expect(await delivered(() => FAILED)).toEqual(expected);
  });

  it('is no failure any more once the function takes it', async () => {
    const answer = (_: string, call: number) => (call < 3 ? FAILED : done());
    expect(await delivered(answer)).toEqual({ handed: ['abcd', 'abcd', 'abcd'], givenUp: [] });
  });

  it('is halved until the record is alone that does not pass, which alone is given up', async () => {
    const answer = (names: string) => (names.includes('c') ? FAILED : done());
    const { handed, givenUp } = await delivered(answer, { bisect: true });
    expect(handed).toEqual(['abcd', 'ab', 'cd', 'c', 'c', 'c', 'd']);
    expect(givenUp).toEqual(['c after 3']);
  });

  it('is handed over again from the first reported record on', async () => {
    const answer = (names: string, call: number) => (call < 3 ? failing('d', names.includes('b') ? 'b' : 'c') : done());
    const { handed, givenUp } = await delivered(answer, { reportsFailures: true });
    expect(handed).toEqual(['abcd', 'bcd', 'bcd']);
    expect(givenUp).toEqual([]);
  });

  it('is given up from the reported record on when the attempts are used up', async () => {
    const { handed, givenUp } = await delivered(() => failing('c'), { reportsFailures: true, retries: 1 });
    expect(handed).toEqual(['abcd', 'cd']);
    expect(givenUp).toEqual(['cd after 2']);
  });

  it.each<[string, unknown]>([
    ['reports nothing', null],
    ['reports no failure', { batchItemFailures: [] }],
    ['reports null', { batchItemFailures: null }],
  ])('is taken when the function %s', async (_, payload) => {
    expect(await delivered(() => done(payload), { reportsFailures: true })).toEqual({ handed: ['abcd'], givenUp: [] });
  });

  it.each<[string, unknown]>([
    ['names a record of another batch', { batchItemFailures: [{ itemIdentifier: 'z' }] }],
    ['names an empty record', { batchItemFailures: [{ itemIdentifier: '' }] }],
    ['names none', { batchItemFailures: [{}] }],
  ])('has failed as a whole when the report %s', async (_, payload) => {
    const { handed } = await delivered(() => done(payload), { reportsFailures: true, retries: 1 });
    expect(handed).toEqual(['abcd', 'abcd']);
  });

  it('is taken whatever the function answers that was not asked for a report', async () => {
    expect(await delivered(() => failing('a'))).toEqual({ handed: ['abcd'], givenUp: [] });
  });

  it('is left alone when everything stops, and not given up', async () => {
    expect(await delivered(() => FAILED, { pause: async () => false })).toEqual({ handed: ['abcd'], givenUp: [] });
  });
});
