import { z } from 'zod/mini';
import { LOOPBACK } from '../ports.ts';

/** A record as the service writes it, which is how Lambda hands it on. */
export const streamRecordSchema = z.looseObject({
  eventName: z.enum(['INSERT', 'MODIFY', 'REMOVE']),
  dynamodb: z.looseObject({ SequenceNumber: z.string(), ApproximateCreationDateTime: z.number() }),
});
export type StreamRecord = z.infer<typeof streamRecordSchema>;

const descriptionSchema = z.object({
  StreamDescription: z.object({ Shards: z.array(z.object({ ShardId: z.string() })) }),
});
const iteratorSchema = z.object({ ShardIterator: z.string() });
const recordsSchema = z.object({ Records: z.array(streamRecordSchema), NextShardIterator: z.optional(z.string()) });

export type StartingPosition = 'LATEST' | 'TRIM_HORIZON';

/**
 * A table's stream in the emulator, which has one shard. Read by the wire, because Lambda hands records on as they
 * stand there, and not as an SDK client decodes them.
 */
export class TableStream {
  readonly arn: string;
  readonly #url: string;

  constructor(arn: string, emulatorPort: number) {
    this.arn = arn;
    this.#url = `http://${LOOPBACK}:${emulatorPort}/`;
  }

  async shardId(): Promise<string> {
    const { StreamDescription } = descriptionSchema.parse(await this.#ask('DescribeStream', { StreamArn: this.arn }));
    const [shard] = StreamDescription.Shards;
    if (shard === undefined) throw new Error(`the stream ${this.arn} has no shard`);
    return shard.ShardId;
  }

  /** Where to read from. */
  async iterator(shardId: string, position: StartingPosition): Promise<string> {
    const input = { StreamArn: this.arn, ShardId: shardId, ShardIteratorType: position };
    return iteratorSchema.parse(await this.#ask('GetShardIterator', input)).ShardIterator;
  }

  /** At most `limit` records, oldest first, and where the ones after them are; `undefined` at the end of a closed shard. */
  async records(
    iterator: string,
    limit: number,
  ): Promise<{ readonly records: readonly StreamRecord[]; readonly next: string | undefined }> {
    const answer = recordsSchema.parse(await this.#ask('GetRecords', { ShardIterator: iterator, Limit: limit }));
    return { records: answer.Records, next: answer.NextShardIterator };
  }

  async #ask(operation: string, input: object): Promise<unknown> {
    const answer = await fetch(this.#url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDBStreams_20120810.${operation}`,
      },
      body: JSON.stringify(input),
    });
    if (!answer.ok)
      throw new Error(`${operation} of ${this.arn} was answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  }
}
