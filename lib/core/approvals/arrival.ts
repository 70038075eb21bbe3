import { BEARING_ON_ALL } from '../../contracts/predicates.ts';
import { parseBundle } from '../bundle.ts';
import { DomainError } from '../errors.ts';
import type { EvidenceRecord } from '../evidence.ts';
import { parseStrictJson } from '../json.ts';

const OF_ANYTHING: ReadonlySet<string> = new Set(BEARING_ON_ALL);

const DIGEST = /\b[0-9a-f]{64}\b/g;

/** Which digests a piece of evidence speaks of; null when it may bear on anything. */
export function aboutOf({
  predicate_type,
  inline,
}: Pick<EvidenceRecord, 'predicate_type' | 'inline'>): ReadonlySet<string> | null {
  // What is too large to lie in the table, such as a long bill of materials, is taken for what may bear on anything.
  if (OF_ANYTHING.has(predicate_type ?? '') || inline === undefined) return null;
  try {
    const { payload } = parseBundle(parseStrictJson(Buffer.from(inline)));
    return new Set(payload.toString('utf8').match(DIGEST) ?? []);
  } catch (error) {
    if (error instanceof DomainError) return null;
    throw error;
  }
}
