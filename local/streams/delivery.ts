import { z } from 'zod/mini';
import type { Outcome } from '../lambda-copy.ts';
import type { StreamRecord } from './stream.ts';

/** How an event source mapping treats a batch that its function fails. */
export interface DeliveryOptions {
  /** Attempts after the first; `Infinity` unless the template says how many. */
  readonly retries: number;
  /** Halve a batch that fails, to find the record that does not pass. Halving is no retry. */
  readonly bisect: boolean;
  /** The function may name the record from which on it failed. */
  readonly reportsFailures: boolean;
  /** Runs the function on a batch and waits for it. */
  readonly invoke: (records: readonly StreamRecord[]) => Promise<Outcome>;
  /** Told of records that are given up. */
  readonly giveUp: (records: readonly StreamRecord[], attempts: number) => Promise<void>;
  /** Waits before the next attempt; resolves to false when there shall be none. */
  readonly pause: (attempt: number) => Promise<boolean>;
}

const reportSchema = z.object({
  batchItemFailures: z.nullish(z.array(z.object({ itemIdentifier: z.string() }))),
});

/**
 * Hands a batch over until all of it was taken or given up: later records of the stream wait so long.
 * Source: "Using AWS Lambda with Amazon DynamoDB", AWS Lambda Developer Guide.
 */
export async function deliver(batch: readonly StreamRecord[], options: DeliveryOptions, attempt = 0): Promise<void> {
  const rest = remaining(batch, await options.invoke(batch), options.reportsFailures);
  if (rest.length === 0) return;
  if (options.bisect && rest.length === batch.length && batch.length > 1) {
    const middle = Math.ceil(batch.length / 2);
    if (!(await options.pause(attempt))) return;
    await deliver(batch.slice(0, middle), options, attempt);
    await deliver(batch.slice(middle), options, attempt);
    return;
  }
  if (attempt >= options.retries) {
    await options.giveUp(rest, attempt + 1);
    return;
  }
  if (await options.pause(attempt)) await deliver(rest, options, attempt + 1);
}

/** What of a batch is not done: nothing, what stands from the first reported record on, or everything. */
function remaining(
  batch: readonly StreamRecord[],
  outcome: Outcome,
  reportsFailures: boolean,
): readonly StreamRecord[] {
  if (outcome.kind !== 'result') return batch;
  if (!reportsFailures) return [];
  const report = reportSchema.safeParse(JSON.parse(outcome.payload) ?? {});
  if (!report.success) return batch;
  const failed = report.data.batchItemFailures ?? [];
  const places = failed.map(({ itemIdentifier }) =>
    batch.findIndex(({ dynamodb }) => dynamodb.SequenceNumber === itemIdentifier),
  );
  // A report that names no record of the batch is no report: all of it failed.
  if (places.includes(-1)) return batch;
  return places.length === 0 ? [] : batch.slice(Math.min(...places));
}
