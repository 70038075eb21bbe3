import fc from 'fast-check';
import { ENVIRONMENTS, STAGES } from '../../../lib/contracts/predicates.ts';
import type { Json, JsonObject } from '../../../lib/core/json.ts';

const sha256 = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 });
const id = fc.string({ minLength: 1, maxLength: 40 });
const timestamp = fc
  .date({ min: new Date('1990-01-01T00:00:00Z'), max: new Date('2090-01-01T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const named = fc.record({ id, sha256 });
const resource = fc.record(
  { name: id, sha256, uri: fc.webUrl(), media_type: fc.constant('text/csv') },
  { requiredKeys: ['name', 'sha256'] },
);

/** Manifests that fit the schema, in every combination of optional fields. */
export const manifests = fc
  .record(
    {
      run_id: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._:@+=~-]{0,127}$/),
      stage: fc.constantFrom(...STAGES),
      principal: id,
      timestamp,
      dataset: named,
      datasets: fc.array(named, { minLength: 1, maxLength: 3 }),
      model: named,
      image_digest: sha256.map((hex) => `sha256:${hex}`),
      commit_sha: fc.stringMatching(/^[0-9a-f]{7,64}$/),
      approvals: fc.array(fc.record({ role: id, ts: timestamp, approver: fc.jsonValue() })),
      model_card: fc.record({ sha256 }),
      parameters: fc.dictionary(id, fc.jsonValue()),
      metrics: fc.dictionary(
        id,
        fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.string(), fc.boolean()),
      ),
      inputs: fc.array(resource, { maxLength: 3 }),
      outputs: fc.array(resource, { maxLength: 3 }),
      environment: fc.constantFrom(...ENVIRONMENTS),
      job: fc.record({
        command: fc.array(fc.string(), { minLength: 1, maxLength: 4 }),
        exit_code: fc.integer(),
        started_at: timestamp,
        finished_at: timestamp,
      }),
    },
    { requiredKeys: ['run_id', 'stage', 'principal', 'timestamp'] },
  )
  .map((manifest): JsonObject => JSON.parse(JSON.stringify(manifest)));

/** Values of the wrong type, and values that are nearly right. */
const ODD: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1.5,
  '',
  ' ',
  [],
  {},
  [null],
  { id: 'x' },
  'x'.repeat(300),
  'A'.repeat(64),
  'a'.repeat(63),
  'a'.repeat(65),
  'g'.repeat(64),
  `sha256:${'a'.repeat(63)}`,
  '2026-02-30T00:00:00Z',
  '2026-01-01',
  '2026-01-01 00:00:00Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01T00:00:00',
  '2026-01-01T00:00:00+02:00',
  '.run',
  'run/1',
  'training',
  'Training',
  'staging',
];

/** A document with one value changed, left out, or joined by a field that nobody knows. */
export function changed(document: fc.Arbitrary<JsonObject>): fc.Arbitrary<JsonObject> {
  return fc
    .tuple(document, fc.nat(), fc.constantFrom('replace', 'remove', 'add'), fc.constantFrom(...ODD))
    .map(([original, pick, how, odd]) => {
      const copy = structuredClone(original);
      const places = [...placesIn(copy)];
      const place = places[pick % places.length];
      if (!place) throw new Error('an empty document cannot be changed');
      if (how === 'add') Reflect.set(place.parent, 'unknown_field', odd);
      else if (how === 'remove' && !Array.isArray(place.parent)) Reflect.deleteProperty(place.parent, place.key);
      else Reflect.set(place.parent, place.key, odd);
      return copy;
    });
}

/** Every field and element of a document, however deep. */
function* placesIn(parent: object): Generator<{ readonly parent: object; readonly key: string }> {
  for (const [key, value] of Object.entries(parent)) {
    yield { parent, key };
    if (typeof value === 'object' && value !== null) yield* placesIn(value);
  }
}
