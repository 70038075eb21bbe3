import { Predicate } from '../../contracts/predicates.ts';
import type { IndexEntry } from '../../core/evidence.ts';
import type { Judged } from '../../core/gate/attestation.ts';

/** Earlier scans whose place the newest one takes, if its bytes bear the index out. */
export interface Superseded {
  /** What was scanned. */
  readonly digest: string;
  readonly newest: IndexEntry;
  readonly earlier: readonly IndexEntry[];
}

/**
 * Leaves out earlier scans of one digest by the same signer with the same scanner, who may scan every hour: the rule about
 * vulnerabilities asks the newest of these only, and nothing else asks scans.
 *
 * @param entries - of the digest's look-up, oldest first
 */
export function withoutEarlierScans(
  digest: string,
  entries: readonly IndexEntry[],
): { readonly entries: readonly IndexEntry[]; readonly superseded: readonly Superseded[] } {
  const sources = Map.groupBy(entries.filter(isScan), ({ principal, scanner }) => JSON.stringify([principal, scanner]));
  const superseded = [...sources.values()].flatMap((scans): Superseded[] => {
    const newest = scans.at(-1);
    return newest && scans.length > 1 ? [{ digest, newest, earlier: scans.slice(0, -1) }] : [];
  });
  const left = new Set(superseded.flatMap(({ earlier }) => earlier));
  return { entries: entries.filter((entry) => !left.has(entry)), superseded };
}

function isScan({ predicate_type, scanner, flags }: IndexEntry): boolean {
  return predicate_type === Predicate.vulns && scanner !== undefined && !flags.includes('unsigned');
}

/** A newest scan that does not verify, or is another one than the index says, takes nobody's place. */
export function isBorneOut({ digest, newest }: Superseded, judged: ReadonlyMap<string, Judged>): boolean {
  const { attestation, content } = judged.get(newest.evidence) ?? {};
  return (
    content?.predicateType === Predicate.vulns &&
    content.scanner === newest.scanner &&
    content.subjects.some((subject) => subject.digest.sha256 === digest) &&
    attestation?.principal === newest.principal
  );
}
