import { DomainError } from '../core/errors.ts';
import type { Log } from './ports.ts';

/**
 * Of many that have nothing to do with each other, what comes of one: where it is broken, the log says so by a line that the alarm
 * on integrity failures counts, and the others go on.
 *
 * @param about - what the line names
 * @returns undefined for what is broken
 * @throws what is worth a retry, and what is a defect
 */
export async function unlessBroken<T>(
  log: Log,
  about: Readonly<Record<string, string>>,
  working: Promise<T>,
): Promise<T | undefined> {
  try {
    return await working;
  } catch (error) {
    if (!(error instanceof DomainError) || error.retryAfterMs !== undefined) throw error;
    log.warn(error.code, { ...about, detail: error.message });
    return undefined;
  }
}
