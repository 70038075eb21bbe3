import { HostingRefusal } from '../../app/promotion/hosting.ts';
import { DomainError } from '../../core/errors.ts';
import { printable, shortened } from '../../core/printable.ts';
import { unavailable } from '../failures.ts';
import { MESSAGE } from './read.ts';

/** Names under which SageMaker says that it does not do this, and did nothing. */
const REFUSALS = new Set(['ConflictException', 'ResourceInUse', 'ResourceLimitExceeded', 'ValidationException']);

/** SageMaker has no exception for what is not there, or is there already, but for its words. */
const says = (error: unknown, words: RegExp): boolean =>
  error instanceof Error && error.name === 'ValidationException' && words.test(error.message);

export const isMissing = (error: unknown): boolean =>
  says(error, /^Could not find (model|endpoint|endpoint configuration) "/);
export const isMoving = (error: unknown): boolean => says(error, /^Cannot update in-progress endpoint/);
export const isExisting = (error: unknown): boolean => says(error, /^Cannot create already existing/);
/** The same of a model package group, which says it in other words. */
export const isThere = (error: unknown): boolean => says(error, /already exist/i);

/** Translates what a call threw that was to change something. */
export function refused(error: unknown): never {
  // What was made a moment ago may not be seen yet ("CreateEndpoint", API reference: eventually consistent reads).
  if (isMissing(error)) {
    throw new DomainError('DEPENDENCY_UNAVAILABLE', 'SageMaker does not see yet what was made', {
      cause: error,
      retryAfterMs: 1000,
    });
  }
  if (error instanceof Error && REFUSALS.has(error.name)) {
    throw new HostingRefusal(shortened(printable(error.message), MESSAGE), { cause: error });
  }
  return unavailable('SageMaker', error);
}
