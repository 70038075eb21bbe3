import type { IndexEntry } from '../core/evidence.ts';
import { countShadow, differenceOf, type ShadowCounts, type ShadowedGate } from '../core/gate/shadow.ts';
import { lookup } from '../core/layout.ts';
import type { Ledger } from './ports.ts';

/** Gates that one answer tells of; what is left is told by the next. */
const SHADOW_PAGE = 2000;

/** What they may take; a page of the table is added to that, and a function answers with 6 MB at most. */
const SHADOW_BYTES = 2 * 1024 * 1024;

export interface ShadowReport {
  readonly counts: ShadowCounts;
  /** Gates that would have answered otherwise, or that the shadow broke at. */
  readonly differences: readonly ShadowedGate[];
  readonly next: string | undefined;
}

/**
 * What a policy would have decided while it was a shadow, oldest first.
 *
 * @param after - a place in the index that an answer named, or a time
 */
export async function shadowReport(
  ledger: Pick<Ledger, 'list'>,
  sha256: string,
  after: string | undefined,
): Promise<ShadowReport> {
  const items: IndexEntry[] = [];
  let next = after;
  let bytes = 0;
  do {
    const page = await ledger.list(lookup.shadow(sha256), { limit: SHADOW_PAGE - items.length, after: next });
    items.push(...page.items);
    bytes += Buffer.byteLength(JSON.stringify(page.items));
    next = page.next;
  } while (next !== undefined && items.length < SHADOW_PAGE && bytes < SHADOW_BYTES);
  return {
    counts: countShadow(items.flatMap(({ shadow }) => shadow ?? [])),
    differences: items.flatMap(shadowedGate),
    next,
  };
}

function shadowedGate({ shadow, evidence, environment, received_at }: IndexEntry): ShadowedGate[] {
  if (!shadow) return [];
  const difference = differenceOf(shadow);
  if (difference === undefined) return [];
  return [{ ...shadow, difference, decision: evidence, environment: environment ?? null, decided_at: received_at }];
}
