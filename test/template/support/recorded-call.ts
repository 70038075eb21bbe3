import type { CallRecord } from '../../../local/recorder.ts';
import type { Request } from './simulate.ts';

/** One AWS call as the local front door records it, as far as IAM cares. */
export type RecordedCall = Pick<
  CallRecord,
  'service' | 'operation' | 'resources' | 'actions' | 'headers' | 'conditions'
>;

/** Where the calls were made. */
export interface Place {
  readonly account: string;
  readonly region: string;
  /** @default - none: nothing that is tagged as a stage's is changed */
  readonly stage?: string;
  /** Key that encrypts the buckets and tables. */
  readonly dataKeyArn: string;
  /** ARN of the state machine whose tasks wait for a token: no record holds a token, which would tell. */
  readonly waits?: string;
  /** Addresses and domains that mails are sent from. */
  readonly mailIdentities?: readonly string[];
  /** When the call was made: S3 compares a lock with its own clock. */
  readonly now: Date;
}

/** What IAM is asked for one permission. */
export type Question = Omit<Request, 'principal'>;

/** The condition keys of a call as the simulator takes them, those that it must have among them. */
export function conditionsOf(call: RecordedCall, ...needed: readonly string[]): NonNullable<Question['context']> {
  for (const name of needed) known(call.conditions[name], call);
  return Object.fromEntries(
    Object.entries(call.conditions).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  );
}

/** @throws Error where the record lacks what IAM would be asked about. */
export function known<T>(value: T | undefined, call: RecordedCall): T {
  if (value === undefined) throw new Error(`the record of ${call.service}:${call.operation} is not complete`);
  return value;
}
