import type { CallRecord } from '../../local/control.ts';
import type { Usage } from '../money.ts';
import type { Taken } from './run.ts';

/** Memory of the largest of the functions: what the others have is taken for as much. */
const GIGABYTES = 1.769;

/**
 * Units of DynamoDB that a call is taken for, which the front door does not see: items have a few KB, and a transaction has up to ten,
 * each billed twice.
 */
const ASSUMED_UNITS: Readonly<Record<string, { readonly read: number } | { readonly write: number }>> = {
  GetItem: { read: 2 },
  Query: { read: 8 },
  BatchGetItem: { read: 16 },
  PutItem: { write: 4 },
  UpdateItem: { write: 4 },
  DeleteItem: { write: 4 },
  TransactWriteItems: { write: 50 },
};

/** What is billed for one promotion. Its time is that on this machine. */
export function usageOf({ calls, ran, mails }: Taken, transitions: number): Usage {
  const count = (...operations: readonly string[]): number =>
    calls.filter(({ operation }) => operations.includes(operation)).length;
  const s3Reads = count('GetObject', 'HeadObject');
  const s3Writes = count('PutObject', 'PutObjectRetention');
  return {
    apiGatewayRestCall: new Set(calls.filter(isBehindApi).map(({ invocation }) => invocation)).size,
    lambdaRequest: ran.invocations,
    lambdaArmGbSecond: (ran.milliseconds / 1000) * GIGABYTES,
    stepFunctionsTransition: transitions,
    s3Put: s3Writes,
    s3Get: s3Reads,
    kmsAsymmetricSign: count('Sign'),
    kmsSymmetricCall: count('Encrypt', 'Decrypt'),
    dynamoReadUnit: unitsOf(calls, 'read'),
    dynamoWriteUnit: unitsOf(calls, 'write'),
    cloudTrailDataEvent: s3Reads + s3Writes,
    eventBridgeEvent: count('PutEvents'),
    sesMail: mails,
    logByte: ran.logBytes,
  };
}

function isBehindApi({ identity }: CallRecord): boolean {
  return identity.endsWith('-pages') || identity.endsWith('-promotions');
}

function unitsOf(calls: readonly CallRecord[], kind: 'read' | 'write'): number {
  const units = calls.map(({ service, operation }) => (service === 'dynamodb' ? ASSUMED_UNITS[operation] : undefined));
  return units.reduce((sum, one) => {
    if (one === undefined) return sum;
    if ('read' in one) return kind === 'read' ? sum + one.read : sum;
    return kind === 'write' ? sum + one.write : sum;
  }, 0);
}
