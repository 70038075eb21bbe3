import { DomainError } from '../core/errors.ts';

/** Names under which AWS says "not now": throttling, overload and time-outs, after the SDK's own retries. */
const TRANSIENT = new Set([
  'ConditionalRequestConflict',
  'OperationAborted',
  'InternalError',
  'InternalFailure',
  'InternalServerError',
  'KMSInternalException',
  'KeyUnavailableException',
  'DependencyTimeoutException',
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestTimeout',
  'ServiceUnavailable',
  'SlowDown',
  'ThrottlingException',
  'Throttling',
  'TimeoutError',
  'TooManyRequestsException',
  'TransactionConflictException',
  'TransactionInProgressException',
]);

/** Codes under which Node says that a connection was not made or broke. Other errors of Node carry a code too. */
const NETWORK = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/** What a retry by the caller is worth waiting for. */
const RETRY_AFTER_MS = 1000;

interface ServiceFailure {
  readonly name: string;
  /** Of an error of Node. */
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

function isServiceFailure(error: unknown): error is Error & ServiceFailure {
  return error instanceof Error;
}

/** HTTP status of an SDK exception; undefined for what is not one. */
export function statusOf(error: unknown): number | undefined {
  return isServiceFailure(error) ? error.$metadata?.httpStatusCode : undefined;
}

/**
 * Translates what an SDK call threw: "not now" becomes DEPENDENCY_UNAVAILABLE, anything else is a defect or a missing
 * permission and goes on unchanged, to be logged and masked.
 */
export function unavailable(service: string, error: unknown): never {
  if (error instanceof DomainError) throw error;
  if (isServiceFailure(error) && isTransient(error)) {
    throw new DomainError(
      'DEPENDENCY_UNAVAILABLE',
      `${service} is unavailable; nothing was lost, the same request may be sent again`,
      {
        cause: error,
        retryAfterMs: RETRY_AFTER_MS,
      },
    );
  }
  throw error;
}

function isTransient({ name, code, $metadata }: ServiceFailure): boolean {
  return TRANSIENT.has(name) || NETWORK.has(code ?? '') || ($metadata?.httpStatusCode ?? 0) >= 500;
}
