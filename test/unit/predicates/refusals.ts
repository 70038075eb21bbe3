import { expect } from 'vitest';
import { validatePredicate } from '../../../lib/core/predicates/index.ts';

export const DIGEST = '5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8';
export const OTHER_DIGEST = 'ef2d127de37b942baad06145e54b0c619a1f22327b2ebbcfbec78f5564afe39d';
export const COMMIT = '7fd1a60b01f91b314f59955a4e4d4e80d8edf11d';

/** A copy of `document` in which the value at `pointer` is another one, or is gone. */
export function withValue(document: unknown, pointer: string, value: unknown): unknown {
  const copy: unknown = structuredClone(document);
  const path = pointer.split('/').slice(1);
  const last = path.pop() ?? '';
  let at = copy;
  for (const token of path) at = Reflect.get(Object(at), token);
  if (value === undefined) Reflect.deleteProperty(Object(at), last);
  else Reflect.set(Object(at), last, value);
  return copy;
}

/** Sets each pointer to its value, one at a time, and expects a refusal that names it (or `named`). */
export async function expectRefusals(
  predicateType: string,
  valid: unknown,
  refusals: readonly (readonly [pointer: string, value: unknown, named?: string])[],
): Promise<void> {
  for (const [pointer, value, named = pointer] of refusals) {
    const refused = validatePredicate(predicateType, withValue(valid, pointer, value), []);
    await expect(refused, `${pointer} = ${JSON.stringify(value)}`).rejects.toMatchObject({
      code: 'PREDICATE_INVALID',
      pointer: `/predicate${named}`,
    });
  }
}
