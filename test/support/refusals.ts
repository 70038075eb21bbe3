import { expect } from 'vitest';
import type { ProblemCode } from '../../lib/contracts/problems.ts';
import { DomainError } from '../../lib/core/errors.ts';

/** Matches the refusal with this code, and with this pointer where one is given. */
export function refusal(code: ProblemCode, pointer?: string) {
  return expect.objectContaining({ name: 'DomainError', code, ...(pointer === undefined ? {} : { pointer }) });
}

/** The refusal that `act` ends in; undefined when it ends well. Anything but a DomainError is a defect and goes on. */
export async function refusalOf(act: () => unknown): Promise<DomainError | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}
