import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Predicate } from '../../lib/contracts/predicates.ts';
import { validatePredicate } from '../../lib/core/predicates/index.ts';
import { sampleBom } from '../unit/predicates/cyclonedx-sample.ts';

/** Every place in a document at which a value lies, as the keys that lead there. */
function places(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [[]];
  return [[], ...Object.entries(value).flatMap(([key, inner]) => places(inner).map((path) => [key, ...path]))];
}

const SUBSTITUTES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  '',
  'file',
  '2026-11-21',
  'MIT',
  [],
  {},
  [{}],
  { type: 'file' },
];

const change = fc.record({
  path: fc.constantFrom(...places(sampleBom).filter((path) => path.length > 0)),
  kind: fc.constantFrom('replace', 'remove', 'add', 'repeat'),
  value: fc.constantFrom(...SUBSTITUTES),
});

function changed(document: object, { path, kind, value }: { path: string[]; kind: string; value: unknown }): unknown {
  const copy: unknown = structuredClone(document);
  const last = path.at(-1) ?? '';
  const holder = path.slice(0, -1).reduce<unknown>((at, key) => Reflect.get(Object(at), key), copy);
  if (typeof holder !== 'object' || holder === null) return copy;
  if (kind === 'replace') Reflect.set(holder, last, value);
  else if (kind === 'add') Reflect.set(holder, 'unexpected', value);
  else if (Array.isArray(holder))
    holder.splice(Number(last), kind === 'remove' ? 1 : 0, ...(kind === 'remove' ? [] : [holder[0]]));
  else if (kind === 'remove') Reflect.deleteProperty(holder, last);
  return copy;
}

it("the generated CycloneDX validator agrees with the one of the schema's publisher on every changed document", async () => {
  const official = new Validation.JsonStrictValidator(Spec.Version.v1dot7);
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 2 }), async (changes) => {
      const document = changes.reduce<unknown>((at, one) => changed(Object(at), one), sampleBom);
      // The two rules that we add to the schema: the version itself, and a SHA-256 of the length of a SHA-256.
      fc.pre(Reflect.get(Object(document), 'specVersion') === '1.7');
      const verdict = await validatePredicate(Predicate.cyclonedx, document, []).then(
        () => true,
        (error: { code: string }) => error.code === 'DIGEST_INVALID',
      );
      expect(verdict).toBe((await official.validate(JSON.stringify(document))) === null);
    }),
    { numRuns: 1_000 },
  );
});
