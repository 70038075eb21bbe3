import type { EvidenceRecord } from '../evidence.ts';
import { objectKey } from '../layout.ts';
import { DAY_MS } from '../time.ts';
import type { DecidedFacts } from './facts.ts';

/** A stored version that is kept for as long as the release that rests on it. */
export interface Kept {
  readonly key: string;
  readonly versionId: string;
  /** Until when it is locked already, as its record says; undefined where nothing says so. */
  readonly until: string | undefined;
}

/**
 * What is locked to within this share of the retention is left as it is: evidence that was received for the same environment
 * days or weeks before its release would else be locked anew one by one, for days or weeks in as many years.
 */
const TOLERANCE = 1 / 20;

/** From when on a lock is long enough for a release that is kept for so many days from an instant. */
export function longEnough(from: Date, days: number): string {
  return new Date(from.getTime() + days * DAY_MS * (1 - TOLERANCE)).toISOString();
}

/** The object of a piece of evidence, and its receipt's. */
export function keptOf(record: EvidenceRecord): readonly Kept[] {
  const { sha256, kind, object_key: key, version_id: versionId, receipt_version_id, retain_until: until } = record;
  const receipt = receipt_version_id && { key: objectKey.receipt(sha256, kind), versionId: receipt_version_id, until };
  return [{ key, versionId, until }, ...(receipt ? [receipt] : [])];
}

/** Digests that the facts of a gate speak of: bytes of any of them may lie in the bucket. */
export function digestsIn({ attestations, lineage }: DecidedFacts): ReadonlySet<string> {
  const spoken = attestations.flatMap(({ subjects, inputs, outputs }) => [...subjects, ...inputs, ...outputs]);
  return new Set([...lineage.nodes, ...spoken]);
}
