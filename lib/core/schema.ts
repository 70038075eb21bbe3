import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';
import type { ProblemCode } from '../contracts/problems.ts';
import { decodeBase64 } from './base64.ts';
import { DIGEST_RULE } from './digest.ts';
import { DomainError } from './errors.ts';
import { type Json, toPointer } from './json.ts';

// zod/mini throughout: zod's own classes cost 15 ms of a cold start here. It leaves the sentences of its refusals to be chosen.
z.config(en());

/**
 * Any JSON value, not looked into: what schemas see comes from the strict parser or was built by us. `z.json()` would walk it
 * again, through a union at every node.
 */
export const JsonValue: z.ZodMiniType<Json> = z.any();

/** Bytes in base64, decoded. */
export const Base64 = z.pipe(
  z.string(),
  z.transform((text, context): Buffer => {
    const bytes = decodeBase64(text);
    if (bytes) return bytes;
    context.issues.push({ code: 'custom', input: text, message: 'must be base64' });
    return z.NEVER;
  }),
);

/**
 * Parses a value with its schema and refuses with the pointer of the first offending field.
 *
 * @param at - JSON pointer of the value inside what was sent
 * @throws DomainError with `code`, or DIGEST_INVALID when the field is a digest of another form
 */
export function parseWith<S extends z.ZodMiniType>(schema: S, value: unknown, code: ProblemCode, at = ''): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = firstIssue(result.error.issues, []);
  const pointer = at + toPointer(issue.path);
  throw new DomainError(
    issue.message === DIGEST_RULE ? 'DIGEST_INVALID' : code,
    `${pointer === '' ? 'the document' : pointer}: ${sentence(issue)}`,
    { pointer },
  );
}

interface Issue {
  readonly code?: string | undefined;
  readonly message: string;
  readonly path: readonly PropertyKey[];
  readonly keys?: readonly string[];
  readonly errors?: readonly (readonly Issue[])[];
}

/** Follows a union into the branch that came furthest, so that the pointer names the field and not the union. */
function firstIssue(issues: readonly Issue[], prefix: readonly PropertyKey[]): Issue {
  const issue = issues[0];
  if (!issue) return { message: 'is not valid', path: prefix };
  const path = [...prefix, ...issue.path];
  const branches = (issue.errors ?? []).map((branch) => firstIssue(branch, path));
  const furthest = branches.toSorted((a, b) => b.path.length - a.path.length)[0];
  return furthest && furthest.path.length > path.length ? furthest : { ...issue, path };
}

function sentence(issue: Issue): string {
  if (issue.code === 'unrecognized_keys') {
    return `unknown field ${(issue.keys ?? []).map((key) => JSON.stringify(key)).join(', ')}`;
  }
  return issue.message.replace(/^Invalid input: /, '');
}
