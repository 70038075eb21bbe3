/**
 * Something the person at the keyboard can mend: it is printed as its message and `fix`, never as a stack trace.
 */
export class SetupError extends Error {
  override readonly name = 'SetupError';
  /** What to do, as an imperative sentence. */
  readonly fix: string;

  constructor(message: string, fix: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.fix = fix;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
