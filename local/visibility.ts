import { type AwsCall, asObject, listAt } from './aws-call.ts';

/** A DynamoDB item's key attributes, in the wire form of the service (`{"S": "…"}`). */
type Item = Readonly<Record<string, unknown>>;

/**
 * Plays the eventual consistency that the emulator lacks: what was written less than a set time ago is not seen by
 * queries on an index. (On AWS an updated item would show its older version instead; here it is hidden whole.)
 */
export class Visibility {
  readonly #keysOf: (table: string) => readonly string[] | undefined;
  readonly #now: () => number;
  readonly #writtenAt = new Map<string, number>();
  #indexDelayMs = 0;
  #streamDelayMs = 0;

  /** @param keysOf - names of a table's key attributes. */
  constructor(keysOf: (table: string) => readonly string[] | undefined, now: () => number) {
    this.#keysOf = keysOf;
    this.#now = now;
  }

  /** Sets how long a write stays unseen by index queries. Writes are noted from now on; 0 ends it. */
  delayIndexes(ms: number): void {
    this.#indexDelayMs = ms;
    if (ms === 0) this.#writtenAt.clear();
  }

  /** Sets how long a write stays unseen by readers of the tables' streams; 0 ends it. */
  delayStreams(ms: number): void {
    this.#streamDelayMs = ms;
  }

  /** Whether the answer to this call has to pass through {@link hide}. */
  concerns(call: AwsCall): boolean {
    if (call.service !== 'dynamodb') return false;
    if (call.operation === 'GetRecords') return this.#streamDelayMs > 0;
    return this.#indexDelayMs > 0 && call.resources.index !== undefined && ['Query', 'Scan'].includes(call.operation);
  }

  /** Notes the keys of a write that succeeded. */
  noteWrite(call: AwsCall): void {
    if (this.#indexDelayMs === 0 || call.service !== 'dynamodb' || call.input === undefined) return;
    for (const [table, item] of writesOf(call.operation, call.input)) {
      const id = this.#idOf(table, item);
      if (id !== undefined) this.#writtenAt.set(id, this.#now());
    }
  }

  /**
   * The answer without what the index or the stream has not seen yet.
   *
   * @param askAgain - sends the same call with another input.
   */
  async hide(call: AwsCall, answer: Uint8Array, askAgain: (input: Item) => Promise<Uint8Array>): Promise<Uint8Array> {
    const parsed = asObject(JSON.parse(Buffer.from(answer).toString('utf8')));
    if (call.operation !== 'GetRecords') return this.#hideItems(call, parsed);
    const records = listAt(parsed, 'Records');
    const hidden = records.findIndex((record) =>
      this.hidesFromStream(Number(asObject(asObject(record).dynamodb).ApproximateCreationDateTime)),
    );
    if (hidden === -1) return answer;
    if (hidden === 0) {
      return Buffer.from(JSON.stringify({ Records: [], NextShardIterator: call.input?.ShardIterator }));
    }
    // The iterator must come to stand before the first hidden record, or that one would be lost to the reader.
    return askAgain({ ...call.input, Limit: hidden });
  }

  #hideItems(call: AwsCall, answer: Item): Uint8Array {
    const table = call.resources.tables?.[0] ?? '';
    const visible = listAt(answer, 'Items').filter((item) => this.#isVisible(table, asObject(item)));
    return Buffer.from(JSON.stringify({ ...answer, Items: visible, Count: visible.length }));
  }

  /** @param createdAt - `ApproximateCreationDateTime` of a stream's record, seconds since 1970. */
  hidesFromStream(createdAt: number): boolean {
    // Records carry whole seconds; counted from the end of theirs, none shows before its time.
    return this.#streamDelayMs > 0 && this.#now() - (createdAt + 1) * 1000 < this.#streamDelayMs;
  }

  #isVisible(table: string, item: Item): boolean {
    const id = this.#idOf(table, item);
    const writtenAt = id === undefined ? undefined : this.#writtenAt.get(id);
    return writtenAt === undefined || this.#now() - writtenAt >= this.#indexDelayMs;
  }

  #idOf(table: string, item: Item): string | undefined {
    const keys = this.#keysOf(table);
    return keys === undefined ? undefined : JSON.stringify([table, ...keys.map((name) => item[name])]);
  }
}

/** Table and key-holding item of every write in a request. */
function writesOf(operation: string, input: Item): readonly (readonly [string, Item])[] {
  switch (operation) {
    case 'PutItem':
      return [[String(input.TableName), asObject(input.Item)]];
    case 'UpdateItem':
    case 'DeleteItem':
      return [[String(input.TableName), asObject(input.Key)]];
    case 'TransactWriteItems':
      return listAt(input, 'TransactItems').flatMap((action) =>
        Object.entries(asObject(action))
          .filter(([kind]) => kind !== 'ConditionCheck')
          .map(([, value]): readonly [string, Item] => {
            const detail = asObject(value);
            return [String(detail.TableName), asObject(detail.Item ?? detail.Key)];
          }),
      );
    case 'BatchWriteItem':
      return Object.entries(asObject(input.RequestItems)).flatMap(([table, requests]) =>
        (Array.isArray(requests) ? requests : []).map((request: unknown): readonly [string, Item] => {
          const detail = asObject(request);
          const put = asObject(detail.PutRequest);
          return [table, asObject(put.Item ?? asObject(detail.DeleteRequest).Key)];
        }),
      );
    default:
      return [];
  }
}
