import type * as z from 'zod/mini';
import type { JsonObject } from '../lib/core/json.ts';
import { CliError } from './errors.ts';
import { ExitCode } from './exit-codes.ts';

/** Reads what is needed of an answer. One of another form is from another version of the API, or from something else. */
export function readAnswer<S extends z.ZodMiniType>(schema: S, answer: JsonObject): z.output<S> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw unreliable(`${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'is not as expected'}`);
}

export function unreliable(what: string): CliError {
  return new CliError(`the API's answer cannot be relied on: ${what}`, ExitCode.REFUSED, {
    hint: 'is the address the one of a Countersign API of this version?',
  });
}
