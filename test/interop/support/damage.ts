import fc from 'fast-check';
import { isJsonObject, type Json } from '../../../lib/core/json.ts';
import { replaced } from '../../unit/policies/edits.ts';

/** Values that nobody expects, and those that a rule may take for another. */
const STRANGE: readonly Json[] = [
  ...[null, true, false, '', [], {}, 'verified', 'FAILED', 'sha256:', '2026-02-21T09:59:59.999Z', '9.8', 'true'],
  ...[0, -1, 0.5, 1e-7, 1e21, Number.MAX_SAFE_INTEGER],
];

interface Change {
  /** Which value, counted through the document. */
  readonly at: number;
  /** Lost, replaced by something strange, or by another value of the document. */
  readonly by: 'loss' | 'strange' | 'other';
  readonly which: number;
}

/** Documents that differ from one in up to eight values, wherever they stand. */
export function damaged(document: Json | object): fc.Arbitrary<Json> {
  const whole: Json = JSON.parse(JSON.stringify(document));
  // Small numbers, which fast-check prefers, would all point to the beginning.
  const any = fc.noBias(fc.nat());
  const change = fc.record({ at: any, by: fc.constantFrom('loss', 'strange', 'other'), which: any });
  return fc
    .noBias(fc.array<Change>(change, { minLength: 1, maxLength: 8 }))
    .map((changes) => changes.reduce(damage, whole));
}

function damage(document: Json, { at, by, which }: Change): Json {
  const all = [...values(document)];
  const path = all[at % all.length]?.path;
  if (!path || path.length === 0) return document;
  if (by === 'loss') return replaced(document, path, undefined);
  return replaced(document, path, by === 'strange' ? STRANGE[which % STRANGE.length] : all[which % all.length]?.value);
}

/** Every value in a document, containers before what they hold. */
function* values(
  value: Json,
  path: readonly string[] = [],
): Generator<{ readonly path: readonly string[]; readonly value: Json }> {
  yield { path, value };
  const children = isJsonObject(value) || Array.isArray(value) ? Object.entries<Json>(value) : [];
  for (const [key, child] of children) yield* values(child, [...path, key]);
}
