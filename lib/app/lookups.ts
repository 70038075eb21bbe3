import { DomainError } from '../core/errors.ts';
import type { IndexEntry } from '../core/evidence.ts';
import type { Ledger, Page } from './ports.ts';

/** Counts lines of look-ups as they are read, also those that lead nowhere. */
export type LineCounter = (read: number) => void;

/** @returns a counter that throws LINEAGE_TOO_LARGE beyond the bound: what was read by then is only a part */
export function lineCounter(bound: number): LineCounter {
  let lines = 0;
  return (read) => {
    lines += read;
    if (lines > bound) tooLarge(`told in more than ${bound} lines`);
  };
}

/** One look-up to its end. */
export async function wholeLookup(
  ledger: Pick<Ledger, 'list'>,
  partition: string,
  countLines: LineCounter,
): Promise<IndexEntry[]> {
  const entries: IndexEntry[] = [];
  let after: string | undefined;
  do {
    const page: Page<IndexEntry> = await ledger.list(partition, { limit: 1000, after });
    countLines(page.items.length);
    entries.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return entries;
}

/** @throws DomainError LINEAGE_TOO_LARGE */
export function tooLarge(what: string): never {
  throw new DomainError('LINEAGE_TOO_LARGE', `the lineage is ${what}`, {
    hint: 'attest collections instead of their single files',
  });
}
