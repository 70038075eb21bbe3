import type { ProblemCode } from '../contracts/problems.ts';

export interface DomainErrorDetails {
  /** JSON pointer (RFC 6901) of the offending field in what was sent; '' is the whole document. */
  readonly pointer?: string;
  /** What the caller can do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Milliseconds after which the same request is worth sending again. */
  readonly retryAfterMs?: number;
}

/** A refusal with a stable code. `message` says what was wrong and is safe to show to the caller. */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly code: ProblemCode;
  readonly pointer: string | undefined;
  readonly hint: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ProblemCode, message: string, details: DomainErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.pointer = details.pointer;
    this.hint = details.hint;
    this.retryAfterMs = details.retryAfterMs;
  }
}
