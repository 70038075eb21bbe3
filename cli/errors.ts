import { DomainError } from '../lib/core/errors.ts';
import { ExitCode, type ExitCodeValue } from './exit-codes.ts';

/** Problem document (RFC 9457) as the API answers it. */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
  readonly pointer?: string;
  readonly hint?: string;
  /** Names the request in the service's log. */
  readonly instance?: string;
}

/** A failure that is told to the user: what, why, where, and what to do. Never a stack. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  readonly exitCode: number;
  readonly hint: string | undefined;

  constructor(message: string, exitCode: number, details: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.exitCode = exitCode;
    this.hint = details.hint;
  }
}

/** The command line, the environment or a file cannot be used. */
export class UsageError extends CliError {
  override readonly name = 'UsageError';

  constructor(message: string, hint?: string, cause?: unknown) {
    super(message, ExitCode.USAGE, { ...(hint === undefined ? {} : { hint }), cause });
  }
}

/** The same refusal of a file that the user named: it is their input that cannot be used, not their evidence that is refused. */
export function unusableFile(path: string, cause: unknown): never {
  if (!(cause instanceof DomainError)) throw cause;
  throw new UsageError(`${path} cannot be used: ${cause.message}`, cause.hint, cause);
}

/** The API answered with a problem document. */
export class ApiProblem extends CliError {
  override readonly name = 'ApiProblem';
  readonly problem: Problem;

  constructor(problem: Problem, exitCode: ExitCodeValue) {
    super(problem.detail ?? problem.title, exitCode, problem.hint === undefined ? {} : { hint: problem.hint });
    this.problem = problem;
  }
}

/** No usable answer through all retries. */
export class UnavailableError extends CliError {
  override readonly name = 'UnavailableError';

  constructor(message: string, cause?: unknown) {
    super(message, ExitCode.UNAVAILABLE, { hint: 'nothing was lost; run the same command again', cause });
  }
}

/** A failure of `run`: as the one that caused it, under an exit code that is not the job's. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure';
  readonly exitCode: number;

  constructor(cause: unknown, exitCode: number) {
    super('run failed', { cause });
    this.exitCode = exitCode;
  }
}

/** What a user reads of a failure, and what `--json` prints of it. */
export interface Failure {
  readonly title: string;
  readonly detail?: string;
  readonly code?: string;
  readonly pointer?: string;
  readonly hint?: string;
  readonly request?: string;
  readonly exit_code: number;
}

/** @returns undefined for a defect of ours, which is no message for a user */
export function describeFailure(error: unknown): Failure | undefined {
  if (error instanceof RunFailure) {
    const failure = describeFailure(error.cause);
    return failure && { ...failure, exit_code: error.exitCode };
  }
  if (error instanceof ApiProblem) {
    const { title, detail, code, pointer, hint, instance: request } = error.problem;
    return { title, ...given({ detail, code, pointer, hint, request }), exit_code: error.exitCode };
  }
  if (error instanceof CliError) {
    return { title: error.message, ...given({ hint: error.hint }), exit_code: error.exitCode };
  }
  // The same checks as the API's, made here before anything is sent.
  if (error instanceof DomainError) {
    const { message: title, code, pointer, hint } = error;
    return { title, code, ...given({ pointer, hint }), exit_code: ExitCode.REFUSED };
  }
  return undefined;
}

/** The fields that have a value. */
function given(fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined),
  );
}

/** Message of a system error such as ENOENT, without Node's own words around it. */
export function systemMessage(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return 'no such file or directory';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a directory';
    case 'EEXIST':
      return 'it exists already';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
