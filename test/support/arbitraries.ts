import fc from 'fast-check';
import { ENVIRONMENTS, STAGES } from '../../lib/contracts/predicates.ts';
import type { Json, JsonObject } from '../../lib/core/json.ts';
import { aManifest, digestOf } from './manifests.ts';

/** A text with a few characters changed, inserted or removed. */
export function mutatedText(text: string): fc.Arbitrary<string> {
  const edit = fc.tuple(
    fc.nat(text.length),
    fc.nat(2),
    fc.oneof(fc.constantFrom('"', '{', '}', '[', ',', ':', '\\', '0', '-', 'e', '='), fc.string({ maxLength: 2 })),
  );
  return fc
    .array(edit, { maxLength: 3 })
    .map((edits) =>
      edits.reduce(
        (changed, [at, removed, inserted]) => changed.slice(0, at) + inserted + changed.slice(at + removed),
        text,
      ),
    );
}

/** Bytes with a few of them changed, inserted or removed. */
export function mutatedBytes(bytes: Uint8Array): fc.Arbitrary<Buffer> {
  const edit = fc.tuple(fc.nat(bytes.length), fc.nat(2), fc.uint8Array({ maxLength: 2 }));
  return fc
    .array(edit, { minLength: 1, maxLength: 3 })
    .map((edits) =>
      edits.reduce<Buffer>(
        (changed, [at, removed, inserted]) =>
          Buffer.concat([changed.subarray(0, at), inserted, changed.subarray(at + removed)]),
        Buffer.from(bytes),
      ),
    );
}

/** A JSON document in which the value at one place is any other, or is gone. */
export function mutatedJson(document: Json): fc.Arbitrary<unknown> {
  const places = pathsOf(document);
  return fc.tuple(fc.constantFrom(...places), fc.option(fc.jsonValue({ maxDepth: 2 }))).map(([path, value]) => {
    if (path.length === 0) return value;
    const copy: unknown = structuredClone(document);
    const parent = path.slice(0, -1).reduce<object>((at, token) => Object(Reflect.get(at, token)), Object(copy));
    const last = path.at(-1) ?? '';
    if (value === null) Reflect.deleteProperty(parent, last);
    else Reflect.set(parent, last, value);
    return copy;
  });
}

function pathsOf(value: Json): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [[]];
  const fields: [string | number, Json][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [[], ...fields.flatMap(([key, field]) => pathsOf(field).map((path) => [key, ...path]))];
}

const thing = fc.nat(8).map((number) => ({ id: `thing ${number}`, sha256: digestOf(`thing ${number}`) }));

/** Manifests that every rule of the schema allows. */
export const manifests: fc.Arbitrary<JsonObject> = fc
  .record({
    run_id: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._:@+=~-]{0,20}$/),
    stage: fc.constantFrom(...STAGES),
    model: thing,
    dataset: thing,
    environment: fc.constantFrom(...ENVIRONMENTS),
    metrics: fc.dictionary(
      fc.stringMatching(/^[a-z]{1,8}$/),
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
    ),
    note: fc.string({ unit: 'grapheme' }).filter((text) => text.isWellFormed()),
  })
  .map(({ note, metrics, ...fields }) => aManifest({ ...fields, metrics: { ...metrics }, parameters: { note } }));
