/** One thing that was looked at. `not-checked` says what would be needed. */
export interface Check {
  readonly name: string;
  readonly result: 'pass' | 'fail' | 'not-checked';
  readonly detail: string;
}

/**
 * `verified`: a signature was verified with a key that the caller trusts, and nothing failed. `failed`: something is wrong.
 * `unverified`: nothing is wrong so far, and nothing proves it either; never taken for verified.
 */
export type Verdict = 'verified' | 'failed' | 'unverified';

export type FileKind = 'attestation' | 'manifest' | 'receipt' | 'event' | 'decision' | 'artifact';

export interface VerificationReport {
  readonly verdict: Verdict;
  readonly kind: FileKind;
  /** Digest of the bytes: the identity of the evidence. */
  readonly sha256: string;
  readonly predicate_type?: string;
  /** What the statement is about. */
  readonly subjects: readonly string[];
  readonly checks: readonly Check[];
  /** What no offline check can tell. */
  readonly not_covered: readonly string[];
}

export const pass = (name: string, detail: string): Check => ({ name, result: 'pass', detail });
export const fail = (name: string, detail: string): Check => ({ name, result: 'fail', detail });
export const notChecked = (name: string, detail: string): Check => ({ name, result: 'not-checked', detail });

/** @param isProven - whether one of the passed checks is a signature over these bytes */
export function verdictOf(checks: readonly Check[], isProven: boolean): Verdict {
  if (checks.some(({ result }) => result === 'fail')) return 'failed';
  return isProven ? 'verified' : 'unverified';
}

const MARKS = { pass: 'ok  ', fail: 'FAIL', 'not-checked': '--  ' } as const;

/** A check for a reader. */
export function checkLine({ name, result, detail }: Check): string {
  return `  ${MARKS[result]}  ${name}: ${detail}`;
}
