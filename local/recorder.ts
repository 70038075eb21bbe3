import type { AwsCall, AwsResources } from './aws-call.ts';
import { type Conditions, conditionsOf } from './conditions.ts';
import type { Identity, IdentityKind } from './identities.ts';
import { headerValues, type WireRequest } from './sigv4.ts';

/** One AWS call that passed the front door. */
export interface CallRecord {
  /** Counts from 1 since the stack started. */
  readonly sequence: number;
  /** {@link Identity.name} of the caller. */
  readonly identity: string;
  readonly roleArn: string;
  readonly kind: IdentityKind;
  /** Request id of the Lambda invocation that made the call. */
  readonly invocation?: string;
  readonly service: string;
  readonly operation: string;
  readonly resources: AwsResources;
  /** For DynamoDB transactions: the kind of each action (`Put`, `ConditionCheck`, …) with its table and partition. */
  readonly actions?: readonly { readonly action: string; readonly table: string; readonly partition?: string }[];
  /** For DynamoDB reads: whether what it answers is the latest. */
  readonly consistent?: boolean;
  readonly conditions: Conditions;
  /** Request headers that policies have conditions on, lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
  /** When it was answered, in milliseconds since the epoch. */
  readonly at: number;
  readonly ms: number;
}

/** Headers that S3 condition keys speak of, or that prove the writer's duty. Values of none is a secret. */
const RECORDED_HEADERS = [
  'if-none-match',
  'if-match',
  'content-length',
  'x-amz-checksum-sha256',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-content-sha256',
  'x-amz-object-lock-mode',
  'x-amz-object-lock-retain-until-date',
  'x-amz-object-lock-legal-hold',
  'x-amz-bypass-governance-retention',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-copy-source',
  'x-amz-copy-source-if-match',
] as const;

/** Enough for the longest load run; beyond it the oldest records go, the counters stay right. */
const KEPT_RECORDS = 50_000;

/**
 * What was called, by whom, with what outcome: for cost figures and for replaying through the IAM simulator. Bodies are not
 * kept: they hold task tokens, links and personal data.
 */
export class Recorder {
  #records: CallRecord[] = [];
  #counters = new Map<string, number>();
  #sequence = 0;

  record(
    caller: { readonly identity: Identity; readonly invocation: string | undefined },
    call: AwsCall,
    request: WireRequest,
    outcome: { readonly status: number; readonly ms: number },
  ): void {
    this.#sequence += 1;
    const name = `${call.service}:${call.operation}`;
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + 1);
    const actions = transactionActions(call);
    this.#records.push({
      sequence: this.#sequence,
      identity: caller.identity.name,
      roleArn: caller.identity.role.arn,
      kind: caller.identity.kind,
      ...(caller.invocation === undefined ? {} : { invocation: caller.invocation }),
      service: call.service,
      operation: call.operation,
      resources: call.resources,
      ...(actions.length === 0 ? {} : { actions }),
      ...(DYNAMODB_READS.has(call.operation) ? { consistent: isConsistent(call) } : {}),
      conditions: conditionsOf(call),
      headers: recordedHeaders(request),
      at: Date.now(),
      ...outcome,
    });
    if (this.#records.length > KEPT_RECORDS * 1.1) this.#records = this.#records.slice(-KEPT_RECORDS);
  }

  /** The records since the last reset, oldest first. */
  get records(): readonly CallRecord[] {
    return this.#records;
  }

  /** Calls by `service:Operation` since the last reset. */
  get counters(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counters].sort());
  }

  reset(): void {
    this.#records = [];
    this.#counters = new Map();
  }
}

function recordedHeaders(request: WireRequest): Readonly<Record<string, string>> {
  const recorded: Record<string, string> = {};
  const query = new URLSearchParams(request.query);
  for (const name of RECORDED_HEADERS) {
    // A presigned URL may carry an x-amz- header as a query parameter instead.
    const value = headerValues(request, name)[0] ?? (name.startsWith('x-amz-') ? query.get(name) : null);
    if (value !== null && value !== undefined) recorded[name] = value;
  }
  return recorded;
}

const DYNAMODB_READS: ReadonlySet<string> = new Set(['BatchGetItem', 'GetItem', 'Query', 'Scan']);

function isConsistent({ operation, input }: AwsCall): boolean {
  if (operation !== 'BatchGetItem') return input?.ConsistentRead === true;
  return Object.values(Object(input?.RequestItems)).every((table) => Object(table).ConsistentRead === true);
}

/** Value of the partition key that an action of a transaction names. */
function partitionOf(detail: object): { readonly partition?: string } {
  const { Item, Key } = Object(detail);
  const partition: unknown = Object(Object(Item ?? Key).pk).S;
  return typeof partition === 'string' ? { partition } : {};
}

function transactionActions(call: AwsCall): NonNullable<CallRecord['actions']> {
  const items = call.input?.TransactItems;
  if (!Array.isArray(items)) return [];
  return items.flatMap((item: unknown) =>
    Object.entries(typeof item === 'object' && item !== null ? item : {}).flatMap(
      ([action, detail]: [string, unknown]) =>
        typeof detail === 'object' && detail !== null && 'TableName' in detail
          ? [{ action, table: String(detail.TableName), ...partitionOf(detail) }]
          : [],
    ),
  );
}
