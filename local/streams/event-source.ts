import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventPattern } from '../events/pattern.ts';
import type { FunctionDefinition, LambdaHost } from '../lambda-host.ts';
import type { Visibility } from '../visibility.ts';
import { type DeliveryOptions, deliver } from './delivery.ts';
import type { StartingPosition, StreamRecord, TableStream } from './stream.ts';

export interface EventSourceOptions extends Pick<DeliveryOptions, 'retries' | 'bisect' | 'reportsFailures'> {
  readonly stream: TableStream;
  readonly target: FunctionDefinition;
  readonly position: StartingPosition;
  readonly batchSize: number;
  /** A record is handed over if it fits one of them; every record if there is none. */
  readonly filters: readonly EventPattern[];
  /** Queue that is told of records given up. */
  readonly failureQueueArn?: string;
  readonly host: LambdaHost;
  readonly visibility: Visibility;
  readonly sendToQueue: (queueArn: string, body: string) => Promise<void>;
}

/** Lambda polls four times a second too. */
const POLL_MS = 250;
/** Lambda waits up to a minute between attempts; a laptop need not. */
const LONGEST_PAUSE_MS = 1_000;

/**
 * Reads a table's stream for a function, as Lambda does: in order, one batch at a time. Its reads are nobody's call, as
 * they cost nothing on AWS.
 */
export class EventSource {
  readonly #options: EventSourceOptions;
  readonly #stopping = new AbortController();

  constructor(options: EventSourceOptions) {
    this.#options = options;
  }

  /** Resolves when it stands at its starting position: what is written from then on is handed over. */
  async start(): Promise<void> {
    const { stream, position } = this.#options;
    const shardId = await stream.shardId();
    const iterator = await stream.iterator(shardId, position);
    void this.#poll(shardId, iterator).catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) console.error(`nobody reads the stream ${stream.arn} any more: ${error}`);
    });
  }

  /** Reads no more. A batch that the function has is the host's matter. */
  stop(): void {
    this.#stopping.abort();
  }

  async #poll(shardId: string, start: string): Promise<void> {
    const delivery = this.#delivery(shardId);
    let iterator: string | undefined = start;
    while (iterator !== undefined && !this.#stopping.signal.aborted) {
      const { records, next } = await this.#visible(iterator);
      const wanted = records.filter((record) => this.#isWanted(record));
      if (wanted.length > 0) await deliver(wanted, delivery);
      iterator = next;
      if (records.length === 0) await this.#wait(POLL_MS);
    }
  }

  /** The next records but those that a reader of the stream does not see yet. */
  async #visible(iterator: string): ReturnType<TableStream['records']> {
    const { stream, batchSize, visibility } = this.#options;
    const read = await stream.records(iterator, batchSize);
    const hidden = read.records.findIndex(({ dynamodb }) =>
      visibility.hidesFromStream(dynamodb.ApproximateCreationDateTime),
    );
    if (hidden === -1) return read;
    return hidden === 0 ? { records: [], next: iterator } : stream.records(iterator, hidden);
  }

  #isWanted(record: StreamRecord): boolean {
    const { filters } = this.#options;
    return filters.length === 0 || filters.some((fits) => fits(record));
  }

  #delivery(shardId: string): DeliveryOptions {
    const { target, host, stream } = this.#options;
    return {
      ...this.#options,
      invoke: (records) => {
        const Records = records.map((record) => ({ ...record, eventSourceARN: stream.arn }));
        return host.invoke(target.name, JSON.stringify({ Records }), randomUUID());
      },
      giveUp: (records, attempts) => this.#giveUp(shardId, records, attempts),
      pause: async (attempt) => {
        await this.#wait(Math.min(100 * 2 ** attempt, LONGEST_PAUSE_MS));
        return !this.#stopping.signal.aborted;
      },
    };
  }

  /** What Lambda sends to a failure destination of a stream: where the records are, and not what they hold. */
  async #giveUp(shardId: string, records: readonly StreamRecord[], attempts: number): Promise<void> {
    const { failureQueueArn, target, stream, sendToQueue } = this.#options;
    const [first, last] = [records[0], records.at(-1)];
    if (failureQueueArn === undefined || first === undefined || last === undefined) return;
    const message = {
      requestContext: {
        requestId: randomUUID(),
        functionArn: target.arn,
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: attempts,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      version: '1.0',
      timestamp: new Date().toISOString(),
      DDBStreamBatchInfo: {
        shardId,
        startSequenceNumber: first.dynamodb.SequenceNumber,
        endSequenceNumber: last.dynamodb.SequenceNumber,
        approximateArrivalOfFirstRecord: arrivalOf(first),
        approximateArrivalOfLastRecord: arrivalOf(last),
        batchSize: records.length,
        streamArn: stream.arn,
      },
    };
    await sendToQueue(failureQueueArn, JSON.stringify(message));
  }

  async #wait(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stopping.signal }).catch(() => {});
  }
}

function arrivalOf({ dynamodb }: StreamRecord): string {
  return new Date(dynamodb.ApproximateCreationDateTime * 1000).toISOString();
}
